import { randomBytes } from 'node:crypto';
import { Option } from 'commander';
import { MessageLog } from '../../backend/acp/message-log.ts';
import { ConduxtError, ExitCode, unavailable } from '../../errors.ts';
import type { SessionRecord } from '../../session/record.ts';
import { START } from '../../store/cursor.ts';
import { releaseName } from '../../store/create-session.ts';
import { NO_REPOSITORY } from '../../store/paths.ts';
import { sanitize } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { outcomeOf, type SessionFacts } from '../../views/outcome.ts';
import { formatDuration } from '../../views/quantities.ts';
import { usageOrNull } from '../../views/usage.ts';
import type { VerbContext } from '../context.ts';
import { onCtrlC } from '../ctrl-c.ts';
import { followSession } from '../follow/follow-session.ts';
import { newsOf } from '../follow/read-news.ts';
import { askHost, startHostFor } from '../host-call.ts';
import { finishVerb, parseDuration } from '../options.ts';
import { promptText } from '../prompt-text.ts';
import { applyPlan } from '../run/apply.ts';
import { backendWords, choiceOptions, type BackendWord, type ChoiceFlags } from '../run/launch-agent.ts';
import { sayIfSlow } from '../say-if-slow.ts';
import { planSession, sessionPlace } from '../session-plan.ts';
import { stopOne } from './stop.ts';
import type { VerbCommand } from '../verb-command.ts';

interface AskOptions extends ChoiceFlags {
  readonly file?: string;
  readonly agent?: string;
  readonly backend: BackendWord;
  readonly permissions: 'deny-all' | 'approve-reads';
  readonly timeout?: number;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    choiceOptions(command)
      .argument('[question...]', 'what you want to know; - reads standard input')
      .option('--file <path>', 'read the question from a file')
      .option('--agent <name>', 'the agent to ask (see conduxt agents)')
      .addOption(new Option('--backend <name>', 'how to talk to it').choices(backendWords).default('auto'))
      .addOption(
        new Option('--permissions <mode>', 'what it may do').choices(['deny-all', 'approve-reads']).default('deny-all'),
      )
      .option('--timeout <duration>', 'give up after this long (90s, 5m; a bare number: seconds)', parseDuration('s'))
      .action(context.act((words: string[], options: AskOptions) => ask(context, words, options))),
    {
      examples: [
        'conduxt ask "What does HTTP status 418 mean?"',
        'git diff | conduxt ask - --permissions approve-reads',
      ],
      exits: '0, 1 (no answer), 2, 5 (agent not available), 7 (--timeout), 74, 130 (Ctrl-C)',
      notes: 'Leaves no session behind; what was said stays readable with conduxt log <session id>.',
    },
  );
}

async function ask(context: VerbContext, words: readonly string[], options: AskOptions): Promise<number> {
  const text = await promptText(context.io, { words, file: options.file });
  const place = await sessionPlace(context, 'optional');
  const plan = await planSession(context, place, {
    kind: 'ask',
    name: `ask-${randomBytes(4).toString('hex')}`,
    text,
    agent: options.agent,
    choices: options,
    backend: options.backend,
    permissions: { mode: options.permissions, reason: 'a question changes nothing' },
  });
  const { record } = plan;
  const interrupt = onCtrlC(context.io);
  const timeout = options.timeout === undefined ? [] : [AbortSignal.timeout(options.timeout)];
  const signal = AbortSignal.any([interrupt.signal, context.io.readerGone, ...timeout]);
  const messages = new MessageLog();
  let isDurable = false;
  try {
    const paths = await applyPlan(context, { ...plan, onDurable: () => (isDurable = true) });
    const following = followSession({
      record,
      paths,
      since: START,
      signal,
      revive: () => startHostFor(context, { record, paths }),
      show: (followed) => {
        if (followed.source !== 'transcript') return;
        const news = newsOf(followed.message);
        if (news?.type === 'message') messages.chunk(news.text, news.messageId);
        if (news?.type === 'tool') messages.tool();
      },
    });
    const facts = await sayIfSlow(context.printer, `Waiting for ${record.agent.name}; Ctrl-C gives up.`, following);
    if (facts.settled) return tell(context, facts, messages.lastFirst()[0] ?? '');
    if (timeout[0]?.aborted === true) throw tooLate(record, options.timeout ?? 0);
    context.printer.note('You left; the question is taken back.');
    return ExitCode.interrupted;
  } finally {
    if (isDurable) await leaveNothing(context, record, signal.aborted);
    interrupt.dispose();
  }
}

const tooLate = ({ id, agent }: SessionRecord, limitMs: number): ConduxtError =>
  new ConduxtError('timed-out', ExitCode.timedOut, `${agent.name} did not answer within ${formatDuration(limitMs)}.`, {
    remedy: `Allow it more with --timeout; what it said so far: conduxt log ${id}`,
    facts: { sessionId: id },
  });

/** Time for the host to write the stop down; the agent, which may take its time to end, is not waited for. */
const STOP_RECORDED_MS = 2000;

/** Without its name nobody brings the session back, also when its host could not even be started. */
async function leaveNothing(context: VerbContext, record: SessionRecord, hurried: boolean): Promise<void> {
  const { home } = context.places;
  try {
    const view = context.reread(record);
    if (!hurried) await stopOne(context, view);
    else await askHost(context, view, { op: 'stop' }, STOP_RECORDED_MS).catch(recordedAtLeast(context, record));
  } finally {
    releaseName(home, record.repo?.key ?? NO_REPOSITORY, record.name, record.id);
  }
}

const recordedAtLeast =
  (context: VerbContext, record: SessionRecord) =>
  (error: unknown): void => {
    if (!(error instanceof ConduxtError) || error.code !== 'host-silent') throw error;
    if (!context.reread(record).folded.life.stopped) throw error;
  };

/** The answer on stdout and nothing else; what went wrong is an error like any other. */
function tell({ printer, json }: VerbContext, facts: SessionFacts, message: string): number {
  const { record, folded, state } = facts;
  const outcome = outcomeOf(facts);
  if (state === 'needs-person') {
    throw unavailable('agent-unavailable', `The agent could not answer: ${outcome.reason}`, {
      facts: { sessionId: record.id },
    });
  }
  const end = folded.turns.last?.end;
  const answer = (message === '' ? (end?.lastMessage ?? '') : message).trim();
  if (outcome.exitCode !== ExitCode.done || answer === '') {
    const why = answer === '' && outcome.exitCode === ExitCode.done ? 'it said nothing' : outcome.reason;
    throw new ConduxtError(
      'no-answer',
      outcome.exitCode === ExitCode.done ? ExitCode.taskFailed : outcome.exitCode,
      `There is no answer: ${why}.`,
      {
        remedy:
          end?.failure === 'auth-required'
            ? `Log in; conduxt doctor ${record.agent.name} says how.`
            : `See what happened: conduxt log ${record.id}`,
        facts: { sessionId: record.id, ...(end?.detail === undefined ? {} : { detail: end.detail }) },
      },
    );
  }
  if (json) {
    const usage = usageOrNull(folded.turns.usage.usage);
    printer.document({ schemaVersion: SCHEMA_VERSION, sessionId: record.id, agent: record.agent.name, answer, usage });
  } else printer.raw(`${sanitize(answer)}\n`);
  return ExitCode.done;
}
