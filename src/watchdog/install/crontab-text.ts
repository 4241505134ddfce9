import { usageError } from '../../errors.ts';
import type { PatrolCommand } from './schedule.ts';

const BEGIN = '# >>> conduxt watchdog (conduxt watchdog uninstall removes this) >>>';
const END = '# <<< conduxt watchdog <<<';

/** Every so many minutes; cron knows nothing shorter, and no step across the hour. */
function schedule(intervalMs: number): string {
  const minutes = Math.max(1, Math.round(intervalMs / 60_000));
  if (minutes === 1) return '* * * * *';
  return minutes < 60 ? `*/${minutes} * * * *` : '0 * * * *';
}

/** One line of a crontab. @throws `path-not-for-cron` (exit 2): a line break cannot be written there. */
export function cronLine(command: PatrolCommand, intervalMs: number): string {
  const settings = Object.entries(command.env).map(([name, value]) => `${name}=${quoted(value)}`);
  const words = [...settings, quoted(command.node), quoted(command.program), 'watchdog --once >/dev/null 2>&1'];
  return `${schedule(intervalMs)} ${words.join(' ')}`;
}

/** For the shell that cron starts; cron itself takes an unescaped `%` for a line break. */
function quoted(text: string): string {
  if (/[\n\r\0]/.test(text)) {
    throw usageError('path-not-for-cron', `${JSON.stringify(text.slice(0, 80))} cannot stand in a crontab.`);
  }
  return `'${text.replaceAll("'", `'\\''`).replaceAll('%', '\\%')}'`;
}

/** The crontab with our entry, which replaces an older one where it stands; every other byte stays. */
export function withEntry(crontab: string, line: string): string {
  const block = `${BEGIN}\n${line}\n${END}\n`;
  const found = findBlock(crontab);
  if (found !== null) return crontab.slice(0, found.start) + block + crontab.slice(found.end);
  return crontab === '' || crontab.endsWith('\n') ? crontab + block : `${crontab}\n${block}`;
}

/** The crontab without our entry; every other byte stays. */
export function withoutEntry(crontab: string): string {
  const found = findBlock(crontab);
  return found === null ? crontab : crontab.slice(0, found.start) + crontab.slice(found.end);
}

/** Our line; null when there is none. */
export function entryIn(crontab: string): string | null {
  const found = findBlock(crontab);
  if (found === null) return null;
  return crontab.slice(found.start + BEGIN.length + 1, found.end).split('\n')[0] ?? null;
}

/** A beginning without an end is not ours to guess about: it counts as none. */
function findBlock(crontab: string): { readonly start: number; readonly end: number } | null {
  const start = crontab.startsWith(`${BEGIN}\n`) ? 0 : crontab.indexOf(`\n${BEGIN}\n`) + 1;
  if (start === 0 && !crontab.startsWith(`${BEGIN}\n`)) return null;
  const at = crontab.indexOf(`\n${END}`, start);
  if (at < 0) return null;
  const after = at + 1 + END.length;
  return { start, end: crontab[after] === '\n' ? after + 1 : after };
}

/** What `schedule` made of it; null: a person changed the line. */
export function intervalOf(line: string): number | null {
  const [, minute = ''] = /^(\S+) \* \* \* \* /.exec(line) ?? [];
  const minutes = minute === '*' ? 1 : minute === '0' ? 60 : Number(/^\*\/(\d+)$/.exec(minute)?.[1] ?? NaN);
  return Number.isNaN(minutes) ? null : minutes * 60_000;
}

/** The paths that a line needs, to see whether they are still there. */
export const programsIn = (line: string): string[] =>
  [...line.matchAll(/ '(\/[^']*)'/g)].map(([, file]) => (file ?? '').replaceAll('\\%', '%'));
