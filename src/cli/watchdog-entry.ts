import { existsSync, realpathSync } from 'node:fs';
import { ConduxtError, ExitCode, refused } from '../errors.ts';
import { oneLine } from '../text/sanitize.ts';
import { SCHEMA_VERSION } from '../views/json-session.ts';
import { CrontabEntry } from '../watchdog/install/crontab.ts';
import { programsIn as programsInLine } from '../watchdog/install/crontab-text.ts';
import type { Entry, PatrolCommand, Schedule, ScheduleKind } from '../watchdog/install/schedule.ts';
import { reachesSystemd, SystemdTimer } from '../watchdog/install/systemd.ts';
import { programsIn as programsInService } from '../watchdog/install/systemd-text.ts';
import type { VerbContext } from './context.ts';
import { loadWatchSettings } from './watch-settings.ts';
import { askYesNo, canAsk } from './yes-or-no.ts';

/** What `watchdog` does with whatever starts it every few minutes. A session of such a name is reached as `repo/name`. */
export const ENTRY_VERBS = ['install', 'uninstall', 'status'] as const;
export type EntryVerb = (typeof ENTRY_VERBS)[number];
export const isEntryVerb = (word: string | undefined): word is EntryVerb => ENTRY_VERBS.some((verb) => verb === word);

/** Words of `--with`. */
export const SCHEDULE_WORDS = ['systemd', 'cron'] as const;
export type ScheduleWord = (typeof SCHEDULE_WORDS)[number];

/** Where things are: what neither cron nor systemd would know by itself. */
const KEPT = ['PATH', 'CONDUXT_HOME', 'CONDUXT_CONFIG', 'XDG_STATE_HOME', 'XDG_CONFIG_HOME', 'XDG_RUNTIME_DIR'];

const NAMES: Readonly<Record<ScheduleKind, string>> = {
  systemd: 'a timer of your systemd',
  crontab: 'in your crontab',
};

interface EntryOptions {
  readonly yes?: boolean;
  readonly interval?: number;
  readonly with?: ScheduleWord;
}

export async function watchdogEntry(context: VerbContext, verb: EntryVerb, options: EntryOptions): Promise<number> {
  const { env, homedir } = context.io;
  const schedules = { systemd: new SystemdTimer(env, homedir), crontab: new CrontabEntry(env) };
  const found = await whatIsThere([schedules.systemd, schedules.crontab]);
  switch (verb) {
    case 'status':
      return status(context, found);
    case 'install': {
      const kind = await chosenKind(context, found, options.with);
      const wanted = schedules[kind];
      const settings = await loadWatchSettings(context);
      const entries = wanted.wanted(patrolCommand(env), options.interval ?? settings.intervalMs);
      // Never both: what is there of the other kind goes.
      const others = found.filter(({ schedule }) => schedule.kind !== kind);
      const there = found.find(({ schedule }) => schedule.kind === kind);
      const isThere = others.length === 0 && isSame(there?.entries, entries) && (await wanted.problem()) === null;
      const code = await change(context, { verb, by: kind, entries, removed: others, isThere, options }, async () => {
        for (const { schedule } of others) await schedule.remove();
        try {
          await wanted.install(entries);
        } catch (error) {
          for (const { schedule, entries: old } of others) await schedule.install(old);
          throw error;
        }
      });
      if (kind === 'systemd' && (await schedules.systemd.lingers()) === false) {
        context.printer.note('It pauses while you are logged out, and then what it started ends with your last login.');
        context.printer.note('  → loginctl enable-linger');
      }
      return code;
    }
    case 'uninstall': {
      const by = found[0]?.schedule.kind ?? 'crontab';
      const isThere = found.length === 0;
      return change(context, { verb, by, entries: [], removed: found, isThere, options }, async () => {
        for (const { schedule } of found) await schedule.remove();
      });
    }
  }
}

interface Found {
  readonly schedule: Schedule;
  readonly entries: readonly Entry[];
}

