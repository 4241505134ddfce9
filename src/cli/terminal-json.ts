import type { Terminal } from '../placement/terminal.ts';
import { isoTime } from '../clock.ts';

/** One terminal, for programs. */
export interface TerminalJson {
  readonly name: string;
  readonly id: string;
  readonly kind: 'terminal';
  readonly state: Terminal['state'];
  readonly foreground: string | null;
  readonly lastActivityAt: string | null;
  readonly createdAt: string;
  readonly directory: string;
  /** Null: a shell. */
  readonly command: readonly string[] | null;
  /** The session whose agent asked for it. */
  readonly owner: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export function terminalJson({ record, state, foreground, lastActivityMs, exit }: Terminal): TerminalJson {
  return {
    name: record.name,
    id: record.id,
    kind: 'terminal',
    state,
    foreground,
    lastActivityAt: lastActivityMs === null ? null : isoTime(lastActivityMs),
    createdAt: record.createdAt,
    directory: record.cwd,
    command: record.command,
    owner: record.owner,
    exitCode: exit?.exitCode ?? null,
    signal: exit?.signal ?? null,
  };
}
