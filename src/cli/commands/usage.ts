import { ExitCode } from '../../errors.ts';
import { readJournal } from '../../journal/read-journal.ts';
import { isSessionId } from '../../session/ids.ts';
import { namesIn } from '../../store/names-in.ts';
import { sessionPaths } from '../../store/paths.ts';
import { readRecord } from '../../store/read-session.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { turnsOf, usageJson, type TurnsOfSession, type UsageJson } from '../../views/usage.ts';
import { dayTable, sessionTable, turnTable, usageNote } from '../../views/usage-tables.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb, parseCount } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';

interface UsageOptions {
  readonly all?: boolean;
  readonly days?: number;
}

const A_DAY_MS = 86_400_000;
const USUAL_DAYS = 30;

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('[session]', 'turn by turn of this one: a name, repo/name, or a session id')
      .option('-a, --all', 'of all repositories of this user')
      .option('--days <n>', `of the last n days (${USUAL_DAYS}; of one session all)`, parseCount(1, 36_500))
      .action(
        context.act((name: string | undefined, options: UsageOptions) =>
          name === undefined ? ofAll(context, options) : ofOne(context, name, options.days),
        ),
      ),
    {
      examples: ['conduxt usage', 'conduxt usage issue-78', 'conduxt usage --all --days 7 --json'],
      exits: '0, 2 (ambiguous name), 4 (no such session)',
      notes:
        'Tokens and cost are what the agents themselves report; a turn that a crash interrupted reported nothing.\n' +
        'Sessions that were retried or stopped count, too. Budgets: run --max-tokens, --max-cost.',
    },
  );
}

function ofAll(context: VerbContext, options: UsageOptions): number {
  const { place } = context;
  const all = options.all === true || !place.inRepository;
  const since = sinceMs(context, options.days ?? USUAL_DAYS);
  const sessions = readAll(context)
    .filter(({ record }) => all || (record.repo !== null && record.repo.key === place.repoKey))
    .map(({ record, turns }) => ({ record, turns: turns.filter((turn) => Date.parse(turn.endedAt) >= since) }));
  const usage: UsageJson = usageJson(sessions, localDay);
  if (context.json) {
    context.printer.document(usage);
    return ExitCode.done;
  }
  const { printer } = context;
  if (usage.total.turns === 0) {
    printer.note(`No turn ended ${all ? '' : 'in this repository '}in this time.`);
    return ExitCode.done;
  }
  printer.results(dayTable(usage.days));
  printer.result('');
  printer.results(sessionTable(usage.sessions, all));
  const note = usageNote(usage.total);
  if (note !== null) printer.note(note);
  return ExitCode.done;
}

function ofOne(context: VerbContext, name: string, days: number | undefined): number {
  const { record, paths } = context.session(name);
  const since = days === undefined ? 0 : sinceMs(context, days);
  const turns = turnsOf(readJournal(paths.journal).records).filter((turn) => Date.parse(turn.endedAt) >= since);
  const usage: UsageJson = { ...usageJson([{ record, turns }], localDay), schemaVersion: SCHEMA_VERSION, turns };
  const { printer } = context;
  if (context.json) printer.document(usage);
  else if (turns.length === 0) printer.note(`No turn of ${record.name} has ended yet.`);
  else {
    printer.results(turnTable(turns));
    printer.result('');
    printer.results(sessionTable(usage.sessions, false));
    const note = usageNote(usage.total);
    if (note !== null) printer.note(note);
  }
  return ExitCode.done;
}

/** Every session, those that gave their name away as well. What cannot be read has nothing to add. */
function readAll({ places }: VerbContext): TurnsOfSession[] {
  return namesIn(places.sessionsDir)
    .filter(isSessionId)
    .flatMap((id) => {
      const paths = sessionPaths(places.home, id, places.runtimeDir);
      try {
        const record = readRecord(paths.record);
        return record === null ? [] : [{ record, turns: turnsOf(readJournal(paths.journal).records) }];
      } catch {
        // `status` and `doctor --verify` show what is wrong with it.
        return [];
      }
    });
}

/** Whole days, counted from the next midnight back: today is the first. */
function sinceMs({ io }: VerbContext, days: number): number {
  const midnight = new Date(io.now());
  midnight.setHours(24, 0, 0, 0);
  return midnight.getTime() - days * A_DAY_MS;
}

/** The day where this command runs, as its reader counts days. */
function localDay(iso: string): string {
  const at = new Date(iso);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
