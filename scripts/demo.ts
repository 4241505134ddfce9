/**
 * `npm run demo`: an issue becomes a pull request, in a scratch repository, without an account or a network.
 *
 * The bundled rehearsal agent is a real ACP agent program; the repository has a real bug, a failing test, a bare remote
 * and issue 78. At the end the scratch is removed (`--keep` leaves it there) and nothing is left running.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const conduxt = join(root, 'dist', 'conduxt.js');
const keep = process.argv.includes('--keep');
const startedAt = performance.now();

/** Everything of the demo lies below this path, which is how its processes are recognised, too. */
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'conduxt-demo-')));
const repository = join(scratch, 'corner-shop');
const env = demoEnvironment();

/** As on a machine of its own: nothing of the user's settings, of npm, or of an agent that called us. */
function demoEnvironment(): Record<string, string> {
  const isolated = {
    // Not the Node that our own development brings, which is only there while this script runs.
    PATH: (process.env['PATH'] ?? '')
      .split(delimiter)
      .filter((entry) => !/\/node_modules\/(?:\.bin|node\/bin)\/?$/.test(entry))
      .join(delimiter),
    HOME: join(scratch, 'home'),
    TMPDIR: join(scratch, 'tmp'),
    LANG: process.env['LANG'] ?? 'C.UTF-8',
    TERM: process.env['TERM'] ?? 'dumb',
    CONDUXT_HOME: join(scratch, 'state'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'Demo',
    GIT_AUTHOR_EMAIL: 'demo@conduxt.invalid',
    GIT_COMMITTER_NAME: 'Demo',
    GIT_COMMITTER_EMAIL: 'demo@conduxt.invalid',
    ...(process.env['NO_COLOR'] === undefined ? {} : { NO_COLOR: process.env['NO_COLOR'] }),
  };
  mkdirSync(isolated.HOME);
  mkdirSync(isolated.TMPDIR);
  // Version managers may find their npm through HOME only; then the demo shares the user's.
  const npmWorks = spawnSync('npm', ['--version'], { env: isolated, stdio: 'ignore' }).status === 0;
  return npmWorks ? isolated : { ...isolated, HOME: process.env['HOME'] ?? isolated.HOME };
}

const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd, env, encoding: 'utf8' }).trimEnd();

/** The project with its bug, a bare remote, and the issue where conduxt looks for it. */
function makeRepository(): void {
  cpSync(join(root, 'fixtures', 'demo'), repository, {
    recursive: true,
    filter: (path) => path !== join(root, 'fixtures', 'demo', 'issues'),
  });
  git(repository, 'init', '--quiet', '--initial-branch=main');
  git(repository, 'add', '--all');
  git(repository, 'commit', '--quiet', '--message', 'Open the shop');
  git(scratch, 'init', '--quiet', '--bare', '--initial-branch=main', 'origin.git');
  git(repository, 'remote', 'add', 'origin', join(scratch, 'origin.git'));
  git(repository, 'push', '--quiet', '--set-upstream', 'origin', 'main');
  cpSync(join(root, 'fixtures', 'demo', 'issues'), join(repository, '.conduxt', 'issues'), { recursive: true });
}

/** Runs conduxt in the repository with the terminal as it is; resolves with the exit code. */
async function run(...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [conduxt, ...args], { cwd: repository, env, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

const colours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const bold = (text: string): string => (colours ? `\u001b[1m${text}\u001b[22m` : text);
const show = (title: string, text: string): void => console.log(`\n${bold(`── ${title}`)}\n\n${text.trimEnd()}`);

/** What a person would look at afterwards; throws when it is not there. */
function showResults(): void {
  const branch = git(repository, 'for-each-ref', '--format=%(refname:short)', 'refs/heads')
    .split('\n')
    .find((name) => name !== 'main');
  if (branch === undefined) throw new Error('no branch was made');
  show(`the branch (git log ${branch})`, git(repository, 'log', '--format=%h  %an  %s', `main..${branch}`));
  show(`what changed (git diff main...${branch})`, git(repository, 'diff', `main...${branch}`));
  show('the branch on the remote (git ls-remote origin)', git(repository, 'ls-remote', '--heads', 'origin'));
  const [pullRequest] = globSync(join(scratch, 'state', 'repos', '*', 'prs', '*.md'));
  if (pullRequest === undefined) throw new Error('no pull request was written');
  show(`the pull request with the verification receipt (${pullRequest})`, readFileSync(pullRequest, 'utf8'));
}

/** Processes that carry a path of the scratch in their environment or command line. */
function processesOfDemo(): { readonly pid: number; readonly command: string }[] {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n');
    const found = lines.filter((line) => line.includes(scratch)).map((line) => /^\s*(\d+)\s+(.*)$/.exec(line));
    return found.flatMap((match) => (match === null ? [] : [{ pid: Number(match[1]), command: match[2] ?? '' }]));
  }
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      // A zombie's environment reads as empty.
      const environment = readFileSync(`/proc/${entry}/environ`, 'utf8');
      return `${environment}\0${command}`.includes(scratch) ? [{ pid: Number(entry), command }] : [];
    } catch {
      return []; // Gone meanwhile, or another user's.
    }
  });
}

const LEAVING_MS = 10_000;

/** Waits until nothing of the demo runs any more; ends what does not leave, and says so. */
async function leftRunning(): Promise<readonly string[]> {
  const end = performance.now() + LEAVING_MS;
  let left = processesOfDemo();
  while (left.length > 0 && performance.now() < end) {
    await delay(50);
    left = processesOfDemo();
  }
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  return left.map(({ pid, command }) => `${pid} ${command}`);
}

// Ctrl-C reaches conduxt too, which detaches; then it is for us to end what goes on.
process.on('SIGINT', () => {});
let exitCode: number;
try {
  if (!existsSync(conduxt)) throw new Error(`${conduxt} is not there: run npm run build`);
  makeRepository();
  show('issue 78 (.conduxt/issues/78.md)', readFileSync(join(repository, '.conduxt', 'issues', '78.md'), 'utf8'));
  console.log();
  console.log(bold('$ cd corner-shop && conduxt run "fix issue #78" --agent rehearsal'));
  exitCode = await run('run', 'fix issue #78', '--agent', 'rehearsal');
  if (exitCode === 0) {
    showResults();
    console.log(`\n${bold('$ conduxt status')}\n`);
    exitCode = await run('status');
  }
  const stopped = await run('stop', 'issue-78');
  if (exitCode === 0) exitCode = stopped;
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  exitCode = 1;
} finally {
  const left = await leftRunning();
  if (left.length > 0) {
    console.error(`demo: these processes did not leave by themselves:\n  ${left.join('\n  ')}`);
    exitCode = 1;
  }
  if (keep) console.log(`\nThe repository, its worktree and the state are kept in ${scratch}`);
  else rmSync(scratch, { recursive: true, force: true });
}
if (exitCode === 0) {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`\nDone in ${seconds} s; nothing is left running${keep ? '' : ', and the scratch repository is gone'}.`);
}
process.exitCode = exitCode;