/** Of both kinds. A machine without cron has no entry in a crontab; any other trouble with it is told. */
async function whatIsThere(schedules: readonly Schedule[]): Promise<Found[]> {
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

/** As a person said; else what is there already; else systemd where it answers. */
async function chosenKind(
  { io }: VerbContext,
  found: readonly Found[],
  said: ScheduleWord | undefined,
): Promise<ScheduleKind> {
  if (said !== undefined) return said === 'cron' ? 'crontab' : 'systemd';
  return found[0]?.schedule.kind ?? ((await reachesSystemd(io.env)) ? 'systemd' : 'crontab');
}

const isSame = (one: readonly Entry[] | undefined, other: readonly Entry[]): boolean =>
  JSON.stringify(one ?? null) === JSON.stringify(other);

function patrolCommand(env: Readonly<Record<string, string | undefined>>): PatrolCommand {
  const kept = KEPT.flatMap((name): [string, string][] => {
    const value = env[name];
    return value === undefined || value === '' ? [] : [[name, value]];
  });
  const [, program = ''] = process.argv;
  return { node: process.execPath, program: realpathSync(program), env: Object.fromEntries(kept) };
}

interface Change {
  readonly verb: 'install' | 'uninstall';
  readonly by: ScheduleKind;
  readonly entries: readonly Entry[];
  readonly removed: readonly Found[];
  /** Nothing would be changed. */
  readonly isThere: boolean;
  readonly options: EntryOptions;
}

/** Shows exactly what is written and removed, asks, and does it. */
async function change(context: VerbContext, wish: Change, act: () => Promise<void>): Promise<number> {
  const { io, printer, json } = context;
  const { verb, by, entries, removed, isThere, options } = wish;
  const shown = verb === 'install' ? entries : removed.flatMap((one) => one.entries);
  const document = {
    schemaVersion: SCHEMA_VERSION,
    by,
    installed: verb === 'install',
    entry: by === 'crontab' ? (shown[0]?.text ?? null) : (shown.at(-1)?.place ?? null),
    files: by === 'crontab' ? [] : shown.map(({ place, text }) => ({ path: place, text })),
  };
  if (isThere) {
    const words = verb === 'install' ? 'The entry is there already.' : 'There is no entry to remove.';
    if (json) printer.document({ ...document, changed: false });
    else printer.result(words);
    return ExitCode.done;
  }
  if (!json) {
    for (const one of removed) show(context, 'removed from', one.schedule.kind, one.entries);
    if (entries.length > 0) show(context, 'written to', by, entries);
  }
  const agreed = options.yes === true || (canAsk(io) && !json && (await askYesNo(io, `May conduxt ${verb} it?`)));
  if (!agreed) {
    throw refused('not-agreed', 'Nothing was changed: nobody said yes.', {
      remedy: `Run conduxt watchdog ${verb}${options.with === undefined ? '' : ` --with ${options.with}`} --yes.`,
      facts: document,
    });
  }
  await act();
  if (json) printer.document({ ...document, changed: true });
  else printer.result(verb === 'install' ? 'Installed.' : 'Removed.');
  return ExitCode.done;
}

function show({ printer }: VerbContext, verb: string, kind: ScheduleKind, entries: readonly Entry[]): void {
  if (kind === 'crontab') {
    printer.result(`This line is ${verb} your crontab; all others stay:`);
    for (const { text } of entries) printer.result(`  ${oneLine(text, 2000)}`);
    return;
  }
  for (const { place, text } of entries) {
    printer.result(
      verb === 'removed from'
        ? `This file is removed: ${oneLine(place, 300)}`
        : `This is written to ${oneLine(place, 300)}:`,
    );
    if (verb !== 'removed from')
      for (const line of text.trimEnd().split('\n')) printer.result(`  ${oneLine(line, 2000)}`);
  }
}

async function status({ printer, json }: VerbContext, found: readonly Found[]): Promise<number> {
  const [one] = found;
  const { missing, problem } = await whatIsWrong(found);
  if (json) {
    const entry = one?.schedule.kind === 'systemd' ? one.entries.at(-1)?.place : one?.entries[0]?.text;
    const document = { by: one?.schedule.kind ?? 'crontab', installed: one !== undefined, entry: entry ?? null };
    printer.document({ schemaVersion: SCHEMA_VERSION, ...document, missing, problem });
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
  const wrong = missing === null ? problem : `${missing} is not there any more`;
  if (wrong !== null) {
    printer.note(`It cannot run: ${wrong}.`, 'bad');
    printer.note('  → conduxt watchdog install');
  }
  return ExitCode.done;
}

/** What is wrong with what is there: then it does not run. */
async function whatIsWrong(
  found: readonly Found[],
): Promise<{ readonly missing: string | null; readonly problem: string | null }> {
  const programs = found.flatMap(({ schedule, entries }) =>
    entries.flatMap(({ text }) => (schedule.kind === 'crontab' ? programsInLine(text) : programsInService(text))),
  );
  const [one] = found;
  const problem = one === undefined ? null : found.length > 1 ? BOTH : await one.schedule.problem();
  return { missing: programs.find((file) => !existsSync(file)) ?? null, problem };
}

/** For whoever wants to know whether the watchdog runs: where it is installed, and why it cannot run. */
export async function watchdogState({
  env,
  homedir,
}: VerbContext['io']): Promise<{ readonly where: string | null; readonly wrong: string | null }> {
  const found = await whatIsThere([new SystemdTimer(env, homedir), new CrontabEntry(env)]);
  const [one] = found;
  if (one === undefined) return { where: null, wrong: null };
  const { missing, problem } = await whatIsWrong(found);
  return { where: NAMES[one.schedule.kind], wrong: missing === null ? problem : `${missing} is not there any more` };
}

const BOTH = 'it is installed twice; one of them is enough';
