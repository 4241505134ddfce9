/**
 * Installs the real agents that test/agents drives, in pinned versions, into the user's cache directory. They are no
 * dependencies of conduxt. Prints one line per agent; an agent that cannot be installed is a reason for its tests to be
 * skipped, which they then say, and exit code 1.
 *
 *   node scripts/install-agents.ts [name…]    all of them (2.4 GB), or those with these names: pi, sdk, codex …
 */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startTimeOf } from '../src/process/identity.ts';
import { run } from '../src/process/run.ts';
import { failureFile, isInstalled, PINNED, prefixOf, type PinnedAgent } from '../test/agents/pinned-agents.ts';

/** 170 MB in 500 packages took 20 s; a registry that hangs must not take the tests with it. */
const INSTALL_TIMEOUT_MS = 300_000;
const MAX_REASON_CHARS = 300;

/** The user's own npm settings count, but not where the npm that runs us installs to. */
function npmEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^npm_config_(global_prefix|local_prefix|prefix|global)$/i.test(entry[0]),
  );
  return Object.fromEntries(kept);
}

/** What is left of runs that were ended in the middle. */
function removeHalves(prefix: string): void {
  const half = `${path.basename(prefix)}.partial-`;
  for (const name of readdirSync(path.dirname(prefix))) {
    const pid = name.startsWith(half) ? Number(name.slice(half.length)) : NaN;
    if (Number.isInteger(pid) && startTimeOf(pid) === null)
      rmSync(path.join(path.dirname(prefix), name), { recursive: true });
  }
}

/** Null when it is there now, or the reason why not. Next to the final place first, so a half one is never used. */
async function install(agent: PinnedAgent, prefix: string): Promise<string | null> {
  const partial = `${prefix}.partial-${process.pid}`;
  // As a user would (npm i -g), only elsewhere. No package's install script runs but the one that `finish` names.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const args = ['install', '--global', '--prefix', partial, ...options, '--', ...agent.packages];
  try {
    const result = await run('npm', args, {
      cwd: path.dirname(prefix),
      env: npmEnvironment(),
      timeoutMs: INSTALL_TIMEOUT_MS,
    });
    if (result.timedOut) return `npm took longer than ${INSTALL_TIMEOUT_MS / 1000} s`;
    if (result.startError !== null) return `npm could not be started (${result.startError})`;
    if (result.exitCode !== 0) return oneLine(result.stderr) || `npm exited with ${String(result.exitCode)}`;
    if (agent.finish !== undefined) {
      const finished = await run(process.execPath, [path.join(partial, agent.finish)], {
        cwd: partial,
        env: npmEnvironment(),
        timeoutMs: INSTALL_TIMEOUT_MS,
      });
      if (finished.exitCode !== 0) return `${agent.finish}: ${oneLine(finished.stderr)}`;
    }
    if (!isInstalled(agent, partial)) return `npm installed it, but without ${agent.bins.join(' and ')}`;
    if (!isInstalled(agent, prefix)) {
      rmSync(prefix, { recursive: true, force: true });
      renameSync(partial, prefix);
    }
    return null;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

const oneLine = (text: string): string =>
  text
    .replace(/^npm error /gm, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_REASON_CHARS);

const names = process.argv.slice(2);
const unknown = names.filter((name) => !PINNED.some((agent) => agent.name === name));
if (unknown.length > 0) {
  console.error(`no agent ${unknown.join(', ')}; there are ${[...new Set(PINNED.map(({ name }) => name))].join(', ')}`);
  process.exit(2);
}
for (const agent of PINNED.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const prefix = prefixOf(agent);
  const what = agent.packages.join(' and ');
  mkdirSync(path.dirname(prefix), { recursive: true, mode: 0o700 });
  removeHalves(prefix);
  if (isInstalled(agent, prefix)) {
    console.log(`${what}: installed in ${prefix}`);
    continue;
  }
  const reason = await install(agent, prefix);
  if (reason === null) {
    rmSync(failureFile(prefix), { force: true });
    console.log(`${what}: installed in ${prefix}`);
  } else {
    writeFileSync(failureFile(prefix), reason);
    console.log(`${what}: could not be installed: ${reason}`);
    process.exitCode = 1;
  }
}
