import { ConduxtError, ExitCode, messageOf } from '../../errors.ts';
import { listNames, readSession, type NamedSession, type SessionView } from '../../store/read-session.ts';
import { detailLines } from '../../views/details.ts';
import {
  SCHEMA_VERSION,
  sessionDetailsJson,
  sessionJson,
  type SessionJson,
  type StatusJson,
  type UnreadableJson,
} from '../../views/json-session.ts';
import { statusTable } from '../../views/status-table.ts';
import type { VerbContext } from '../context.ts';
import { fullStateDisk } from '../full-disk.ts';
import { finishVerb } from '../options.ts';
import { staySmall } from '../stay-small.ts';
import type { VerbCommand } from '../verb-command.ts';

/** With fewer the compilers hardly begin, and to say so costs 4 ms. */
const MANY = 24;

interface StatusOptions {
  readonly all?: boolean;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('[session]', 'show this one in detail: a name, repo/name, or a session id')
      .option('-a, --all', 'sessions of all repositories of this user')
      .action(
        context.act((name: string | undefined, options: StatusOptions) => {
          sayWhenFull(context);
          return name === undefined ? list(context, options) : show(context, name);
        }),
      ),
    {
      examples: ['conduxt status', 'conduxt status issue-78', 'conduxt ls --all --json'],
      exits: '0, 2 (ambiguous name), 4 (no such session)',
      notes: 'Reads files only: it never waits for an agent or a host.',
    },
  );
}

/** Its hosts cannot say so themselves: they write nothing until there is room. */
function sayWhenFull({ printer, places }: VerbContext): void {
  const full = fullStateDisk(places.home);
  if (full !== null) printer.note(full, 'bad');
}

function list(context: VerbContext, options: StatusOptions): number {
  const { printer, places, place, io } = context;
  const all = options.all === true || !place.inRepository;
  const named = all || place.repoKey !== null ? listNames(places.home, all ? null : place.repoKey) : [];
  if (named.length >= MANY) staySmall();
  const sessions = named.map((one) => read(context, one)).filter((one) => one !== null);
  if (context.json) {
    const document: StatusJson = { schemaVersion: SCHEMA_VERSION, sessions };
    printer.document(document);
    return ExitCode.done;
  }
  if (sessions.length === 0) {
    printer.note(
      all
        ? 'There are no sessions yet.'
        : 'There are no sessions in this repository. conduxt status --all shows the others.',
    );
    printer.note('  → Give an agent something to do: conduxt run "fix issue #78"');
    return ExitCode.done;
  }
  const qualified = new Set(named.map((one) => one.repoKey)).size > 1;
  printer.results(statusTable(sessions, { width: printer.width, qualified }));
  if (io.stdout.isTTY) summary(context, sessions);
  return ExitCode.done;
}

/** Questions are why a person looks at this table: say how to see them. */
function summary({ printer }: VerbContext, sessions: readonly (SessionJson | UnreadableJson)[]): void {
  const open = sessions.reduce((sum, one) => sum + (one.state === 'unreadable' ? 0 : one.openDecisions), 0);
  if (open > 0)
    printer.note(`${open === 1 ? 'A question waits' : `${open} questions wait`} for you: conduxt decisions`, 'warn');
}

/** A session that cannot be read is shown as such, and does not hide its neighbours. */
function read(context: VerbContext, named: NamedSession): SessionJson | UnreadableJson | null {
  try {
    const view = readSession(context.places.home, context.places.runtimeDir, named.id);
    return view === null ? null : sessionJson(view, context.io.now());
  } catch (error) {
    const code = error instanceof ConduxtError ? error.code : 'record-damaged';
    return { id: named.id, name: named.name, state: 'unreadable', error: { code, message: messageOf(error) } };
  }
}

function show(context: VerbContext, name: string): number {
  const view: SessionView = context.session(name);
  const details = sessionDetailsJson(view, context.io.now());
  if (context.json) context.printer.document(details);
  else context.printer.results(detailLines(details));
  return ExitCode.done;
}
