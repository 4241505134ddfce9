import { existsSync } from 'node:fs';
import type { TellReply } from '../../control/protocol.ts';
import { ConduxtError, ExitCode, refused, usageError } from '../../errors.ts';
import { newPromptId } from '../../session/ids.ts';
import type { SessionRecord } from '../../session/record.ts';
import type { TellMode } from '../../session/words.ts';
import { START, type Cursor } from '../../store/cursor.ts';
import type { SessionPaths } from '../../store/paths.ts';
import type { SessionView } from '../../store/read-session.ts';
import { oneLine } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { plural } from '../../views/quantities.ts';
import type { VerbContext } from '../context.ts';
import { askHost } from '../host-call.ts';
import { finishVerb } from '../options.ts';
import { promptText } from '../prompt-text.ts';
import type { VerbCommand } from '../verb-command.ts';

interface TellOptions {
  readonly queue?: boolean;
  readonly steer?: boolean;
  readonly interrupt?: boolean;
  readonly replace?: boolean;
  readonly file?: string;
  readonly formula?: string;
  readonly key?: string;
  readonly create?: boolean;
  readonly agent?: string;
  readonly wait?: boolean;
}

const MODES: readonly TellMode[] = ['queue', 'steer', 'interrupt', 'replace'];
/** Ids of the control protocol. */
const KEY = /^[\w./:@-]{1,200}$/;
/** An interrupt waits for nothing; a steer waits for the agent to take it. */
const TELL_TIMEOUT_MS = 30_000;

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<session>', 'a name, repo/name, or a session id')
      .argument('[text...]', 'what to say; - reads standard input')
      .option('--queue', 'after what is already queued (the default)')
      .option('--steer', 'into the running turn, where the agent can; otherwise queued')
      .option('--interrupt', 'end the running turn, then this next')
      .option('--replace', 'as --interrupt, and drop what is queued')
      .option('--file <path>', 'read the text from a file')
      .option('--formula <name>', 'say what `formulas` of the configuration holds under this name, then the text')
      .option('--key <key>', 'idempotency key: the same key twice is one prompt')
      .option('--create', 'start a session of this name when there is none')
      .option('--agent <name>', 'the agent of a session that --create starts')
      .option('--wait', 'wait until the session has nothing left to do')
      .action(
        context.act((name: string, words: string[], options: TellOptions) => tell(context, name, words, options)),
      ),
    {
      examples: [
        'conduxt tell issue-78 "Also update the changelog"',
        'conduxt tell issue-78 --interrupt "Stop: use the old parser instead"',
        'git diff | conduxt tell helper -',
        'conduxt tell issue-78 --formula review "Only the parser"',
      ],
      exits:
        '0 (the text is on stable storage), 2, 4, 5 (its host cannot start; nothing was taken),\n6 (stopped, or its worktree was removed), 74, 75; with --wait as for wait',
      notes: 'A tell to a finished task takes it up again: same conversation, same branch, same pull request.',
    },
  );
}

async function tell(
  context: VerbContext,
  name: string,
  words: readonly string[],
  options: TellOptions,
): Promise<number> {
  const mode = modeOf(options);
  const key = options.key ?? context.io.key;
  if (!KEY.test(key)) {
    throw usageError('invalid-key', 'A key may have up to 200 letters, digits and . _ / : @ - characters.');
  }
  const text = await saidText(context, name, words, options);
  const told =
    (await createdWith(context, name, { text, key, options })) ?? (await tellThere(context, name, { text, key, mode }));
  const { record, paths, since, reply } = told;
  if (context.json && options.wait !== true) {
    context.printer.document({
      schemaVersion: SCHEMA_VERSION,
      session: record.name,
      sessionId: record.id,
      key,
      ...reply,
      ...(told.created ? { created: true } : {}),
    });
  } else if (!context.json) {
    context.printer.result(`${record.name}: ${told.created ? 'started; ' : ''}${describeTell(reply)}`);
  }
  if (options.wait !== true) return ExitCode.done;
  const { waitFor } = await import('../follow/wait-for.ts');
  const show = context.json ? 'nothing' : 'text';
  const codes = await waitFor(context, [{ record, paths, since }], {
    timeoutMs: null,
    show,
    outcome: context.json ? 'document' : 'text',
  });
  return Math.max(...codes);
}

