import { existsSync } from 'node:fs';
import { ConduxtError, ExitCode } from '../errors.ts';
import { oneLine } from '../text/sanitize.ts';
import { SCHEMA_VERSION } from '../views/json-session.ts';
import { formatDuration } from '../views/quantities.ts';
import { watchdogDirectory } from '../watchdog/fleet.ts';
import { CrontabEntry } from '../watchdog/install/crontab.ts';
import { programsIn as programsInLine } from '../watchdog/install/crontab-text.ts';
import type { Entry, Schedule, ScheduleKind } from '../watchdog/install/schedule.ts';
import { SystemdTimer } from '../watchdog/install/systemd.ts';
import { programsIn as programsInService } from '../watchdog/install/systemd-text.ts';
import { isOverdue, lastLook } from '../watchdog/last-look.ts';
import type { VerbContext } from './context.ts';

const NAMES: Readonly<Record<ScheduleKind, string>> = {
  systemd: 'a timer of your systemd',
  crontab: 'in your crontab',
};

export interface Found {
  readonly schedule: Schedule;
  readonly entries: readonly Entry[];
}

/** Of both kinds. A machine without cron has no entry in a crontab; any other trouble with it is told. */
export async function whatIsThere(schedules: readonly Schedule[]): Promise<Found[]> {
  const found: Found[] = [];
  for (const schedule of schedules) {
    try {
      const entries = await schedule.installed();
      if (entries !== null) found.push({ schedule, entries });
    } catch (error) {
      if (!(error instanceof ConduxtError) || error.code !== 'no-crontab') throw error;
    }
  }
  return found;
}

export function noteNoLinger({ printer }: VerbContext): void {
  printer.note(
    'It pauses while you are logged out, after a reboot until your next login, and what it started ends with',
  );
  printer.note('your last one.');
  printer.note('  → loginctl enable-linger');
}

/** Where the watchdog is, when it looked last, and why it does not run. */
export async function showStatus(context: VerbContext, found: readonly Found[]): Promise<number> {
  const { printer, json, io, places } = context;
  const [one] = found;
  const { missing, problem, remedy } = await whatIsWrong(context, found);
  const atMs = lastLook(watchdogDirectory(places.home))?.atMs ?? null;
  const lastLookAt = atMs === null ? null : new Date(atMs).toISOString();
  const lingers = one?.schedule.kind === 'systemd' ? await new SystemdTimer(io.env, io.homedir).lingers() : null;
  if (json) {
    const entry = one?.schedule.kind === 'systemd' ? one.entries.at(-1)?.place : one?.entries[0]?.text;
    const document = { by: one?.schedule.kind ?? 'crontab', installed: one !== undefined, entry: entry ?? null };
    printer.document({ schemaVersion: SCHEMA_VERSION, ...document, missing, problem, lastLookAt, lingers });
    return ExitCode.done;
  }
  if (one === undefined) {
    printer.result('The watchdog is neither in your crontab nor a timer of your systemd.');
    printer.note('  → conduxt watchdog install');
    return ExitCode.done;
  }
  for (const { schedule, entries } of found) {
    printer.result(`The watchdog is ${NAMES[schedule.kind]}:`);
    for (const { place, text } of entries)
      printer.result(`  ${schedule.kind === 'crontab' ? oneLine(text, 2000) : oneLine(place, 300)}`);
  }
  const ago = atMs === null ? '' : formatDuration(io.now() - atMs);
  printer.result(atMs === null ? 'It has not looked yet.' : `It looked ${ago} ago, at ${lastLookAt}.`);
  const wrong = inWords(missing, problem);
  if (wrong !== null) {
    printer.note(`It does not run: ${wrong}.`, 'bad');
    printer.note(`  → ${remedy}`);
  }
  if (lingers === false) noteNoLinger(context);
  return ExitCode.done;
}

const inWords = (missing: string | null, problem: string | null): string | null =>
  missing === null ? problem : `${missing} is not there any more`;

interface Wrong {
  /** A program that is named and not there. */
  readonly missing: string | null;
  readonly problem: string | null;
  readonly remedy: string;
}

/** What is wrong with what is there: then it does not run. */
async function whatIsWrong(
  { io, places }: Pick<VerbContext, 'io' | 'places'>,
  found: readonly Found[],
): Promise<Wrong> {
  const programs = found.flatMap(({ schedule, entries }) =>
    entries.flatMap(({ text }) => (schedule.kind === 'crontab' ? programsInLine(text) : programsInService(text))),
  );
  const missing = programs.find((file) => !existsSync(file)) ?? null;
  const remedy = 'conduxt watchdog install';
  const [one] = found;
  if (one === undefined) return { missing, problem: null, remedy };
  const problem = found.length > 1 ? BOTH : await one.schedule.problem();
  if (problem !== null || missing !== null) return { missing, problem, remedy };
  return { missing, problem: whyLate(one, places.home, io.now()), remedy: one.schedule.logs };
}

const BOTH = 'it is installed twice; one of them is enough';

/** Its files are right, and still nobody looks: a cron that was never started, say. */
function whyLate({ schedule, entries }: Found, home: string, nowMs: number): string | null {
  const look = lastLook(watchdogDirectory(home));
  const intervalMs = schedule.intervalMs(entries);
  if (look === null || intervalMs === null || !isOverdue(look, intervalMs, nowMs)) return null;
  const due = `it should look every ${formatDuration(intervalMs)}`;
  const ago = formatDuration(nowMs - look.sinceMs);
  return look.atMs === null ? `${due}, and did not since it was installed ${ago} ago` : `${due}, and did ${ago} ago`;
}

/** For whoever wants to know whether the watchdog runs: where it is installed, and why it does not run. */
export async function watchdogState(
  context: Pick<VerbContext, 'io' | 'places'>,
): Promise<{ readonly where: string | null; readonly wrong: string | null; readonly remedy: string }> {
  const { env, homedir } = context.io;
  const found = await whatIsThere([new SystemdTimer(env, homedir), new CrontabEntry(env)]);
  const { missing, problem, remedy } = await whatIsWrong(context, found);
  const [one] = found;
  return one === undefined
    ? { where: null, wrong: null, remedy }
    : { where: NAMES[one.schedule.kind], wrong: inWords(missing, problem), remedy };
}
