import { existsSync, rmdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConduxtError, messageOf, systemCode } from '../../errors.ts';
import { gitEnvironment } from '../../git/git-environment.ts';
import { makeDirectory } from '../../journal/make-directory.ts';
import { requireBubblewrap } from '../../process/bubblewrap.ts';
import { run } from '../../process/run.ts';
import { installedTmux, isRecent } from '../../tmux/version.ts';
import { markedProcesses } from '../../process/marker.ts';
import { leftovers } from '../../store/leftovers.ts';
import { formatBytes, plural } from '../../views/quantities.ts';
import type { VerbContext } from '../context.ts';
import { profilesWith } from '../../agents/profiles.ts';
import { findHeadlessIn, findIn, findTerminalIn } from '../run/launch-agent.ts';
import { REHEARSAL } from '../rehearsal-program.ts';
import { sessionPlace } from '../session-plan.ts';
import { checkOpenClaw } from './check-openclaw.ts';
import { checkWatchdog } from './check-watchdog.ts';
import { bad, good, note, type Check } from './check.ts';

const TOOL_TIMEOUT_MS = 10_000;
/** Worktrees, transcripts and test logs need room; below this something fails soon. */
const LITTLE_SPACE_BYTES = 500 * 1024 * 1024;
const SHOWN_LEFTOVERS = 5;
const OLDEST_GIT = [2, 31] as const;

/** What conduxt needs of a machine, and what it can do without. Leaves nothing behind. */
export async function checkMachine(context: VerbContext): Promise<Check[]> {
  return [
    good('node', `${process.version} at ${process.execPath}`),
    await checkGit(context),
    ...checkState(context.places.home),
    ...checkLeftovers(context),
    await checkGithub(context),
    await checkTmux(context),
    ...checkOpenClaw(context),
    await checkSandbox(context),
    await checkWatchdog(context),
    await checkRepository(context),
    await checkAgents(context),
  ];
}

async function checkGit({ io }: VerbContext): Promise<Check> {
  const result = await run('git', ['--version'], { cwd: '/', env: gitEnvironment(io.env), timeoutMs: TOOL_TIMEOUT_MS });
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(result.stdout) ?? [];
  if (result.exitCode !== 0) return bad('git', 'is not there', 'Install git 2.31 or newer and put it on the PATH.');
  const old = Number(major) < OLDEST_GIT[0] || (Number(major) === OLDEST_GIT[0] && Number(minor) < OLDEST_GIT[1]);
  return old
    ? bad('git', `${major}.${minor} is too old`, 'Install git 2.31 or newer.')
    : good('git', result.stdout.trim());
}

function checkState(home: string): Check[] {
  const probe = path.join(home, `.doctor-${process.pid}`);
  const isNew = !existsSync(home);
  try {
    makeDirectory(home, 0o700);
    writeFileSync(probe, 'x', { mode: 0o600, flush: true });
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [
      bad(
        'state directory',
        `${home} cannot be written: ${messageOf(error)}`,
        'Check its owner and free space, or set CONDUXT_HOME.',
      ),
    ];
  } finally {
    rmSync(probe, { force: true });
  }
  const facts = statSync(home);
  const open = (facts.mode & 0o077) !== 0;
  const disk = statfsSync(home);
  const free = disk.bavail * disk.bsize;
  if (isNew) removeIfEmpty(home);
  return [
    open
      ? note(
          'state directory',
          `${home} can be entered by others (mode ${(facts.mode & 0o777).toString(8)})`,
          `Run: chmod 700 ${home}`,
        )
      : good('state directory', home),
    free < LITTLE_SPACE_BYTES
      ? note(
          'free space',
          `only ${formatBytes(free)} left`,
          'Make room, for example with conduxt prune --older-than 30d.',
        )
      : good('free space', formatBytes(free)),
  ];
}

/** Sessions that never got their name are in no list; this is where one hears of them. */
function checkLeftovers({ io, places }: VerbContext): Check[] {
  const left = leftovers(places.home, io.now(), new Set(markedProcesses().keys()));
  if (left.length === 0) return [];
  const shown = left.slice(0, SHOWN_LEFTOVERS).map(({ path: place }) => path.relative(places.home, place));
  const more = left.length > shown.length ? ', …' : '';
  const text = `${plural(left.length, 'thing')} that killed commands left behind: ${shown.join(', ')}${more}`;
  return [
    note('leftovers', text, 'The next look of conduxt watchdog removes them, or conduxt prune --older-than 30d.'),
  ];
}

