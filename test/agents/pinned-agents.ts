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
  /** A script of its package that npm would have run, below the prefix: it puts the program for this machine in its place. */
  readonly finish?: string;
}

export const PI: PinnedAgent = {
  name: 'pi',
  packages: ['pi-acp@0.0.34', '@earendil-works/pi-coding-agent@0.87.1'],
  bins: ['pi-acp', 'pi'],
};

export const CODEX: PinnedAgent = {
  name: 'codex',
  packages: ['@agentclientprotocol/codex-acp@2.6.0'],
  bins: ['codex-acp'],
};
export const CLAUDE: PinnedAgent = {
  name: 'claude',
  packages: ['@agentclientprotocol/claude-agent-acp@0.100.0'],
  bins: ['claude-agent-acp'],
};
export const OPENCODE: PinnedAgent = {
  name: 'opencode',
  packages: ['opencode-ai@1.18.33'],
  bins: ['opencode'],
  finish: 'lib/node_modules/opencode-ai/postinstall.mjs',
};
export const GEMINI: PinnedAgent = { name: 'gemini', packages: ['@google/gemini-cli@0.61.0'], bins: ['gemini'] };
export const QWEN: PinnedAgent = { name: 'qwen', packages: ['@qwen-code/qwen-code@0.24.4'], bins: ['qwen'] };

/** The programs for a terminal, each without an adapter. */
export const CODEX_CLI: PinnedAgent = { name: 'codex-cli', packages: ['@openai/codex@0.169.0'], bins: ['codex'] };
export const CLAUDE_CODE: PinnedAgent = {
  name: 'claude-code',
  packages: ['@anthropic-ai/claude-code@2.1.329'],
  bins: ['claude'],
  finish: 'lib/node_modules/@anthropic-ai/claude-code/install.cjs',
};

/** Libraries that agents are built with: the older lines of the official SDK, for the cross-check. */
export const SDK_1_9: PinnedAgent = {
  name: 'sdk',
  packages: ['@agentclientprotocol/sdk@1.9.0', 'zod@4.6.7'],
  bins: [],
};
export const SDK_1_0: PinnedAgent = {
  name: 'sdk',
  packages: ['@agentclientprotocol/sdk@1.0.0', 'zod@4.6.7'],
  bins: [],
};

/** The lightest first, so that an installation that is broken off has brought something. */
export const PINNED: readonly PinnedAgent[] = [
  ...[PI, SDK_1_9, SDK_1_0, OPENCODE, CODEX_CLI, CLAUDE_CODE, CODEX, CLAUDE, GEMINI, QWEN],
];

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

/** Whether all of it is at `prefix`: its programs, and each of its packages. */
export const isInstalled = (agent: PinnedAgent, prefix: string): boolean =>
  agent.bins.every((bin) => existsSync(path.join(prefix, 'bin', bin))) &&
  agent.packages.every((name) =>
    existsSync(path.join(prefix, 'lib', 'node_modules', name.slice(0, name.lastIndexOf('@')), 'package.json')),
  );

/** One sentence for `t.skip`, or null when the agent is installed. */
export function notInstalled(agent: PinnedAgent): string | null {
  const prefix = prefixOf(agent);
  if (isInstalled(agent, prefix)) return null;
  const what = agent.packages.join(' and ');
  const failure = failureFile(prefix);
  return existsSync(failure)
    ? `${what} could not be installed: ${readFileSync(failure, 'utf8').trim()}`
    : `${what} not installed; npm run test:agents installs it`;
}
