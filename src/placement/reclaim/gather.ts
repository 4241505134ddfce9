import { SESSION_MARKER, markedProcesses } from '../../process/marker.ts';
import { readSessionOrNull } from '../../store/read-session.ts';
import { taskEnds } from '../../session/words.ts';
import type { PaneFacts } from '../../tmux/pane-list.ts';
import type { TmuxServer } from '../../tmux/server.ts';
import type { TerminalDesk } from '../desk.ts';
import { foregroundOf, groupOf } from '../foreground.ts';
import { isEmptyPrompt } from '../send.ts';
import { strangersOn, type Stranger } from '../strangers.ts';
import { isShell, type Terminal } from '../terminal.ts';
import type { OwnerState, SessionFacts } from './policy.ts';

/** One tmux session with what is known about it, and how it is reached. */
export interface Candidate {
  readonly facts: SessionFacts;
  readonly terminal: Terminal | null;
  readonly stranger: Stranger | null;
  readonly server: TmuxServer;
  /** Whose mark its processes carry; null for somebody else's. */
  readonly marker: string | null;
}

/** Processes that carry the mark of something that is over. */
export interface Orphans {
  readonly id: string;
  readonly pids: readonly number[];
}

export interface GatherOptions {
  readonly desk: TerminalDesk;
  readonly runtimeDir: string;
  /** Other servers, whose sessions are somebody else's. */
  readonly others: readonly TmuxServer[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nowMs: number;
}

export async function gather(options: GatherOptions): Promise<{
  readonly candidates: readonly Candidate[];
  readonly orphans: readonly Orphans[];
}> {
  const { desk, env } = options;
  const ownerOf = ownerReader(options);
  const terminals = await desk.all();
  const strangers = await strangersOn(desk.server, terminals);
  const candidates = await Promise.all([
    ...terminals.map((terminal) => ofTerminal(options, terminal, ownerOf)),
    ...strangers.map((stranger) => ofStranger(options, desk.server, stranger, ownerOf)),
  ]);
  const elsewhere = await Promise.all(
    options.others.map(async (server) => {
      const panes = await strangersOn(server, []);
      return Promise.all(panes.map((each) => ofStranger(options, server, { ...each, kind: 'other' }, ownerOf)));
    }),
  );
  return {
    candidates: [...candidates, ...unique(elsewhere.flat(), candidates)],
    orphans: orphansOf(terminals, ownerOf, (env[SESSION_MARKER] ?? '').replace(/\.step$/, '')),
  };
}

type OwnerOf = (id: string | null) => OwnerState;

/** A session of another state directory is not known here, and none of our business. */
function ownerReader({ desk, runtimeDir }: GatherOptions): OwnerOf {
  const known = new Map<string, OwnerState>();
  return (id) => {
    if (id === null) return 'none';
    const before = known.get(id);
    if (before !== undefined) return before;
    const view = readSessionOrNull(desk.home, runtimeDir, id);
    const isOver = view !== null && !view.hostAlive && ([...taskEnds, 'stopped'] as string[]).includes(view.state);
    const owner = view === null ? 'none' : isOver ? 'over' : 'alive';
    known.set(id, owner);
    return owner;
  };
}

/** The same server may be reached by two names. */
function unique(found: readonly Candidate[], ours: readonly Candidate[]): Candidate[] {
  const seen = new Set(ours.map(({ terminal, stranger }) => (terminal?.pane ?? stranger?.pane)?.pid));
  return found.filter(({ stranger }) => {
    const pid = stranger?.pane.pid;
    if (seen.has(pid)) return false;
    seen.add(pid);
    return true;
  });
}

function orphansOf(terminals: readonly Terminal[], ownerOf: OwnerOf, self: string): Orphans[] {
  const over = new Set(
    terminals.filter(({ state }) => state === 'ended' || state === 'gone').map(({ record }) => record.id),
  );
  return [...markedProcesses()]
    .filter(([id]) => id !== self && (over.has(id) || ownerOf(id) === 'over'))
    .map(([id, pids]) => ({ id, pids }));
}

async function ofTerminal(options: GatherOptions, terminal: Terminal, ownerOf: OwnerOf): Promise<Candidate> {
  const { record, pane, state, foreground, lastActivityMs } = terminal;
  const { server } = options.desk;
  return {
    facts: {
      ...{ name: record.name, kind: 'terminal', state, foreground, owner: ownerOf(record.owner) },
      ...{ idleMs: lastActivityMs === null ? null : options.nowMs - lastActivityMs },
      isWatched: (pane?.attached ?? 0) > 0,
      isOwnHome: options.env[SESSION_MARKER] === record.id,
      showsEmptyPrompt: state === 'idle' && pane !== null && (await showsEmptyPrompt(server, pane)),
    },
    ...{ terminal, stranger: null, server, marker: record.id },
  };
}

async function ofStranger(
  options: GatherOptions,
  server: TmuxServer,
  stranger: Stranger,
  ownerOf: OwnerOf,
): Promise<Candidate> {
  const { pane, kind, sessionId } = stranger;
  const foreground = programIn(pane);
  const state = pane.dead ? 'ended' : foreground === null ? 'idle' : 'running';
  return {
    facts: {
      ...{ name: pane.sessionName, kind, state, foreground, owner: ownerOf(sessionId) },
      idleMs: pane.activity > 0 ? options.nowMs - pane.activity * 1000 : null,
      isWatched: pane.attached > 0,
      isOwnHome: (options.env['TMUX_PANE'] ?? '') === pane.paneId,
      showsEmptyPrompt: state === 'idle' && (await showsEmptyPrompt(server, pane)),
    },
    ...{ terminal: null, stranger, server, marker: sessionId },
  };
}

/** Null: a shell waits. */
function programIn(pane: PaneFacts): string | null {
  if (pane.dead) return null;
  const now = foregroundOf(pane.pid);
  const isLeader = now === null || now.group === groupOf(pane.pid);
  const program = isLeader ? pane.command : (now.program ?? pane.command);
  return isLeader && isShell(program) ? null : program;
}

/** By what stands there, not by what the process table says. */
async function showsEmptyPrompt(server: TmuxServer, { paneId }: PaneFacts): Promise<boolean> {
  const shown = (await server.capture(paneId)) ?? '';
  const last = shown.trimEnd().split('\n').at(-1) ?? '';
  return isEmptyPrompt(`${last} `, last.length + 1);
}
