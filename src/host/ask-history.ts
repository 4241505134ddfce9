import { ConduxtError, messageOf, systemCode } from '../errors.ts';
import type { OpenTurn } from '../session/fold/turns.ts';
import { promptFile } from '../store/paths.ts';
import type { AgentSeat } from './agent-seat.ts';
import type { HostContext } from './context.ts';
import { HistoryReader, type KnownPrompts } from './history-reader.ts';
import { readPrompt } from './session-log.ts';

export type History = ReturnType<HistoryReader['read']>;

/**
 * What the agent itself remembers of a turn whose end nobody saw: its conversation is loaded, and what it replays is
 * read. The agent is then open for what comes next. Null when it replays nothing, cannot be asked, or `signal` aborts:
 * the seat then goes on opening it, for whatever comes next.
 */
export async function askHistory(
  context: HostContext,
  seat: AgentSeat,
  turn: OpenTurn,
  signal: AbortSignal,
): Promise<History | null> {
  const known = knownPrompts(context, turn);
  if (known === null) return null;
  const reader = new HistoryReader(known);
  try {
    const recalled = seat.recall((item) => reader.take(item));
    // An agent that starts looks at its login, and the lock that it shares is given back with the end of the asking.
    const session = await (context.record.turnLock === undefined ? unlessAborted(recalled, signal) : recalled);
    if (session?.continuity !== 'loaded') return null;
    return reader.read({ nonce: turn.nonce, taskId: context.record.name }, session.replayedLate !== true);
  } catch (error) {
    // Whoever hands the next prompt meets the same, and says so.
    if (!(error instanceof ConduxtError)) throw error;
    context.note(`the agent's history could not be read (${error.code}): ${messageOf(error)}`);
    return null;
  }
}

/** Null when `signal` aborts first. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const aborted = Promise.withResolvers<null>();
  const abort = (): void => aborted.resolve(null);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Null when a prompt was deleted by hand: then nothing can be recognized. */
function knownPrompts({ record, log, paths }: HostContext, turn: OpenTurn): KnownPrompts | null {
  const { turns, prompts } = log.folded;
  const { last } = turns;
  const isFirst = turns.count === 1 || (last === null && prompts.byId.get(turn.promptId)?.returns === turns.count - 1);
  const before = last === null ? null : { lastMessage: last.end.lastMessage, toolCalls: last.end.toolCalls };
  if (record.task !== null) {
    const prompt = last?.nonce ?? '';
    return { ours: turn.nonce, before: before && { ...before, prompt }, oursBefore: 0, isFirst };
  }
  const own = prompts.byId.get(turn.promptId);
  const same = [...prompts.byId.values()].filter(
    ({ id, sha256, turnId, returns }) =>
      id !== turn.promptId && (turnId !== null || returns > 0) && sha256 === own?.sha256,
  );
  const ours = wordsOf(promptFile(paths, turn.promptId));
  const prompt = last === null ? null : wordsOf(promptFile(paths, last.end.promptId));
  if (ours === null || (last !== null && prompt === null)) return null;
  return { ours, before: before && { ...before, prompt: prompt ?? '' }, oursBefore: same.length, isFirst };
}

function wordsOf(file: string): string | null {
  try {
    return readPrompt(file);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}
