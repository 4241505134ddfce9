import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** A real agent that tests drive when it is installed. Not a dependency: `scripts/install-agents.ts` fetches it. */
export interface PinnedAgent {
  /** The profile's name. */
  readonly name: string;
  /** As npm takes them; the versions are what the tests were last run against. */
  readonly packages: readonly string[];
  /** Programs that must be there afterwards. */
  readonly bins: readonly string[];
}

export const PI: PinnedAgent = {
  name: 'pi',
  packages: ['pi-acp@0.0.34', '@earendil-works/pi-coding-agent@0.87.1'],
  bins: ['pi-acp', 'pi'],
};

export const PINNED: readonly PinnedAgent[] = [PI];

type Environment = Readonly<Record<string, string | undefined>>;

/** Where an agent is installed: a directory of its own per set of versions, outside of any repository. */
export function prefixOf(agent: PinnedAgent, env: Environment = process.env): string {
  const xdg = env['XDG_CACHE_HOME'];
  const cache = xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(env['HOME'] ?? homedir(), '.cache');
  const versions = agent.packages.map((name) => name.slice(name.lastIndexOf('@') + 1));
  return path.join(cache, 'conduxt-test-agents', `${agent.name}-${versions.join('-')}`);
}

/** The directory of its programs, as npm's global directory has one. */
export const binOf = (agent: PinnedAgent): string => path.join(prefixOf(agent), 'bin');

/** Why the last attempt to install it failed is kept beside its directory. */
export const failureFile = (prefix: string): string => `${prefix}.failed`;

/** One sentence for `t.skip`, or null when the agent is installed. */
export function notInstalled(agent: PinnedAgent): string | null {
  const prefix = prefixOf(agent);
  if (agent.bins.every((bin) => existsSync(path.join(prefix, 'bin', bin)))) return null;
  const what = agent.packages.join(' and ');
  const failure = failureFile(prefix);
  return existsSync(failure)
    ? `${what} could not be installed: ${readFileSync(failure, 'utf8').trim()}`
    : `${what} not installed; npm run test:agents installs it`;
}
