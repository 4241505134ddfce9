import { unavailable } from '../errors.ts';
import type { TmuxServer } from './server.ts';

export interface SplitPane {
  readonly title: string;
  /** At least two words: tmux hands a single one to a shell. */
  readonly argv: readonly [string, string, ...string[]];
}

/** Where the panes are put: a session of their own, or a window of one that is there. */
export type SplitPlace =
  | { readonly type: 'session'; readonly name: string; readonly width: number; readonly height: number }
  | { readonly type: 'window'; readonly name: string; readonly sessionId: string };

const FORMAT = '#{session_id}|#{window_id}|#{pane_id}';

/**
 * Programs side by side in one window, tiled. They are plain programs in panes of the server itself: no tmux is put into
 * another. @throws `tmux-name-taken`; `tmux-failed` when there is no room for a pane, with all of it gone again.
 */
export async function splitLayout(
  server: TmuxServer,
  panes: readonly [SplitPane, ...SplitPane[]],
  place: SplitPlace,
): Promise<{ readonly sessionId: string; readonly windowId: string }> {
  const [first, ...rest] = panes;
  const begin =
    place.type === 'session'
      ? ['new-session', '-d', '-s', place.name, '-x', String(place.width), '-y', String(place.height)]
      : ['new-window', '-t', `${place.sessionId}:`, '-n', place.name];
  const made = await server.call([[...begin, '-P', '-F', FORMAT, '-c', '/', '--', ...first.argv]]);
  const [sessionId = '', windowId = '', paneId = ''] = made.stdout.trim().split('|');
  if (made.stderr.includes('duplicate session')) throw unavailable('tmux-name-taken', `${place.name} is there already`);
  if (made.exitCode !== 0 || paneId === '') throw failed(made.stderr);
  await server.call([
    ['select-pane', '-t', paneId, '-T', first.title],
    ['set-window-option', '-t', windowId, 'pane-border-status', 'top'],
    ['set-window-option', '-t', windowId, 'pane-border-format', ' #{pane_title} '],
  ]);
  let last = paneId;
  for (const { argv, title } of rest) {
    const split = await server.call([
      ['split-window', '-d', '-t', last, '-P', '-F', FORMAT, '-c', '/', '--', ...argv],
      // Each split halves one pane: without this there is soon no room.
      ['select-layout', '-t', windowId, 'tiled'],
    ]);
    const [, , id = ''] = (split.stdout.split('\n')[0] ?? '').split('|');
    if (split.exitCode !== 0) {
      await server.call([['kill-window', '-t', windowId]]);
      throw failed(split.stderr);
    }
    await server.call([['select-pane', '-t', id, '-T', title]]);
    last = id;
  }
  return { sessionId, windowId };
}

const failed = (stderr: string): Error =>
  unavailable('tmux-failed', `tmux could not lay out the panes: ${stderr.trim().slice(0, 200)}`, {
    remedy: 'Watch fewer sessions, or make the terminal larger.',
  });
