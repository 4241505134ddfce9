import { ConduxtError } from '../errors.ts';
import type { TmuxServer } from '../tmux/server.ts';
import { splitLayout, type SplitPane } from '../tmux/split-layout.ts';

const WIDTH = 200;
const HEIGHT = 50;
/** More looks at once are somebody's mistake. */
const MAX_LAYOUTS = 50;
/** One that was printed as a command is looked at by then, or by nobody. */
const UNUSED_MS = 10 * 60_000;

/**
 * Panes side by side in a session of their own: `<prefix>watch`, or with a number behind it while others look, so that
 * nobody's look ends another's. It goes when its last viewer leaves.
 */
export async function ownLayout(
  server: TmuxServer,
  panes: readonly [SplitPane, ...SplitPane[]],
  { prefix, nowMs }: { readonly prefix: string; readonly nowMs: number },
): Promise<{ readonly name: string; readonly sessionId: string }> {
  const base = `${prefix}watch`;
  const taken = await layoutsThere(server, base, nowMs);
  for (let number = 1; number <= MAX_LAYOUTS; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (taken.has(name)) continue;
    try {
      const { sessionId } = await splitLayout(server, panes, { type: 'session', name, width: WIDTH, height: HEIGHT });
      // Not at once: tmux ends it before anybody has come.
      const leave = `set-option -t '${sessionId}' destroy-unattached on`;
      await server.call([['set-hook', '-t', sessionId, 'client-attached', leave]]);
      return { name, sessionId };
    } catch (error) {
      // Another look began in this moment.
      if (!(error instanceof ConduxtError) || error.code !== 'tmux-name-taken') throw error;
    }
  }
  throw new Error(`${MAX_LAYOUTS} sessions named ${base} are there`);
}

/** The names in use. What nobody ever came to look at is ended: panes with logs, nothing else. */
async function layoutsThere(server: TmuxServer, base: string, nowMs: number): Promise<Set<string>> {
  const format = '#{session_name}|#{session_id}|#{session_attached}|#{session_created}';
  const { stdout } = await server.call([['list-sessions', '-F', format]]);
  const taken = new Set<string>();
  for (const line of stdout.split('\n')) {
    const [name = '', sessionId = '', attached, created] = line.split('|');
    const [, number] = name.startsWith(base) ? (/^(-\d+)?$/.exec(name.slice(base.length)) ?? []) : [];
    if (name !== base && number === undefined) continue;
    const isUnused = attached === '0' && nowMs - Number(created) * 1000 > UNUSED_MS;
    if (isUnused) await server.endSession(sessionId);
    else taken.add(name);
  }
  return taken;
}
