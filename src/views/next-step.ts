import { unreachable } from '../errors.ts';
import type { NextAction } from '../route/action.ts';
import { nextAction } from '../route/next-action.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import type { SessionRecord } from '../session/record.ts';
import type { SessionState } from '../session/words.ts';
import { oneLine } from '../text/sanitize.ts';
import { awaitedWords } from './awaited.ts';
import { answerHint } from './progress.ts';

/** What happens next, and why; from the same pure function that drives the host. */
export interface NextStep {
  /** The action's word (`hand`, `step`, `rest`, …) or `working` while a turn runs. */
  readonly action: NextAction['type'] | 'working';
  readonly text: string;
  /** What a person types to bring it about, or null when nothing is needed. */
  readonly command: string | null;
}

export function nextStep(folded: FoldedSession, record: SessionRecord, state: SessionState): NextStep {
  const { name } = record;
  if (state === 'crashed') {
    return { action: 'rest', text: 'work is owed and no host is alive', command: 'conduxt watchdog --once' };
  }
  if (folded.turns.open !== null) {
    const decision = [...folded.life.decisions.values()][0];
    return decision === undefined
      ? { action: 'working', text: 'the agent is at work; its turn comes to an end first', command: null }
      : {
          action: 'working',
          text: `the agent waits for an answer: ${oneLine(decision.question, 200)}`,
          command: answerHint(decision),
        };
  }
  // People are told first; for whoever reads this, the question is what counts.
  if (state === 'needs-person') return { action: 'rest', ...resting(folded, record, name) };
  const action = nextAction(folded, record);
  return { action: action.type, ...describe(action, folded, record, name) };
}

function describe(
  action: NextAction,
  folded: FoldedSession,
  record: SessionRecord,
  name: string,
): Omit<NextStep, 'action'> {
  const itself = (text: string): Omit<NextStep, 'action'> => ({ text, command: null });
  switch (action.type) {
    case 'leave':
      return {
        text: 'the session was stopped; its history stays',
        command: record.task === null ? null : `conduxt retry ${name}`,
      };
    case 'settle-interrupted':
      return itself('the interrupted turn is settled first');
    case 'prepare-worktree':
      return itself(worktreeText(folded));
    case 'set-up-worktree':
      return itself('the worktree is made runnable');
    case 'hand':
      if (folded.life.lock === 'waiting')
        return itself("it waits for the agents' lock, then the prompt goes to the agent");
      return itself(
        folded.life.slot === 'waiting'
          ? 'it waits for a free place, then the prompt goes to the agent'
          : 'the prompt goes to the agent',
      );
    case 'route':
      return itself("the agent's callback is read");
    case 'park':
      return itself(
        `${action.reason} (${'until' in action ? `until ${action.until}` : `${Math.round(action.forMs / 1000)} s`})`,
      );
    case 'queue-own':
      return itself(`the agent is asked again (${action.kind}): ${oneLine(action.why, 200)}`);
    case 'open-decision':
      return itself('a question for a person is opened');
    case 'plan':
      return itself(`next steps: ${action.steps.join(', ')}`);
    case 'step':
      return itself(`next step: ${action.step}`);
    case 'await':
      return itself(`then it waits for ${awaitedWords(action.phase)}`);
    case 'end':
      return itself(`the task ends as ${action.end}: ${oneLine(action.reason, 200)}`);
    case 'notify':
      return itself('people are told');
    case 'rest':
      return resting(folded, record, name);
    default:
      return unreachable(action, 'action');
  }
}

function worktreeText({ life }: FoldedSession): string {
  if (life.waitsFor.length > 0) return `when ${life.waitsFor.join(', ')} has completed, its worktree is made`;
  return life.slot === 'waiting' ? 'it waits for a free place, then its worktree is made' : 'its worktree is made';
}

/** Nothing until a person says something: what could they say? */
function resting(
  { life, delivery, turns, awaiting }: FoldedSession,
  record: SessionRecord,
  name: string,
): Omit<NextStep, 'action'> {
  const decision = [...life.decisions.values()][0];
  if (decision !== undefined)
    return { text: `a person answers: ${oneLine(decision.question, 200)}`, command: answerHint(decision) };
  if (awaiting.now !== null) {
    const text = `it waits for ${awaitedWords(awaiting.now.phase)}: tell the agent what came of it, or end it with conduxt phase ${name} merged`;
    return { text, command: `conduxt tell ${name} "…"` };
  }
  if (life.ended !== null && delivery.blocked !== null) {
    return {
      text: `the blocked step is repeated: ${oneLine(delivery.blocked.remedy, 200)}`,
      command: `conduxt pr ${name}`,
    };
  }
  if (life.ended?.end === 'failed' || life.ended?.end === 'cancelled') {
    return {
      text: `the task has ended (${life.ended.end}); ${turns.count > 0 ? 'tell the agent what to change, or ' : ''}begin again`,
      command: turns.count > 0 ? `conduxt tell ${name} "…"` : `conduxt retry ${name}`,
    };
  }
  if (life.ended !== null) return { text: `the task is over (${life.ended.end})`, command: `conduxt clean ${name}` };
  if (record.task !== null && record.firstPrompt === null && turns.count === 0) {
    return {
      text: 'its worktree is prepared; begin with the words it was prepared for',
      command: `conduxt run --name ${name}`,
    };
  }
  const text = record.task === null ? 'it waits for instructions' : 'the turn was cancelled; it waits for your word';
  return { text, command: `conduxt tell ${name} "…"` };
}
