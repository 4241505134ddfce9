import type { Callback, CallbackResult } from '../session/callback.ts';
import { unreachable } from '../errors.ts';

/** The one word with which an agent, or a script around it, may end a turn instead of a callback. */
export const PHASES = ['done', 'merged', 'failed', 'escalate', 'awaiting_review', 'awaiting_ci', 'crashed'] as const;
export type Phase = (typeof PHASES)[number];

/** The task's end, as far as the agent has a say in it: it may leave then, and nothing was lost. */
const TERMINAL: ReadonlySet<Phase> = new Set(['done', 'merged', 'failed', 'escalate']);
export const isTerminal = (phase: Phase): boolean => TERMINAL.has(phase);

export type ReadPhase =
  | { readonly type: 'phase'; readonly phase: Phase; readonly words: string }
  | { readonly type: 'problem'; readonly problem: string };

const MAX_WORDS_CHARS = 20_000;

/** The content of a phase file: its first line counts; what stands below is for people. Null when it says nothing. */
export function readPhase(text: string): ReadPhase | null {
  const [first = '', ...rest] = text.split('\n');
  const word = first.trim().replace(/^PHASE:\s*/i, '');
  if (word === '') return null;
  const phase = PHASES.find((known) => known === word.toLowerCase());
  if (phase === undefined) {
    const problem = `the phase ${JSON.stringify(word.slice(0, 40))} is none of ${PHASES.join(', ')}`;
    return { type: 'problem', problem };
  }
  return { type: 'phase', phase, words: rest.join('\n').trim().slice(0, MAX_WORDS_CHARS) };
}

/**
 * What a turn came to: a valid callback says most and counts first; a phase counts where there is none. Neither is
 * believed: `done` and `merged` are verified like every completion, and so are the phases that wait for somebody to look
 * (`awaiting_review`, `awaiting_ci`): conduxt runs the tests and opens the pull request they wait for.
 */
export function withPhase(
  callback: CallbackResult,
  phaseText: string | null,
  ids: { readonly nonce: string; readonly taskId: string },
): CallbackResult {
  if (callback.type === 'valid' || phaseText === null) return callback;
  const read = readPhase(phaseText);
  if (read === null) return callback;
  if (read.type === 'problem') {
    return callback.type === 'malformed' ? callback : { type: 'malformed', problem: read.problem };
  }
  const status = statusOf(read.phase);
  if (status === null) return callback;
  const summary = read.words === '' ? wordsFor(status, read.phase) : read.words;
  return { type: 'valid', callback: { task_id: ids.taskId, nonce: ids.nonce, status, summary } };
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
