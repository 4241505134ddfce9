import { awaitedWords } from './awaited.ts';
import { unreachable } from '../errors.ts';
import type { Decision } from '../session/decision.ts';
import type { JournalRecord, RouteDecision, StepName, StepOutcome, TurnEnded } from '../session/events.ts';
import { ownUsage } from '../session/usage.ts';
import type { PromptKind, TaskEnd } from '../session/words.ts';
import { oneLine } from '../text/sanitize.ts';
import { BRIEFLY, factLines } from './decision-facts.ts';
import { failureWords, REASON_CHARS } from './failure-words.ts';
import { formatBytes, formatDuration, formatUsage, plural } from './quantities.ts';
import { excerptLines, isGreen, listed, movedLines, receiptLine, tailLines } from './receipt.ts';
import type { Tone } from './tone.ts';

/** One line of progress: a short label, the text, and lines that belong below it. All sanitized. */
export interface ProgressLine {
  readonly label: string;
  readonly text: string;
  readonly tone: Tone;
  readonly below?: readonly string[];
}

/** What a line needs to know of earlier records. Owned by whoever shows a session; changed in place. */
export interface ProgressMemory {
  readonly promptKinds: Map<string, PromptKind>;
  turns: number;
  fixRounds: number;
}

export const newProgressMemory = (): ProgressMemory => ({ promptKinds: new Map(), turns: 0, fixRounds: 0 });

const line = (label: string, text: string, tone: Tone = 'plain', below?: readonly string[]): ProgressLine => ({
  label,
  text,
  tone,
  ...(below === undefined || below.length === 0 ? {} : { below }),
});

const TEXT_CHARS = 300;

/** What a person following a session should read when `record` is written; null for what is only bookkeeping. */
export function progressOf(memory: ProgressMemory, record: JournalRecord): ProgressLine | null {
  switch (record.type) {
    case 'host-started':
      return record.epoch === 1 ? null : line('host', `a new host took over (epoch ${record.epoch})`, 'warn');
    case 'host-stopped':
      return record.reason === 'idle' || record.reason === 'stopped'
        ? null
        : line('host', `ended: ${record.reason}`, 'warn');
    case 'journal-recovered':
      return line('host', `a record torn by a crash was cut off (${formatBytes(record.bytesCut)})`, 'warn');
    case 'prompt-queued':
      return queuedLine(memory, record);
    case 'prompt-dropped':
      return line('prompt', `dropped before the agent saw it (${record.reason})`, 'warn');
    case 'prompt-handed':
      memory.turns += 1;
      return line('turn', `${memory.turns} begins${kindNote(memory, record.promptId)}`, 'dim');
    case 'prompt-accepted':
      return null;
    case 'prompt-steered':
      return steeredLine(record.outcome);
    case 'prompt-returned':
      return line('prompt', "the agent's own history does not have it: it is handed over again", 'warn');
    case 'cancel-requested':
      return line('cancel', 'asked for; waiting for the agent to stop');
    case 'turn-ended':
      return turnEndedLine(record);
    case 'turn-routed':
      return routedLine(record.decision);
    case 'agent-started':
      return null;
    case 'agent-session':
      return record.lost === undefined
        ? line(
            'agent',
            `ready${record.agentVersion === null ? '' : ` (${oneLine(record.agentVersion, 60)})`}, session ${record.continuity}`,
            'dim',
          )
        : line('agent', `a new conversation: ${oneLine(record.lost, TEXT_CHARS)}`, 'warn');
    case 'agent-exited':
      return agentExitedLine(record);
    case 'backend-changed':
      return line('backend', `goes on over ${record.to}: ${oneLine(record.reason, TEXT_CHARS)}`, 'warn');
    case 'task-waiting':
      return line('waits', `for ${record.for.join(', ')}; this one starts by itself`);
    case 'slot-waiting':
      return line(
        'slot',
        `waiting: ${plural(record.cap, 'task')} at once is the limit ${record.scope === 'batch' ? 'of --parallel' : `per ${record.scope}`}; this one starts by itself`,
      );
    case 'lock-waiting':
      return line('lock', `waiting: somebody else holds ${oneLine(record.file, 200)}; this one goes on by itself`);
    case 'lock-taken':
    case 'lock-released':
    case 'slot-taken':
    case 'slot-released':
    case 'steps-planned':
      return null;
    case 'worktree-ready':
      return line(
        'worktree',
        `${oneLine(record.path, 200)} on ${oneLine(record.branch, 120)}${record.created ? '' : ' (was there)'}`,
      );
    case 'setup-finished':
      return setupLine(record);
    case 'step-started':
      return line(
        stepLabel(record.step),
        { verify: 'running the tests', push: 'pushing the branch', 'pull-request': 'opening the pull request' }[
          record.step
        ],
        'dim',
      );
    case 'step-finished':
      return stepLine(record.step, record.outcome);
    case 'verification-finished':
      return isGreen(record.receipt.verdict)
        ? line('verify', receiptLine(record.receipt), 'good', movedLines(record.receipt))
        : line('verify', receiptLine(record.receipt), 'bad', excerptLines(record.receipt));
    case 'baseline-checked':
      return isGreen(record.receipt.verdict)
        ? null
        : line('verify', `the base was not green either: ${receiptLine(record.receipt)}`, 'warn');
    case 'decision-opened':
      return decisionLine(record.decision);
    case 'decision-ended':
      return decisionEndedLine(record);
    case 'guard-refused':
      return line('guard', oneLine(`${record.what}: ${record.reason}`, TEXT_CHARS), 'warn');
    case 'git-config-accepted':
    case 'git-config-changed':
      // The decision that follows says it.
      return null;
    case 'milestone':
      return line('note', oneLine(record.text, TEXT_CHARS), record.level === 'warn' ? 'warn' : 'plain');
    case 'task-parked':
      return line('task', `parked until ${record.until}: ${oneLine(record.reason, TEXT_CHARS)}`, 'warn');
    case 'task-awaiting':
      return line('task', `delivered; waits for ${awaitedWords(record.phase)}`, 'warn');
    case 'phase-reported':
      return line('phase', oneLine(`${record.phase}${record.words === '' ? '' : `: ${record.words}`}`, TEXT_CHARS));
    case 'task-ended':
      return line('task', `${record.end}: ${oneLine(record.reason, REASON_CHARS)}`, endTone(record.end));
    case 'notified':
      return record.problems.length === 0
        ? null
        : line(
            'notify',
            'somebody could not be told',
            'warn',
            record.problems.map((text) => oneLine(text, 200)),
          );
    case 'session-stopped':
      return line('session', 'stopped');
    default:
      // A record of a newer version: it is in the journal, and nothing is known about how to say it.
      return null;
  }
}

