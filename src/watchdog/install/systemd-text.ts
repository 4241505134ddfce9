import { usageError } from '../../errors.ts';
import type { PatrolCommand } from './schedule.ts';

/**
 * Every look in a scope of its own, in which the hosts it brings back go on when it is over. In the service itself systemd
 * would end them with the look; told not to (`KillMode=process`), it complains of each of them at every further look
 * (`Found left-over process`), and ends them without a signal when the machine is shut down.
 */
const IN_ITS_OWN_SCOPE = 'systemd-run --user --scope --collect --quiet --';

/** A look takes seconds; one that hangs must not keep all others from being begun. Its hosts live on. */
const LONGEST_LOOK = '15min';

/** One look, started by the timer. */
export function serviceText({ node, program, env }: PatrolCommand): string {
  const settings = Object.entries(env).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`);
  return [
    '# Written by conduxt watchdog install; conduxt watchdog uninstall removes it.',
    '[Unit]',
    'Description=conduxt watchdog: one look at all sessions',
    '',
    '[Service]',
    'Type=oneshot',
    `TimeoutStartSec=${LONGEST_LOOK}`,
    'SyslogIdentifier=conduxt',
    ...settings,
    `ExecStart=${IN_ITS_OWN_SCOPE} ${word(node)} ${word(program)} watchdog --once`,
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

/** Null: a person changed it. */
export function intervalOf(timer: string): number | null {
  const [, seconds] = /^OnUnitActiveSec=(\d+)s$/m.exec(timer) ?? [];
  return seconds === undefined ? null : Number(seconds) * 1000;
}

/** The paths that a service needs, to see whether they are still there. */
export function programsIn(service: string): string[] {
  const line = /^ExecStart=(.*)$/m.exec(service)?.[1] ?? '';
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
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
