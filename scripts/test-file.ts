/**
 * Runs one test file in a process group of its own. node:test's own runner does not end a file that hangs
 * (Node 24.21: `--test-timeout` fails the test and then waits for ever), and does not notice what a test left running.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { groupMembers, identityOfChild } from '../src/process/members.ts';
import type { ProcessIdentity } from '../src/session/events.ts';
import type { TestRecord } from './test-reporter.ts';

export interface FileResult {
  readonly file: string;
  readonly records: readonly TestRecord[];
  /** What the file printed, its end when that is long. */
  readonly output: string;
  /** A sentence when the file itself went wrong: it hung, crashed, or left processes running. */
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

/** Never rejects: what goes wrong is a `problem`. */
export async function runTestFile(file: string, options: FileOptions): Promise<FileResult> {
  const scratch = mkdtempSync(join(tmpdir(), 'conduxt-test-run-'));
  const recordsFile = join(scratch, 'records.ndjson');
  try {
    const reporter = join(import.meta.dirname, 'test-reporter.ts');
    const child = spawn(
      process.execPath,
      [`--test-reporter=${reporter}`, `--test-reporter-destination=${recordsFile}`, file],
      { cwd: options.cwd, env: options.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
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
    const left = !timedOut && leader !== null && (await groupStaysAlive(leader));
    kill();
    const records = readRecords(recordsFile);
    const failed = records.some((record) => record.outcome === 'failed');
    let problem: string | null = null;
    if (timedOut) problem = `did not end within ${options.timeoutMs / 1000} s`;
    else if (ended !== '0' && !failed) problem = `ended with ${ended}`;
    else if (left) problem = 'left processes running';
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

/** Asks for living members: a zombie that nobody reaps, as in many containers, would answer a signal for ever. */
async function groupStaysAlive(leader: ProcessIdentity): Promise<boolean> {
  const end = performance.now() + LEFTOVER_PATIENCE_MS;
  while (groupMembers(leader).length > 0) {
    if (performance.now() > end) return true;
    await delay(20);
  }
  return false;
}