export const endTone = (end: TaskEnd): Tone =>
  (({ completed: 'good', delivered: 'good', reported: 'good', failed: 'bad', cancelled: 'warn' }) as const)[end];

function queuedLine(
  memory: ProgressMemory,
  record: Extract<JournalRecord, { type: 'prompt-queued' }>,
): ProgressLine | null {
  memory.promptKinds.set(record.promptId, record.kind);
  switch (record.kind) {
    case 'task':
      return null;
    case 'user':
      return line('prompt', `${record.urgent === true ? 'goes next' : 'queued'} (${formatBytes(record.bytes)})`);
    case 'answer':
      return line('prompt', 'your answer goes to the agent');
    case 'fix':
      memory.fixRounds += 1;
      return line('fix', `round ${memory.fixRounds}: the agent is asked to mend it`, 'warn');
    case 'reminder':
      return line('prompt', 'the agent is reminded how a task ends', 'warn');
    case 'recovery':
      return line('prompt', 'the agent is asked to look at its work and go on', 'warn');
    case 'resume':
      return line('prompt', 'the pause is over; the agent is asked to go on', 'warn');
    default:
      return unreachable(record.kind, 'prompt kind');
  }
}

function kindNote(memory: ProgressMemory, promptId: string): string {
  const kind = memory.promptKinds.get(promptId);
  return kind === undefined || kind === 'task' || kind === 'user' ? '' : ` (${kind})`;
}

function steeredLine(outcome: Extract<JournalRecord, { type: 'prompt-steered' }>['outcome']): ProgressLine | null {
  switch (outcome) {
    case 'attempted':
      return null;
    case 'started-turn':
      return line('prompt', 'the agent took it and began a turn of its own with it', 'warn');
    case 'injected':
      return line('prompt', 'went into the running turn');
    case 'declined':
      return line('prompt', 'the agent did not take it into the running turn; it waits for the next one');
    case 'unknown':
      return line('prompt', 'it is not known whether the running turn took it', 'warn');
    default:
      return unreachable(outcome, 'steer outcome');
  }
}

function turnEndedLine(record: TurnEnded): ProgressLine {
  const usage = record.usage === undefined ? null : formatUsage(ownUsage(record.usage, null));
  const facts = [plural(record.toolCalls, 'tool call'), ...(usage === null ? [] : [usage])].join(', ');
  const why = record.failure === undefined ? '' : `: ${failureWords[record.failure]}`;
  const below = record.detail === undefined ? [] : [oneLine(record.detail, TEXT_CHARS)];
  switch (record.verdict) {
    case 'done':
      return line('turn', `done (${facts})`, 'dim');
    case 'cancelled':
      return line('turn', `cancelled (${facts})`, 'warn');
    case 'failed':
      return line('turn', `failed${why}`, 'bad', below);
    case 'unknown':
      return line('turn', `nobody knows how it ended${why}`, 'warn', below);
    default:
      return unreachable(record.verdict, 'verdict');
  }
}