/** With `--formula`, the words are what is to be added to it, and may be left out. */
async function saidText(
  context: VerbContext,
  name: string,
  words: readonly string[],
  { formula, file }: TellOptions,
): Promise<string> {
  if (formula === undefined) return promptText(context.io, { words, file });
  const { formulaText } = await import('../formula.ts');
  const kept = await formulaText(context, name, formula);
  if (words.length === 0 && file === undefined) return kept;
  return `${kept}\n\n${await promptText(context.io, { words, file })}`;
}

interface Told {
  readonly record: SessionRecord;
  readonly paths: SessionPaths;
  /** Where following begins. */
  readonly since: Cursor;
  readonly reply: TellReply;
  readonly created: boolean;
}

/** Also for other verbs that say something to an agent. */
export async function tellThere(
  context: VerbContext,
  name: string,
  said: { readonly text: string; readonly key: string; readonly mode: TellMode },
): Promise<Told> {
  const { record, paths, folded } = requireOpen(context.session(name), name);
  const request = { op: 'tell', promptId: newPromptId(), ...said } as const;
  const reply = await askHost(context, { record, paths }, request, TELL_TIMEOUT_MS);
  return { record, paths, since: { epoch: folded.epoch, seq: folded.seq }, reply, created: false };
}

/**
 * `--create` where there is no such session: it begins with these words, under their key. Null when it is there, also
 * when another command made it meanwhile.
 */
async function createdWith(
  context: VerbContext,
  name: string,
  { text, key, options }: { readonly text: string; readonly key: string; readonly options: TellOptions },
): Promise<Told | null> {
  if (options.create !== true || isThere(context, name)) return null;
  const { makeSession } = await import('../start-session.ts');
  try {
    const wish = { name, text, key, agent: options.agent, backend: 'auto', permissions: undefined } as const;
    const { plan, paths } = await makeSession(context, wish);
    const { record, warnings } = plan;
    for (const warning of warnings) context.printer.note(oneLine(warning, 300), 'dim');
    const promptId = record.firstPrompt?.promptId ?? '';
    const reply: TellReply = { outcome: 'queued', promptId, state: 'queued', ahead: 0 };
    return { record, paths, since: START, reply, created: true };
  } catch (error) {
    if (error instanceof ConduxtError && error.code === 'name-taken') return null;
    throw error;
  }
}

function isThere(context: VerbContext, name: string): boolean {
  try {
    context.session(name);
    return true;
  } catch (error) {
    if (error instanceof ConduxtError && error.code === 'session-not-found') return false;
    throw error;
  }
}

function modeOf(options: TellOptions): TellMode {
  const [mode, another] = MODES.filter((each) => options[each] === true);
  if (another === undefined) return mode ?? 'queue';
  throw usageError('conflicting-options', `--${mode} and --${another} cannot be used together.`, {
    remedy: 'Choose one of them.',
  });
}

/** What the host would refuse too: said without starting one. */
function requireOpen(view: SessionView, name: string): SessionView {
  const { record, folded } = view;
  // `clean` stops the session as well: that is not what the person did.
  if (record.task !== null && folded.delivery.worktree !== null && !existsSync(record.cwd)) {
    throw refused('worktree-gone', `The worktree of ${record.name} is gone; there is nothing to go on with.`, {
      remedy: `Begin again with conduxt retry ${name}.`,
    });
  }
  if (folded.life.stopped) {
    throw refused('session-stopped', `Session ${record.name} was stopped; it takes no more prompts.`, {
      remedy: `Take it up again with conduxt resume ${name}; begin anew with conduxt ${record.task === null ? 'start' : 'retry'} ${name}.`,
    });
  }
  return view;
}

export function describeTell(reply: TellReply): string {
  const note = reply.note === undefined ? '' : ` (${reply.note})`;
  const ahead = reply.ahead === 0 ? 'it goes to the agent next' : `${plural(reply.ahead, 'turn')} before it`;
  switch (reply.outcome) {
    case 'queued':
      return `queued${note}; ${ahead}.`;
    case 'steered':
      return `the agent took it into its running turn${note}.`;
    case 'started-turn':
      return 'the agent took it, and began a turn of its own with it.';
    case 'interrupted':
      return 'the running turn is being ended; this goes next.';
    case 'replaced':
      return 'the running turn is being ended, what was queued is dropped; this goes next.';
    case 'duplicate':
      return `already there under this key (${reply.state}); nothing was added.`;
  }
}
