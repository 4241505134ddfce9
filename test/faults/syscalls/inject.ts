import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { hostEnvironment } from '../../../src/process/host-environment.ts';
import { finished, type Finished, type Machine } from '../../e2e/scratch.ts';

const DIST = path.join(import.meta.dirname, '../../../dist');

/** One place in a program: its n-th system call of this name, and what happens there instead. */
export interface Point {
  readonly call: string;
  /** As strace's `inject` has it: `signal=SIGKILL`, `error=EIO`; or `NOTHING`, and then `call` may be several. */
  readonly kind: string;
  /** In the thread that comes there first: strace counts in each. */
  readonly nth: number;
}

/** A look at the calls, without a fault. */
export const NOTHING = 'nothing';

export interface Hurt extends Finished {
  /** False when so many such calls were not made: there is nothing more to inject. */
  readonly hit: boolean;
  readonly calls: Calls;
}

/** Of each call the numbers under which threads made one that changes something outside of the program. */
export type Calls = ReadonlyMap<string, ReadonlySet<number>>;

/** Why nothing can be injected here; null when it can. */
export function whyNotTraceable(): string | null {
  const ran = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true']);
  if (ran.error !== undefined) return 'strace is not installed';
  return ran.status === 0 ? null : 'ptrace is not allowed here';
}

/** One thread for files in whatever is started: strace counts in each thread, so only then is the n-th call one place. */
export const ONE_THREAD = { UV_THREADPOOL_SIZE: '1' };

/** Of one machine only one thing is traced at a time. */
const traceLog = (machine: Machine): string => machine.file('strace.log');

const tracing = (machine: Machine, { call, kind, nth }: Point): string[] => [
  ...['-f', '-o', traceLog(machine), '-e', `trace=${call}`],
  ...(kind === NOTHING ? [] : ['-e', `inject=${call}:${kind}:when=${nth}`]),
];

function traced(machine: Machine): string {
  const log = traceLog(machine);
  return existsSync(log) ? readFileSync(log, 'utf8') : '';
}

function seen(machine: Machine): Pick<Hurt, 'hit' | 'calls'> {
  const text = traced(machine);
  rmSync(traceLog(machine), { force: true });
  return { hit: /INJECTED|killed by SIGKILL/.test(text), calls: callsIn(text) };
}

/**
 * The program talks to itself: a thread wakes another one, or a signal that came is noted and its lock given back, through
 * a pipe of its own. Nothing outside of it changes, and no disk can be too full for it.
 */
const TO_ITSELF = /^\(\d+, "(?:\\1(?:\\0){7}", 8|\*", 1|.*\\21(?:\\0){7}", 16)\b/;

