import { existsSync, realpathSync } from 'node:fs';
import { ExitCode, refused } from '../errors.ts';
import { oneLine } from '../text/sanitize.ts';
import { SCHEMA_VERSION } from '../views/json-session.ts';
import { readCrontab, writeCrontab } from '../watchdog/install/crontab.ts';
import { cronLine, entryIn, withEntry, withoutEntry, type PatrolCommand } from '../watchdog/install/crontab-text.ts';
import type { VerbContext } from './context.ts';
import { loadWatchSettings } from './watch-settings.ts';
import { askYesNo, canAsk } from './yes-or-no.ts';

/** What `watchdog` does with the crontab. A session of such a name is reached as `repo/name`. */
export const ENTRY_VERBS = ['install', 'uninstall', 'status'] as const;
export type EntryVerb = (typeof ENTRY_VERBS)[number];
export const isEntryVerb = (word: string | undefined): word is EntryVerb => ENTRY_VERBS.some((verb) => verb === word);

/** Where things are: what cron would not know by itself. */
const KEPT = ['PATH', 'CONDUXT_HOME', 'CONDUXT_CONFIG', 'XDG_STATE_HOME', 'XDG_CONFIG_HOME', 'XDG_RUNTIME_DIR'];

export async function watchdogEntry(
  context: VerbContext,
  verb: EntryVerb,
  options: { readonly yes?: boolean; readonly interval?: number },
): Promise<number> {
  const { env } = context.io;
  const before = await readCrontab(env);
  const found = entryIn(before);
  switch (verb) {
    case 'status':
      return status(context, found);
    case 'install': {
      const settings = await loadWatchSettings(context);
      const line = cronLine(patrolCommand(env), options.interval ?? settings.intervalMs);
      return change(context, { verb, before, after: withEntry(before, line), line, yes: options.yes === true });
    }
    case 'uninstall':
      return change(context, { verb, before, after: withoutEntry(before), line: found, yes: options.yes === true });
  }
}

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
  readonly before: string;
  readonly after: string;
  readonly line: string | null;
  readonly yes: boolean;
}

/** Shows exactly what is written, asks, writes, and reads it back. */
async function change(context: VerbContext, { verb, before, after, line, yes }: Change): Promise<number> {
  const { io, printer, json } = context;
  const document = { schemaVersion: SCHEMA_VERSION, by: 'crontab', installed: verb === 'install', entry: line };
  if (after === before) {
    const words = verb === 'install' ? 'The entry is there already.' : 'There is no entry to remove.';
    if (json) printer.document({ ...document, changed: false });
    else printer.result(words);
    return ExitCode.done;
  }
  if (!json) {
    printer.result(`This line is ${verb === 'install' ? 'written to' : 'removed from'} your crontab; all others stay:`);
    printer.result(`  ${oneLine(line ?? '', 2000)}`);
  }
  const agreed = yes || (canAsk(io) && !json && (await askYesNo(io, `May conduxt ${verb} it?`)));
  if (!agreed) {
    throw refused('not-agreed', 'Nothing was changed: nobody said yes.', {
      remedy: `Run conduxt watchdog ${verb} --yes.`,
      facts: document,
    });
  }
  await writeCrontab(io.env, after);
  if (json) printer.document({ ...document, changed: true });
  else printer.result(verb === 'install' ? 'Installed.' : 'Removed.');
  return ExitCode.done;
}

function status({ printer, json }: VerbContext, entry: string | null): number {
  const missing = entry === null ? null : missingFile(entry);
  if (json) {
    const document = { by: 'crontab', installed: entry !== null, entry, missing };
    printer.document({ schemaVersion: SCHEMA_VERSION, ...document });
    return ExitCode.done;
  }
  if (entry === null) {
    printer.result('The watchdog is not in your crontab.');
    printer.note('  → conduxt watchdog install');
    return ExitCode.done;
  }
  printer.result('The watchdog is in your crontab:');
  printer.result(`  ${oneLine(entry, 2000)}`);
  if (missing !== null) {
    printer.note(`It cannot run: ${missing} is not there any more.`, 'bad');
    printer.note('  → conduxt watchdog install');
  }
  return ExitCode.done;
}

/** Node or the program itself, when an upgrade has moved it. */
function missingFile(entry: string): string | null {
  const paths = [...entry.matchAll(/ '(\/[^']*)'/g)].map(([, file]) => (file ?? '').replaceAll('\\%', '%'));
  return paths.find((file) => !existsSync(file)) ?? null;
}
