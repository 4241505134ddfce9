import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from '../session/events.ts';
import { identityOf, isAlive } from './identity.ts';
import { markedPids } from './marker.ts';

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
  /** Settles once, when the leader is gone and its streams have ended or been given up. */
  readonly exited: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>;
}

/** Starts `command` (no shell) as leader of a new process group. Rejects with the system's error when it cannot start. */
export async function startGroup(command: string, args: readonly string[], options: GroupOptions): Promise<GroupLeader> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: options.stdio === undefined ? 'pipe' : [...(options.stdio === 'pipe' ? ['pipe' as const] : options.stdio)],
  });
  const exited = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
  });
  // A stream without an error listener would turn the agent's death (EPIPE) into ours.
  for (const stream of child.stdio) stream?.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.on('error', () => {});
  const pid = child.pid ?? 0;
  // A leader that is already gone again still needs an identity; "gone" matches no living process.
  const identity = identityOf(pid) ?? { pid, startTime: 'gone', bootId: 'gone' };
  return { child, identity, exited };
}

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
    groupIsAlive(leader) || (options.sessionId !== null && markedPids(options.sessionId).length > 0);
  const signalAll = (signal: NodeJS.Signals): void => {
    if (groupIsAlive(leader)) signalPid(-leader.pid, signal);
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
  const left = options.sessionId === null ? [] : markedPids(options.sessionId);
  return groupIsAlive(leader) && !left.includes(leader.pid) ? [leader.pid, ...left] : left;
}

/**
 * True while any member of the group lives. The group id is only ours for sure while its leader lives or was never
 * reaped by anyone else; after a leader recorded on disk has died, its number is not signalled (`recorded` trees are
 * ended by their marker instead).
 */
function groupIsAlive(leader: ProcessIdentity): boolean {
  if (leader.startTime === 'gone') return false;
  try {
    process.kill(-leader.pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ends what a recorded process left behind after its parent died: only if it is still that very process. */
export async function endRecorded(identity: ProcessIdentity | null, options: EndTreeOptions): Promise<readonly number[]> {
  const leader = identity !== null && isAlive(identity) ? identity : { pid: 0, startTime: 'gone', bootId: 'gone' };
  return endTree(leader, options);
}

function signalPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in the meantime.
  }
}

/** Polls a fact about other processes, which nothing announces; 20 ms keeps the cost below the noise. */
async function waitUntil(fact: () => boolean, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  for (;;) {
    if (fact()) return true;
    const left = end - performance.now();
    if (left <= 0) return false;
    await delay(Math.min(20, left));
  }
}
