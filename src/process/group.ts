import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../clock.ts';
import { systemCode } from '../errors.ts';
import type { ProcessIdentity } from '../session/events.ts';
import { bootId, identityOf, isAlive } from './identity.ts';
import { markedPids } from './marker.ts';
import { groupMembers, identityOfChild } from './members.ts';

export interface GroupOptions {
  readonly cwd: string;
  /** The complete environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What the child's three streams are: pipes by default. */
  readonly stdio?: 'pipe' | readonly ('pipe' | 'ignore' | number)[];
}

/** A child that leads a process group of its own. The starter must call `endTree` when done with it. */
export interface GroupLeader {
  readonly child: ChildProcess;
  readonly identity: ProcessIdentity;
  /** Settles once, when the leader is gone; its streams may still hold data, or be held open by what it started. */
  readonly exited: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>;
}

/** Starts `command` (no shell) as leader of a new process group. Rejects with the system's error when it cannot start. */
export async function startGroup(
  command: string,
  args: readonly string[],
  options: GroupOptions,
): Promise<GroupLeader> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: options.stdio === undefined ? 'pipe' : [...(options.stdio === 'pipe' ? ['pipe' as const] : options.stdio)],
  });
  const pid = child.pid ?? 0;
  // Read before anything is awaited: Node cannot have reaped it yet, so also one that is over already has an identity,
  // by which what it started can still be ended. "gone" matches no living process.
  const identity = identityOf(pid) ?? identityOfChild(pid) ?? { pid, startTime: 'gone', bootId: 'gone' };
  const exited = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const started = new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  // Without a free descriptor there is no child, and none of its streams either; the event says why.
  if (child.pid === undefined) await started;
  // A stream without an error listener would turn the agent's death (EPIPE) into ours.
  for (const stream of child.stdio) stream?.on('error', () => {});
  await started;
  child.on('error', () => {});
  return { child, identity, exited };
}

/** A look at every process costs up to 10 ms; ten looks a second are cheap, and an end is seen soon enough. */
const MAX_POLL_MS = 100;

export interface EndTreeOptions {
  /** Processes carrying this session's marker are ended too; null when the tree carries none. */
  readonly sessionId: string | null;
  /** How long it may take to leave by itself (after its stdin was closed, say) before TERM. */
  readonly patienceMs: number;
  /** Between TERM and KILL. */
  readonly termPatienceMs: number;
}

/**
 * Ends a process group and every marked process: wait, TERM, wait, KILL, then sweep the marker until nothing is left.
 * @returns the pids that could not be ended; empty is the normal case.
 */
export async function endTree(leader: ProcessIdentity, options: EndTreeOptions): Promise<readonly number[]> {
  const anyAlive = (): boolean =>
    livingGroup(leader).length > 0 || (options.sessionId !== null && markedPids(options.sessionId).length > 0);
  const signalAll = (signal: NodeJS.Signals): void => {
    if (livingGroup(leader).length > 0) signalPid(-leader.pid, signal);
    if (options.sessionId !== null) for (const pid of markedPids(options.sessionId)) signalPid(pid, signal);
  };
  if (await waitUntil(() => !anyAlive(), options.patienceMs)) return [];
  signalAll('SIGTERM');
  if (await waitUntil(() => !anyAlive(), options.termPatienceMs)) return [];
  // Repeated: a process may fork between two looks at /proc.
  for (let round = 0; round < 20; round += 1) {
    signalAll('SIGKILL');
    if (await waitUntil(() => !anyAlive(), 100)) return [];
  }
  const marked = options.sessionId === null ? [] : markedPids(options.sessionId);
  return [...new Set([...livingGroup(leader), ...marked])];
}

/**
 * Living members of the group that `leader` leads or led; where that cannot be listed (no /proc), its number stands for
 * all. A group that merely bears the same number by now has none: `groupMembers` compares the start time.
 */
function livingGroup(leader: ProcessIdentity): readonly number[] {
  // kill(-1) would be everything, kill(0) our own group: no record may lead there.
  if (leader.startTime === 'gone' || leader.pid <= 1) return [];
  try {
    process.kill(-leader.pid, 0);
  } catch (error) {
    // EPERM: there are members, and they are not ours to signal; they count.
    if (systemCode(error) === 'ESRCH') return [];
  }
  return process.platform === 'linux' ? groupMembers(leader) : [leader.pid];
}

/**
 * Ends what a recorded process left behind after its parent died: its group, also when it is gone itself, and what
 * carries the marker. A number that was given away again is not signalled.
 */
export async function endRecorded(
  identity: ProcessIdentity | null,
  options: EndTreeOptions,
): Promise<readonly number[]> {
  const isOfThisBoot = identity !== null && identity.bootId === bootId();
  // Where groups cannot be listed a number says too little once its process is gone.
  const isKnown = isOfThisBoot && (process.platform === 'linux' || isAlive(identity));
  return endTree(isKnown ? identity : { pid: 0, startTime: 'gone', bootId: 'gone' }, options);
}

function signalPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in the meantime.
  }
}

/** Polls a fact about other processes, which nothing announces: soon at first, then ever less often. */
async function waitUntil(fact: () => boolean, withinMs: number): Promise<boolean> {
  const end = monotonicMs() + withinMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, MAX_POLL_MS)) {
    if (fact()) return true;
    const left = end - monotonicMs();
    if (left <= 0) return false;
    await delay(Math.min(pauseMs, left));
  }
}
