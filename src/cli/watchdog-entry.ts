import { realpathSync } from 'node:fs';
import { ExitCode, refused } from '../errors.ts';
import { makePrivateDirectory } from '../store/durable-files.ts';
import { oneLine } from '../text/sanitize.ts';
import { SCHEMA_VERSION } from '../views/json-session.ts';
import { watchdogDirectory } from '../watchdog/fleet.ts';
import { CrontabEntry } from '../watchdog/install/crontab.ts';
import type { Entry, PatrolCommand, ScheduleKind } from '../watchdog/install/schedule.ts';
import { reachesSystemd, SystemdTimer } from '../watchdog/install/systemd.ts';
import { noteLook } from '../watchdog/last-look.ts';
import type { VerbContext } from './context.ts';
import { loadWatchSettings } from './watch-settings.ts';
import { noteNoLinger, showStatus, whatIsThere, type Found } from './watchdog-status.ts';
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
      return showStatus(context, found);
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
        const directory = watchdogDirectory(context.places.home);
        makePrivateDirectory(directory);
        noteLook(directory, null);
        for (const { schedule } of others) await schedule.remove();
        try {
          await wanted.install(entries);
        } catch (error) {
          for (const { schedule, entries: old } of others) await schedule.install(old);
          throw error;
        }
      });
      if (kind === 'systemd' && (await schedules.systemd.lingers()) === false) noteNoLinger(context);
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
