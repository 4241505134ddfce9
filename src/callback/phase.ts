import type { Callback, CallbackResult } from '../session/callback.ts';
import { phases, type AwaitingPhase, type Phase } from '../session/words.ts';
import { unreachable } from '../errors.ts';

/** The task's end, as far as the agent has a say in it: it may leave then, and nothing was lost. */
const TERMINAL: ReadonlySet<Phase> = new Set(['done', 'merged', 'failed', 'escalate']);
export const isTerminal = (phase: Phase): boolean => TERMINAL.has(phase);

export const isAwaiting = (phase: Phase): phase is AwaitingPhase =>
  phase === 'awaiting_review' || phase === 'awaiting_ci';

export type ReadPhase =
  | { readonly type: 'phase'; readonly phase: Phase; readonly words: string }
  | { readonly type: 'problem'; readonly problem: string };

const MAX_WORDS_CHARS = 20_000;

/** The content of a phase file: its first line counts; what stands below is for people. Null when it says nothing. */
export function readPhase(text: string): ReadPhase | null {
  const [first = '', ...rest] = text.split('\n');
  const word = first.trim().replace(/^PHASE:\s*/i, '');
  if (word === '') return null;
  const phase = phases.find((known) => known === word.toLowerCase());
  if (phase === undefined) {
    const problem = `the phase ${JSON.stringify(word.slice(0, 40))} is none of ${phases.join(', ')}`;
    return { type: 'problem', problem };
  }
  return { type: 'phase', phase, words: rest.join('\n').trim().slice(0, MAX_WORDS_CHARS) };
}

/** What a phase file says that was not said before; null: nothing new. @param said the last phase that was heard. */
export function newsIn(text: string | null, said: Phase): Extract<ReadPhase, { readonly type: 'phase' }> | null {
  const read = text === null ? null : readPhase(text);
  return read?.type === 'phase' && read.phase !== said ? read : null;
}

/**
 * What a turn came to: a valid callback says most and counts first; a phase counts where there is none. Neither is
 * believed: `done` and `merged` are verified like every completion, and so are the phases that wait for somebody to look
 * (`awaiting_review`, `awaiting_ci`): conduxt runs the tests and opens the pull request they wait for. These two say more
 * than a callback can, so they count beside one that says `completed`.
 */
export function withPhase(
  callback: CallbackResult,
  phaseText: string | null,
  ids: { readonly nonce: string; readonly taskId: string },
): CallbackResult {
  if (phaseText === null) return callback;
  const read = readPhase(phaseText);
  if (read === null) return callback;
  if (callback.type === 'valid') return awaitingToo(callback, read);
  if (read.type === 'problem') {
    return callback.type === 'malformed' ? callback : { type: 'malformed', problem: read.problem };
  }
  const status = statusOf(read.phase);
  if (status === null) return callback;
  const summary = read.words === '' ? wordsFor(status, read.phase) : read.words;
  const own = { task_id: ids.taskId, nonce: ids.nonce, status, summary };
  return { type: 'valid', callback: isAwaiting(read.phase) ? { ...own, phase: read.phase } : own };
}

function awaitingToo(result: Extract<CallbackResult, { readonly type: 'valid' }>, read: ReadPhase): CallbackResult {
  const { callback } = result;
  const awaits = read.type === 'phase' && isAwaiting(read.phase) && callback.status === 'completed';
  return awaits ? { type: 'valid', callback: { ...callback, phase: read.phase } } : result;
}

/** Null for what no callback can say. */
function statusOf(phase: Phase): Callback['status'] | null {
  switch (phase) {
    case 'done':
    case 'merged':
    case 'awaiting_review':
    case 'awaiting_ci':
      return 'completed';
    case 'failed':
      return 'failed';
    case 'escalate':
      return 'need_clarification';
    case 'crashed':
      return null;
    default:
      return unreachable(phase, 'phase');
  }
}

const wordsFor = (status: Callback['status'], phase: Phase): string =>
  status === 'need_clarification'
    ? 'The agent asks for a person and does not say why: look at its log.'
    : `The agent gave no words, only its phase: ${phase}.`;