/** A call that another thread interrupts is two lines, of which one has its arguments. */
function callsIn(text: string): Calls {
  const ofThreads = new Map<string, number>();
  const calls = new Map<string, Set<number>>();
  for (const [, thread = '', call = '', args = ''] of text.matchAll(/^(\d+) +(\w+)(\(.*)$/gm)) {
    const nth = (ofThreads.get(`${thread} ${call}`) ?? 0) + 1;
    ofThreads.set(`${thread} ${call}`, nth);
    if (TO_ITSELF.test(args)) continue;
    calls.set(call, (calls.get(call) ?? new Set<number>()).add(nth));
  }
  return calls;
}

const LOOK_MS = 30;

/**
 * Ends the tracer once what it traces was killed: it can wait for ever for a process that was just being forked, and as
 * long as it does the dead one keeps its locks (strace 6.1). The returned function ends the watch.
 */
function endWithTheKilled(machine: Machine, tracer: ChildProcess): () => void {
  let looks = 0;
  const timer = setInterval(() => {
    if (traced(machine).includes('killed by SIGKILL')) looks += 1;
    if (looks > 3) tracer.kill('SIGKILL');
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/** Runs a command with the fault; the host it starts, and other programs, are let go (`-b execve`). */
export async function hurtCommand(machine: Machine, point: Point, args: readonly string[]): Promise<Hurt> {
  const program = [process.execPath, path.join(DIST, 'conduxt.js')];
  const child = spawn('strace', ['-qq', '-b', 'execve', ...tracing(machine, point), ...program, ...args], {
    cwd: machine.repo,
    env: machine.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = endWhatWaitsForItself(machine, child);
  const result = await finished(child);
  stop();
  return { ...result, ...seen(machine) };
}

/**
 * Its calls do not come in the same order each time: where one that the program makes to itself was refused, which no
 * disk can do, it waits for ever, and is ended as if it had been killed there. The returned function ends the watch.
 */
function endWhatWaitsForItself(machine: Machine, tracer: ChildProcess): () => void {
  const timer = setInterval(() => {
    for (const [, thread, args = ''] of traced(machine).matchAll(/^(\d+) +\w+(\(.*)\(INJECTED\)$/gm))
      if (TO_ITSELF.test(args)) endTraced(tracer, Number(thread));
  }, LOOK_MS);
  return () => clearInterval(timer);
}

function endTraced(tracer: ChildProcess, thread: number): void {
  try {
    process.kill(thread, 'SIGKILL');
  } catch {
    // It is a thread that has ended, or the program has.
    tracer.kill('SIGKILL');
  }
}

/**
 * Starts a host that meets the fault on its way, at the command, which itself is unhurt and begins when it can be heard,
 * or in what it does then, until `isOver` resolves.
 */
export async function hurtStart(
  machine: Machine,
  sessionId: string,
  point: Point,
  args: readonly string[],
  { isStarted, isOver }: { readonly isStarted: () => Promise<void>; readonly isOver: () => Promise<void> },
): Promise<Hurt> {
  const program = [process.execPath, path.join(DIST, 'host.cjs'), machine.state, sessionId];
  // -I 2: with a program and a file for its log, the tracer would not listen to TERM.
  const tracer = spawn('strace', ['-qq', '-I', '2', ...tracing(machine, point), ...program], {
    cwd: '/',
    env: hostEnvironment(machine.env),
    stdio: 'ignore',
    detached: true,
  });
  const gone = ended(tracer);
  const stop = endWithTheKilled(machine, tracer);
  await Promise.race([gone, isStarted()]);
  const result = await machine.run(...args);
  await Promise.race([gone, isOver()]);
  stop();
  return { ...result, ...(await letGo(machine, tracer, gone)) };
}

/** The same with a host that lives already. Null when it cannot be traced. */
export async function hurtLiving(
  machine: Machine,
  pid: number,
  point: Point,
  args: readonly string[],
  isOver: () => Promise<void>,
): Promise<Hurt | null> {
  const tracer = spawn('strace', [...tracing(machine, point), '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const gone = ended(tracer);
  if (!(await isAttached(tracer))) return null;
  const stop = endWithTheKilled(machine, tracer);
  const result = await machine.run(...args);
  await Promise.race([gone, isOver()]);
  stop();
  return { ...result, ...(await letGo(machine, tracer, gone)) };
}

/** A tracer that was told to let go needs some milliseconds. */
const LET_GO_MS = 1_000;

/** A tracer can wait for ever for a thread that ended as it was told to go (strace 6.1): then it is ended. */
async function letGo(
  machine: Machine,
  tracer: ChildProcess,
  gone: Promise<void>,
): Promise<Pick<Hurt, 'hit' | 'calls'>> {
  tracer.kill(traced(machine).includes('killed by SIGKILL') ? 'SIGKILL' : 'SIGTERM');
  const timer = setTimeout(() => tracer.kill('SIGKILL'), LET_GO_MS);
  await gone;
  clearTimeout(timer);
  return seen(machine);
}

/** strace says so once it holds all threads; it ends when it cannot. */
function isAttached(tracer: ChildProcess): Promise<boolean> {
  let text = '';
  return new Promise((resolve) => {
    tracer.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('attached')) resolve(true);
    });
    tracer.once('exit', () => resolve(false));
  });
}

const ended = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once('exit', () => resolve()));
