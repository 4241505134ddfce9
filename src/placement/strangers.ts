import { isSessionId } from '../session/ids.ts';
import type { PaneFacts } from '../tmux/pane-list.ts';
import type { TmuxServer } from '../tmux/server.ts';
import type { Terminal } from './terminal.ts';

/** A pane that no terminal of the ledger has. */
export interface Stranger {
  readonly pane: PaneFacts;
  /** `agent`: of a session of conduxt, which has commands of its own. */
  readonly kind: 'agent' | 'other';
  /** Of that session. */
  readonly sessionId: string | null;
}

const SEPARATOR = '|';

/** What else runs on the server. */
export async function strangersOn(server: TmuxServer, terminals: readonly Terminal[]): Promise<Stranger[]> {
  const ours = new Set(terminals.map(({ pane }) => pane?.paneId));
  const [panes, starts] = await Promise.all([server.panes(), startCommands(server)]);
  return panes
    .filter(({ paneId }) => !ours.has(paneId))
    .map((pane) => {
      const sessionId = sessionIn(starts.get(pane.paneId) ?? '');
      return { pane, kind: sessionId === null ? 'other' : 'agent', sessionId };
    });
}

/** A supervisor is started with its run directory, which is inside of its session's. */
function sessionIn(startCommand: string): string | null {
  const [, id = ''] = /\/sessions\/(s-[0-9a-z]{26})\/run\//.exec(startCommand) ?? [];
  return isSessionId(id) ? id : null;
}

async function startCommands(server: TmuxServer): Promise<Map<string, string>> {
  const { stdout } = await server.call([['list-panes', '-a', '-F', `#{pane_id}${SEPARATOR}#{pane_start_command}`]]);
  const pairs = stdout.split('\n').map((line): [string, string] => {
    const at = line.indexOf(SEPARATOR);
    return [line.slice(0, at), line.slice(at + 1)];
  });
  return new Map(pairs);
}
