import { extractCallback } from '../callback/extract.ts';
import { MessageLog } from '../backend/acp/message-log.ts';
import { viewOfMessage } from '../backend/acp/view.ts';
import type { AgentNews } from '../session/agent-news.ts';
import { decodeTranscript } from '../journal/transcript.ts';
import type { CallbackResult } from '../session/callback.ts';
import type { TurnEnded, Usage } from '../session/events.ts';
import type { OpenTurn } from '../session/fold/turns.ts';
import { LineWindow } from '../store/follow/line-window.ts';
import { offsetBefore } from '../store/follow/seek.ts';
import { turnCost } from '../session/usage.ts';
import type { AgentSeat } from './agent-seat.ts';
import type { HostContext } from './context.ts';
import { followTurn } from './hand-prompt.ts';

const LAST_MESSAGE_CHARS = 2048;

/**
 * A turn of an earlier host has no end. An agent that outlived its host is followed to it. Otherwise evidence is looked
 * for in what the dead host had transcribed: an agent that has sent its valid callback, with the nonce of this turn,
 * had done what it was asked, and only the end of the turn was not heard any more. Everything else is unknown.
 */
export async function settleTurn(context: HostContext, seat: AgentSeat, turn: OpenTurn): Promise<void> {
  if (await followTurn(context, seat, turn)) return;
  const seen = transcribed(context, turn);
  await context.log.appendPatiently({
    type: 'turn-ended',
    turnId: turn.turnId,
    promptId: turn.promptId,
    ...verdictOf(turn, seen),
    stopReason: null,
    lastMessage: seen.lastMessage,
    toolCalls: seen.toolCalls,
    ...(seen.usage === null ? {} : { usage: seen.usage }),
  });
  if (seen.callback.type !== 'valid' || turn.cancelRequested) return;
  const text = 'the turn had ended when its host died: its callback is in the transcript';
  await context.log.appendPatiently({ type: 'milestone', level: 'info', text });
}

function verdictOf(
  { cancelRequested }: OpenTurn,
  { callback }: Transcribed,
): Pick<TurnEnded, 'verdict' | 'callback' | 'failure' | 'settledBy'> {
  if (cancelRequested) return { verdict: 'cancelled', failure: 'host-lost', callback: { type: 'missing' } };
  if (callback.type === 'valid') return { verdict: 'done', callback, settledBy: 'transcript' };
  return { verdict: 'unknown', failure: 'host-lost', callback: { type: 'missing' } };
}

interface Transcribed {
  readonly callback: CallbackResult;
  readonly lastMessage: string;
  readonly toolCalls: number;
  readonly usage: Usage | null;
}

/** What the transcript holds of a turn; it was redacted when it was written. */
function transcribed({ record, paths, log }: HostContext, turn: OpenTurn): Transcribed {
  const messages = new MessageLog();
  const tools = new Set<string>();
  let usage: Usage = {};
  const from = offsetBefore(paths.transcript, { epoch: turn.epoch, seq: turn.seq });
  const window = new LineWindow(paths.transcript, from);
  const size = window.size();
  for (let line = window.next(size); line !== null; line = window.next(size)) {
    const written = line.whole ? decodeTranscript(line.content) : null;
    if (written?.turnId !== turn.turnId) continue;
    const view = viewIn(written.message);
    if (view?.type === 'message') messages.chunk(view.text, view.messageId);
    if (view?.type === 'usage') usage = { ...usage, ...view.usage };
    if (view?.type !== 'tool') continue;
    messages.tool();
    tools.add(view.toolCallId);
  }
  window.close();
  const texts = messages.lastFirst();
  const cost = turnCost(usage, log.folded.turns.usage.lastCost);
  return {
    callback:
      record.task === null ? { type: 'missing' } : extractCallback(texts, { nonce: turn.nonce, taskId: record.name }),
    lastMessage: (texts[0] ?? '').slice(-LAST_MESSAGE_CHARS),
    toolCalls: tools.size,
    usage:
      Object.keys(usage).length === 0 ? null : { ...usage, ...(cost === undefined ? {} : { turnCostAmount: cost }) },
  };
}

/** Null for what is no update of the agent's session. */
function viewIn(message: Buffer): AgentNews | null {
  try {
    return viewOfMessage(JSON.parse(message.toString('utf8')));
  } catch {
    // Cut off, or not JSON in the first place: it says nothing about the turn.
    return null;
  }
}
