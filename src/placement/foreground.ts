import { readFileSync } from 'node:fs';
import { statFields } from '../process/stat.ts';

/** What has a terminal's keyboard. */
export interface Foreground {
  /** The process group that reads the keyboard. */
  readonly group: number;
  /** Its name as the system knows it; null when it is gone. */
  readonly program: string | null;
}

/**
 * The foreground of the terminal that `pid` is in. tmux's own word for it is the supervisor, as the leader of the group,
 * so the kernel is asked. Null where there is no /proc, or no terminal.
 */
export function foregroundOf(pid: number): Foreground | null {
  const fields = statFields(pid);
  const group = Number(fields?.[5] ?? -1);
  return group > 0 ? { group, program: commandOf(group) } : null;
}

/** The process group of `pid`; null when it is gone. */
export function groupOf(pid: number): number | null {
  const group = Number(statFields(pid)?.[2] ?? NaN);
  return Number.isInteger(group) ? group : null;
}

/** The name of a process's program: by its command line, since a process may call its threads what it likes. */
export function commandOf(pid: number): string | null {
  try {
    const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const name = program.split(' ')[0]?.split('/').at(-1) ?? '';
    return name === '' ? readFileSync(`/proc/${pid}/comm`, 'utf8').trim() : name;
  } catch {
    // Gone, or no /proc.
    return null;
  }
}