function routedLine(decision: RouteDecision): ProgressLine | null {
  switch (decision.type) {
    case 'remind':
      return line('callback', oneLine(decision.problem, TEXT_CHARS), 'warn');
    case 'fix':
      return line('callback', oneLine(decision.reason, TEXT_CHARS), 'warn');
    case 'deliver':
      return line('callback', 'the agent says the task is completed; now its work is checked');
    case 'nothing':
      return decision.why === 'superseded' ? line('callback', 'overtaken by a later prompt', 'dim') : null;
    case 'clarify':
    case 'recover':
    case 'ask':
    case 'wait':
    case 'end':
      // The record that follows says it.
      return null;
    default:
      return unreachable(decision, 'route decision');
  }
}

function agentExitedLine(record: Extract<JournalRecord, { type: 'agent-exited' }>): ProgressLine | null {
  if (record.left.length > 0) {
    return line('agent', `processes could not be ended: ${record.left.join(', ')}`, 'bad');
  }
  if (record.exitCode === 0 || record.signal === 'SIGTERM' || (record.exitCode === null && record.signal === null))
    return null;
  const how = record.signal === null ? `exit code ${record.exitCode ?? 'none'}` : record.signal;
  return line('agent', `ended (${how})`, 'dim', tailLines(record.stderrTail, 5));
}

function setupLine(record: Extract<JournalRecord, { type: 'setup-finished' }>): ProgressLine | null {
  if (record.command === null) return record.ok ? null : line('set-up', 'failed', 'bad', tailLines(record.excerpt));
  const what = `${oneLine(record.command, 120)} (${formatDuration(record.durationMs)})`;
  return record.ok ? line('set-up', what, 'dim') : line('set-up', `failed: ${what}`, 'bad', tailLines(record.excerpt));
}

const stepLabel = (step: StepName): string => ({ verify: 'verify', push: 'push', 'pull-request': 'pr' })[step];

function stepLine(step: StepName, outcome: StepOutcome): ProgressLine | null {
  const label = stepLabel(step);
  switch (outcome.type) {
    case 'ok':
      return null;
    case 'pushed':
      return line(label, `${outcome.commit.slice(0, 10)} to ${oneLine(outcome.remote, 120)}`);
    case 'pull-request':
      return line(label, oneLine(outcome.url, 300), 'strong', conflictLines(outcome.conflicts));
    case 'skipped':
      return line(label, `skipped: ${oneLine(outcome.why, TEXT_CHARS)}`, 'dim');
    case 'blocked':
      return line(label, `blocked: ${oneLine(outcome.why, TEXT_CHARS)}`, 'warn', [
        `to go on: ${oneLine(outcome.remedy, TEXT_CHARS)}`,
      ]);
    default:
      return unreachable(outcome, 'step outcome');
  }
}

/** Files that other tasks' branches touch as well: one line per task. */
export const conflictLines = (conflicts: Readonly<Record<string, readonly string[]>>): readonly string[] =>
  Object.entries(conflicts).map(([task, files]) => `also touched by ${oneLine(task, 60)}: ${listed(files)}`);

function decisionLine(decision: Decision): ProgressLine {
  return line('question', oneLine(decision.question, TEXT_CHARS), 'strong', [
    ...factLines(decision.facts, BRIEFLY),
    answerHint(decision),
    ...deadlineText(decision),
  ]);
}

/** Until when it can be answered, and what is done then; nothing for one that waits for ever. To the second. */
export const deadlineText = ({ deadline, fallback }: Pick<Decision, 'deadline' | 'fallback'>): readonly string[] =>
  deadline === null ? [] : [`without an answer until ${deadline.replace(/\.\d+Z$/, 'Z')}: ${fallback ?? 'nothing'}`];

/** The command that answers a decision. */
export const answerHint = (decision: Pick<Decision, 'id' | 'choices'>): string =>
  `conduxt answer ${decision.id} ${decision.choices.length === 0 ? '"…"' : decision.choices.join('|')}`;

function decisionEndedLine(record: Extract<JournalRecord, { type: 'decision-ended' }>): ProgressLine | null {
  switch (record.end.type) {
    case 'answered':
      return record.end.by === 'policy' ? null : line('question', `answered: ${oneLine(record.end.answer, 120)}`);
    case 'expired':
      return line('question', `nobody answered in time: ${oneLine(record.end.answer, 120)}`, 'warn');
    case 'withdrawn':
      return line('question', 'no longer needed', 'dim');
    default:
      return unreachable(record.end, 'decision end');
  }
}
