/** What tmux says about one pane. */
export interface PaneFacts {
  /** `$3`: counts from 0 again when the server is another one, so it is never kept without the pane's process. */
  readonly sessionId: string;
  readonly sessionName: string;
  readonly windowId: string;
  readonly paneId: string;
  readonly pid: number;
  /** Its program is gone. tmux 3.3a may not have noticed. */
  readonly dead: boolean;
  /** In copy mode, where keys do not reach the program. */
  readonly inMode: boolean;
  readonly attached: number;
  /** Seconds since 1970. */
  readonly activity: number;
  readonly command: string;
  readonly title: string;
}

/** Format and parser are a pair; the title comes last because it may hold anything. */
export const PANE_FORMAT = [
  ...['session_id', 'session_name', 'window_id', 'pane_id', 'pane_pid', 'pane_dead', 'pane_in_mode'],
  ...['session_attached', 'window_activity', 'pane_current_command', 'pane_title'],
]
  .map((name) => `#{${name}}`)
  .join('|');

const FIELDS = 11;

export function parsePanes(output: string): PaneFacts[] {
  return output.split('\n').flatMap((line) => {
    const parts = line.split('|');
    if (parts.length < FIELDS) return [];
    const [sessionId = '', sessionName = '', windowId = '', paneId = '', pid, dead, inMode, attached, activity] = parts;
    return [
      {
        ...{ sessionId, sessionName, windowId, paneId, pid: Number(pid), dead: dead === '1', inMode: inMode !== '0' },
        ...{ attached: Number(attached), activity: Number(activity), command: parts[9] ?? '' },
        title: parts.slice(FIELDS - 1).join('|'),
      },
    ];
  });
}
