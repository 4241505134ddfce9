/**
 * Runs one test file in a process group of its own. node:test's own runner does not end a file that hangs
 * (Node 24.21: `--test-timeout` fails the test and then waits for ever), and does not notice what a test left behind.
 *
 * The file has a directory for temporary files of its own: whatever its tests start names it, and must be gone at the
 * end, as must be every file in it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { groupMembers, identityOfChild } from '../src/process/members.ts';
import type { ProcessIdentity } from '../src/session/events.ts';
import { mountsIn, processesNaming, type LeftProcess } from './left-behind.ts';
import type { TestRecord } from './test-reporter.ts';

export interface FileResult {
  readonly file: string;
  readonly records: readonly TestRecord[];
  /** What the file printed, its end when that is long. */
  readonly output: string;
  /** A sentence when the file itself went wrong: it hung, crashed, or left processes, mounts or files behind. */
  readonly problem: string | null;
}

export interface FileOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const MAX_OUTPUT_BYTES = 64 * 1024;
/** A child that was just told to end may need this long to be gone. */
const LEFTOVER_PATIENCE_MS = 1000;
const LOOK_MS = 20;

/** Never rejects: what goes wrong is a `problem`. */
export async function runTestFile(file: string, options: FileOptions): Promise<FileResult> {
  // Short: the path of a socket in it may have 107 bytes. Open to other users, as the directory it stands for is.
  const scratch = mkdtempSync(join(tmpdir(), 'ct-'));
  chmodSync(scratch, 0o755);
  const recordsFile = join(scratch, 'records.ndjson');
  const directory = join(scratch, 't');
  mkdirSync(directory);
  try {
    const reporter = join(import.meta.dirname, 'test-reporter.ts');
    const child = spawn(
      process.execPath,
      [`--test-reporter=${reporter}`, `--test-reporter-destination=${recordsFile}`, file],
      {
        cwd: options.cwd,
        env: { ...options.env, TMPDIR: directory },
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const leader = process.platform === 'linux' ? identityOfChild(child.pid ?? 0) : null;
    let output = Buffer.alloc(0);
    const keep = (chunk: Buffer): void => {
      output = Buffer.concat([output, chunk]).subarray(-MAX_OUTPUT_BYTES);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const kill = (): void => killGroup(child.pid);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutMs);
    options.signal.addEventListener('abort', kill, { once: true });
    if (options.signal.aborted) kill();
    // `exit`, not `close`: a process that was left running may hold the pipes open.
    const ended = await new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? String(code)));
      child.once('error', (error) => resolve(error.message));
    });
    clearTimeout(timer);
    options.signal.removeEventListener('abort', kill);
    const left = await endWhatStays(leader, directory, timedOut ? 0 : LEFTOVER_PATIENCE_MS);
    // Where its members can be asked for they have been: the number of the group may be another's by now.
    if (leader === null) kill();
    const records = readRecords(recordsFile);
    const failed = records.some((record) => record.outcome === 'failed');
    let problem: string | null = null;
    if (timedOut) problem = `did not end within ${options.timeoutMs / 1000} s`;
    else if (ended !== '0' && !failed) problem = `ended with ${ended}`;
    else if (left !== null) problem = left;
    return { file, records, output: output.toString('utf8'), problem };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function readRecords(path: string): TestRecord[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return []; // The file crashed before its reporter began.
  }
  // The last line is torn when the process was killed.
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as TestRecord);
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of the group is left.
  }
}

/**
 * Waits for what is ending already, and ends the rest by its number.
 * @returns a sentence about what stayed; null when nothing did.
 */
async function endWhatStays(
  leader: ProcessIdentity | null,
  directory: string,
  patienceMs: number,
): Promise<string | null> {
  const end = performance.now() + patienceMs;
  let stays = living(leader, directory);
  for (; stays.length > 0 && performance.now() < end; stays = living(leader, directory)) await delay(LOOK_MS);
  const problems = stays.map(({ pid, command }) => `left running: ${pid} ${command}`);
  // What cannot be ended (another user's, or one that the kernel holds) is named all the same.
  const enough = performance.now() + LEFTOVER_PATIENCE_MS;
  for (let left = stays; left.length > 0 && performance.now() < enough; left = living(leader, directory)) {
    for (const { pid } of left) killOne(pid);
    await delay(LOOK_MS);
  }
  for (const mount of mountsIn(directory)) {
    problems.push(`left mounted: ${mount}`);
    execFileSync('umount', ['-l', mount]);
  }
  problems.push(...readdirSync(directory).map((name) => `left the file ${name}`));
  return problems.length === 0 ? null : problems.join('\n');
}

/** Members of the file's process group, and whatever names its directory. */
function living(leader: ProcessIdentity | null, directory: string): readonly LeftProcess[] {
  const naming = processesNaming(directory);
  // A zombie that nobody reaps, as in many containers, would answer a signal for ever; it is no member.
  const members = leader === null ? [] : groupMembers(leader);
  const others = members.filter((pid) => naming.every((one) => one.pid !== pid));
  return [...naming, ...others.map((pid) => ({ pid, command: '(of its process group)' }))];
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
