import { Option } from 'commander';
import { monotonicMs, pause } from '../../clock.ts';
import { UNSAFE_HOME } from '../../control/trusted-home.ts';
import { ConduxtError, ExitCode, heldElsewhere, messageOf, systemCode, usageError } from '../../errors.ts';
import { oneLine } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { formatDuration, plural } from '../../views/quantities.ts';
import { isNews, watchedJson, watchedLine } from '../watched.ts';
import { nextBeat } from '../../watchdog/beat.ts';
import { patrol, type Pass } from '../../watchdog/patrol.ts';
import type { WatchSettings } from '../../watchdog/settings.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb, parseDuration } from '../options.ts';
import { isEntryVerb, SCHEDULE_WORDS, watchdogEntry, type ScheduleWord } from '../watchdog-entry.ts';
import { loadWatchSettings } from '../watch-settings.ts';
import type { VerbCommand } from '../verb-command.ts';

interface WatchdogOptions {
  readonly once?: boolean;
  readonly interval?: number;
  readonly yes?: boolean;
  readonly with?: ScheduleWord;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument(
        '[session]',
        'look at this one now; or install, uninstall, status: of the timer or crontab entry that runs it',
      )
      .option('--once', 'look once and end: for cron and timers')
      .option('-y, --yes', 'write or remove the entry without being asked')
      .addOption(
        new Option(
          '--with <what>',
          'with install: what runs it (default: systemd where your user has one, else cron)',
        ).choices(SCHEDULE_WORDS),
      )
      .option(
        '--interval <duration>',
        'between two looks (30s, 3m; a bare number: seconds; default: watchdog.intervalSeconds)',
        parseDuration('s'),
      )
      .action(
        context.act((session: string | undefined, options: WatchdogOptions) => watchdog(context, session, options)),
      ),
    {
      examples: [
        'conduxt watchdog --once',
        'conduxt watchdog --interval 1m',
        'conduxt watchdog issue-78',
        'conduxt watchdog install',
        'conduxt watchdog install --with cron',
      ],
      exits:
        '0, 4 (no such session), 5 (no host could be started, neither systemd nor a crontab), 6 (nobody said yes),\n75 (another look hangs), 130',
      notes:
        'Looks after the sessions of all repositories of this user. It starts a host where one is owed and gone, speaks to\n' +
        'hosts that live, and tells people once about what it cannot mend. It asks no model and costs no tokens.\n' +
        'watchdog install shows exactly what it writes, with the absolute paths of Node and of this program, and asks first.',
    },
  );
}

async function watchdog(context: VerbContext, session: string | undefined, options: WatchdogOptions): Promise<number> {
  if (options.with !== undefined && session !== 'install') {
    throw usageError('conflicting-options', '--with belongs to conduxt watchdog install.', {
      remedy: 'uninstall removes what is there, whichever it is.',
    });
  }
  if (isEntryVerb(session)) return watchdogEntry(context, session, options);
  const settings = await loadWatchSettings(context);
  if (session !== undefined || options.once === true) {
    const only = session === undefined ? undefined : context.session(session).record.id;
    const pass = await onePass(context, settings, only, AbortSignal.timeout(settings.intervalMs));
    if (pass !== null) return show(context, pass, only !== undefined);
    // Cron begins one every few minutes: they would queue up behind a look that hangs.
    throw heldElsewhere('look-busy', `Another look has not ended within ${formatDuration(settings.intervalMs)}.`, {
      remedy: 'Try again; if it hangs, end the process of conduxt watchdog.',
    });
  }
  return loop(context, settings, options.interval ?? settings.intervalMs);
}

function onePass(
  context: VerbContext,
  settings: WatchSettings,
  only: string | undefined,
  signal?: AbortSignal,
): Promise<Pass | null> {
  const { home, runtimeDir } = context.places;
  const { io } = context;
  return patrol({
    ...{ home, runtimeDir, env: io.env, settings, now: () => io.now() },
    ...(only === undefined ? {} : { only }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/**
 * Looks again and again until Ctrl-C. What one pass could not do, a later one tries, also where it could not be begun:
 * the disk, the lock, a descriptor. Only a state directory that others can write to ends it.
 */
async function loop(context: VerbContext, settings: WatchSettings, intervalMs: number): Promise<number> {
  const stop = new AbortController();
  const dispose = context.io.onInterrupt(() => stop.abort());
  context.printer.note(`Looking every ${formatDuration(intervalMs)}; Ctrl-C ends it.`);
  try {
    const firstMs = monotonicMs();
    let told: string | null = null;
    while (!stop.signal.aborted) {
      const pass = await passOrProblem(context, settings, stop.signal);
      if (typeof pass === 'string') {
        if (pass !== told) context.printer.note(`This look could not be made; the next one tries again: ${pass}`);
        told = pass;
      } else {
        told = null;
        if (pass !== null) show(context, pass, false);
      }
      const nowMs = monotonicMs();
      await pause(nextBeat(firstMs, intervalMs, nowMs) - nowMs, stop.signal);
    }
    return ExitCode.interrupted;
  } finally {
    dispose();
  }
}

/** As `onePass`; what the world has against it comes as a sentence. */
async function passOrProblem(
  context: VerbContext,
  settings: WatchSettings,
  signal: AbortSignal,
): Promise<Pass | null | string> {
  try {
    return await onePass(context, settings, undefined, signal);
  } catch (error) {
    const mayPass = error instanceof ConduxtError ? error.code !== UNSAFE_HOME : systemCode(error) !== undefined;
    if (!mayPass) throw error;
    return oneLine(messageOf(error), 300);
  }
}

/** A session that was asked about is shown in any case; otherwise only what is not as it should be. */
function show({ printer, io }: VerbContext, pass: Pass, all: boolean): number {
  const shown = pass.sessions.filter((one) => all || isNews(one));
  if (printer.json) {
    printer.record({
      schemaVersion: SCHEMA_VERSION,
      looked: pass.sessions.length,
      tookMs: Math.round(pass.tookMs),
      sessions: shown.map(watchedJson),
      swept: pass.swept,
    });
  } else {
    for (const one of shown) printer.result(watchedLine(one));
    for (const place of pass.swept) printer.result(`removed what a killed command left behind: ${oneLine(place, 300)}`);
    if (shown.length + pass.swept.length === 0 && io.stderr.isTTY)
      printer.note(`Looked at ${plural(pass.sessions.length, 'session')}: nothing to do.`);
  }
  const failed = pass.sessions.some(({ done }) => done.some(({ problem }) => problem !== null));
  return failed ? ExitCode.unavailable : ExitCode.done;
}
