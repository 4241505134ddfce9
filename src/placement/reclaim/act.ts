import { endRecorded, endTree } from '../../process/group.ts';
import { identityOf } from '../../process/identity.ts';
import { markedPids } from '../../process/marker.ts';
import type { TerminalDesk } from '../desk.ts';
import { TERM_PATIENCE_MS } from '../end-terminal.ts';
import { commandOf } from '../foreground.ts';
import type { Candidate, Orphans } from './gather.ts';
import { portHolders, type PortHolder } from './ports.ts';

export interface ProcessName {
  readonly pid: number;
  /** Of its program. */
  readonly command: string;
}

export interface Reclaimed {
  readonly sessionsKilled: readonly string[];
  readonly processesKilled: readonly ProcessName[];
  readonly portsFreed: readonly (PortHolder & { readonly command: string })[];
  /** Pids that could not be ended. */
  readonly left: readonly number[];
}

/**
 * Ends sessions and orphans: TERM, 5 s, KILL, by the ledger and the mark in the environment, never by a name. What was
 * there before and is gone after is what was reclaimed.
 */
export async function reclaim(
  desk: TerminalDesk,
  sessions: readonly Candidate[],
  orphans: readonly Orphans[],
): Promise<Reclaimed> {
  const markers = [...sessions.flatMap(({ marker }) => marker ?? []), ...orphans.map(({ id }) => id)];
  const own = sessions.flatMap(({ terminal, stranger }) => (terminal?.pane ?? stranger?.pane)?.pid ?? []);
  const pids = [...new Set([...own, ...markers.flatMap(markedPids)])];
  const before = pids.flatMap((pid) => {
    const identity = identityOf(pid);
    return identity === null ? [] : [{ identity, command: commandOf(pid) ?? 'unknown' }];
  });
  const ports = portHolders().filter(({ pid }) => pids.includes(pid));
  const left: number[] = [];
  const ended = await Promise.all(
    sessions.map(async (each) => {
      const rest = await endOne(desk, each);
      left.push(...rest);
      return rest.length === 0 ? [each.facts.name] : [];
    }),
  );
  const termPatienceMs = TERM_PATIENCE_MS;
  for (const { id } of orphans) {
    left.push(...(await endRecorded(null, { sessionId: id, patienceMs: 0, termPatienceMs })));
  }
  const held = new Set(portHolders().map(({ port }) => port));
  const commands = new Map(before.map(({ identity, command }) => [identity.pid, command]));
  return {
    sessionsKilled: ended.flat(),
    processesKilled: before
      .filter(({ identity }) => identityOf(identity.pid)?.startTime !== identity.startTime)
      .map(({ identity, command }) => ({ pid: identity.pid, command })),
    portsFreed: ports
      .filter(({ port }) => !held.has(port))
      .map((each) => ({ ...each, command: commands.get(each.pid) ?? 'unknown' })),
    left: [...new Set(left)],
  };
}

async function endOne(
  desk: TerminalDesk,
  { terminal, stranger, server, marker }: Candidate,
): Promise<readonly number[]> {
  if (terminal !== null) {
    const left = await desk.end(terminal);
    if (left.length === 0) desk.forget(terminal);
    return left;
  }
  if (stranger === null) return [];
  const { pane } = stranger;
  const leader = identityOf(pane.pid);
  // It hangs up what runs in it, as if its window had been closed; what ignores that is ended.
  await server.endSession(pane.sessionId);
  return leader === null
    ? []
    : endTree(leader, { sessionId: marker, patienceMs: 1_000, termPatienceMs: TERM_PATIENCE_MS });
}
