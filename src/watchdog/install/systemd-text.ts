import { usageError } from '../../errors.ts';
import type { PatrolCommand } from './schedule.ts';

/** What systemd takes for the name of a program; it refuses quotes and such there, even when they are escaped. */
const PLAIN = /^[\w./@+ -]+$/;
const THROUGH_SHELL = `/bin/sh -c 'exec "$$@"' sh `;

/**
 * One look, started by the timer. `KillMode=process`: by default systemd ends everything that a look has started when the
 * look is over, and that is the hosts it brought back.
 */
export function serviceText({ node, program, env }: PatrolCommand): string {
  const settings = Object.entries(env).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`);
  return [
    '# Written by conduxt watchdog install; conduxt watchdog uninstall removes it.',
    '[Unit]',
    'Description=conduxt watchdog: one look at all sessions',
    '',
    '[Service]',
    'Type=oneshot',
    'KillMode=process',
    ...settings,
    `ExecStart=${PLAIN.test(node) ? '' : THROUGH_SHELL}${word(node)} ${word(program)} watchdog --once`,
    '',
  ].join('\n');
}

/** A while after the login, then always so long after the last look began. */
export function timerText(intervalMs: number): string {
  const seconds = Math.max(10, Math.round(intervalMs / 1000));
  return [
    '# Written by conduxt watchdog install; conduxt watchdog uninstall removes it.',
    '[Unit]',
    'Description=conduxt watchdog: the next look',
    '',
    '[Timer]',
    'OnStartupSec=30s',
    `OnUnitActiveSec=${seconds}s`,
    'AccuracySec=5s',
    '',
    '[Install]',
    'WantedBy=timers.target',
    '',
  ].join('\n');
}

/** The paths that a service needs, to see whether they are still there. */
export function programsIn(service: string): string[] {
  const line = /^ExecStart=(.*)$/m.exec(service)?.[1] ?? '';
  return [...line.replace(THROUGH_SHELL, '').matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    text.replaceAll('$$', '$').replaceAll('%%', '%').replaceAll(/\\(.)/g, '$1'),
  );
}

/** systemd replaces variables in commands, but not in settings of the environment. */
const word = (text: string): string => quoted(text).replaceAll('$', '$$$$');

/** @throws `path-not-for-systemd` (exit 2): a line break, or a byte that no unit may hold. */
function quoted(text: string): string {
  if (/[\u0000-\u001f\u007f\ufffd]/.test(text)) {
    throw usageError(
      'path-not-for-systemd',
      `${JSON.stringify(text.slice(0, 80))} cannot stand in a unit of systemd.`,
      {
        remedy: 'Say conduxt watchdog install --with cron, or move the program.',
      },
    );
  }
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}