/** A look leaves nothing behind. */
function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Somebody began to use it meanwhile.
  }
}

async function checkGithub({ io }: VerbContext): Promise<Check> {
  const env = Object.fromEntries(
    Object.entries(io.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const version = await run('gh', ['--version'], { cwd: '/', env, timeoutMs: TOOL_TIMEOUT_MS });
  if (version.exitCode !== 0) {
    return note(
      'gh',
      'is not there: GitHub issues and pull requests need it',
      'Install it from https://cli.github.com, then: gh auth login',
    );
  }
  const words = version.stdout.split('\n', 1)[0] ?? 'gh';
  const status = await run('gh', ['auth', 'status'], { cwd: '/', env, timeoutMs: TOOL_TIMEOUT_MS });
  return status.exitCode === 0
    ? good('gh', `${words}, logged in`)
    : note('gh', `${words}, not logged in`, 'Run: gh auth login');
}

async function checkTmux({ io }: VerbContext): Promise<Check> {
  const version = await installedTmux(io.env);
  if (version === null) {
    const what =
      'is not there: needed for agents in a terminal, and for commands that outlive their shell (conduxt exec)';
    return note('tmux', what, 'Install tmux 3.3 or newer; agents over ACP and headless ones go on without it.');
  }
  return isRecent(version)
    ? good('tmux', version.text)
    : note('tmux', `${version.text} is too old for the tmux backend`, 'Install tmux 3.3 or newer.');
}

async function checkSandbox({ io }: VerbContext): Promise<Check> {
  try {
    return good('sandbox', `${await requireBubblewrap(io.env, io.cwd)}, for --sandbox bwrap`);
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    const missing = error.code === 'sandbox-missing';
    return note('sandbox', missing ? 'bubblewrap is not there: an agent can do what you can' : error.message, null);
  }
}

/** Which agents a task could be given to. */
async function checkAgents(context: VerbContext): Promise<Check> {
  try {
    const { loaded, cwd, ref } = await sessionPlace(context, 'optional');
    const place = { config: loaded.config, cwd, repoRoot: ref?.root ?? null };
    const profiles = profilesWith(loaded.config.agents).filter((profile) => profile.name !== REHEARSAL);
    const found = await Promise.all(
      profiles.map(async (profile) => {
        if ((await findIn(context, place, profile)).state === 'found') return [profile.name];
        if ((await findTerminalIn(context, place, profile)).state === 'found') return [`${profile.name} (terminal)`];
        return (await findHeadlessIn(context, place, profile)).state === 'found' ? [`${profile.name} (headless)`] : [];
      }),
    );
    const names = found.flat();
    return names.length > 0
      ? good('agents', names.join(', '))
      : note('agents', 'none is installed', 'See conduxt agents --all; conduxt rehearse works without one.');
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    // A configuration that cannot be read is the repository's line.
    return note('agents', `not looked for: ${error.message}`, null);
  }
}

async function checkRepository(context: VerbContext): Promise<Check> {
  try {
    const { ref, loaded, configNote, hasCommit } = await sessionPlace(context, 'required');
    if (!hasCommit) {
      const text = `${ref?.root ?? ''} has no commit yet: a task has nothing to begin from`;
      return note('repository', text, 'Commit something first.');
    }
    if (configNote !== null)
      return note('repository', configNote, 'Commit conduxt.json on the branch tasks start from.');
    if (loaded.untrusted.length > 0) {
      return note(
        'repository',
        `conduxt.json sets ${loaded.untrusted.join(', ')}, which is ignored until you allow it`,
        'conduxt trust',
      );
    }
    return good('repository', `${ref?.root ?? ''}, configuration is fine`);
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    const elsewhere = error.code === 'not-a-repository';
    return elsewhere
      ? note('repository', 'this directory is in none', error.remedy ?? null)
      : bad('repository', error.message, error.remedy ?? '');
  }
}
