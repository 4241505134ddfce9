import { extractCallback } from '../callback/extract.ts';
import { MessageLog } from '../backend/acp/message-log.ts';
import { viewOfMessage } from '../backend/acp/view.ts';
import type { AgentNews } from '../session/agent-news.ts';
import { unreachable } from '../errors.ts';
import { decodeTranscript } from '../journal/transcript.ts';
import { settleUnknown, type Settlement } from '../route/settle-unknown.ts';
import type { CallbackResult } from '../session/callback.ts';
import type { PromptReturned, TurnEnded, TurnFailure, Usage } from '../session/events.ts';
import type { OpenTurn } from '../session/fold/turns.ts';
import { LineWindow } from '../store/follow/line-window.ts';
import { offsetBefore } from '../store/follow/seek.ts';
import { turnCost } from '../session/usage.ts';
import type { History } from './ask-history.ts';
import type { HostContext } from './context.ts';
import { worktreeTouched } from './worktree-touched.ts';

const LAST_MESSAGE_CHARS = 2048;

/** What was written down of a turn while it ran. Redacted. */
export interface SeenOfTurn {
  readonly callback: CallbackResult;
  readonly lastMessage: string;
  readonly toolCalls: number;
  readonly usage: Usage | null;
}

type Lost = { readonly failure: TurnFailure; readonly detail?: string };

/**
 * Ends a turn of which nobody saw the end, by the evidence there is: what was written down, what the agent itself
 * remembers, and the worktree. What `settleUnknown` says is done; without evidence the turn is unknown.
 * @param recall asks the agent. Only called when it may say more than what was written down; null when it is no use.
 * @param lost how, where the turn stays unknown.
 * @param signal aborts the asking. A turn that nobody wanted to end then stays open: its evidence is for the next look.
 */
export async function settleTurn(
  context: HostContext,
  turn: OpenTurn,
  recall: () => Promise<History | null>,
  { seen, lost, signal }: { readonly seen: SeenOfTurn; readonly lost: Lost; readonly signal: AbortSignal },
): Promise<void> {
  const { log, turnstile } = context;
  const entry = log.folded.prompts.byId.get(turn.promptId);
  const isSettled = turn.cancelRequested || seen.callback.type === 'valid';
  const history = isSettled ? null : await recall();
  const isSignOfLife = entry?.state !== 'handed' || seen.toolCalls > 0 || seen.lastMessage !== '';
  const isMissing = history?.prompt === 'missing' && !isSignOfLife;
  const touched = isMissing ? await worktreeTouched(context, Date.parse(turn.startedAt)) : null;
  const settle = async (): Promise<Settlement | null> => {
    const { turns, life } = log.folded;
    if (turns.open?.turnId !== turn.turnId) return null;
    const { cancelRequested } = turns.open;
    const isOver = life.stopped || life.ended !== null;
    if (signal.aborted && !isSettled && !cancelRequested && !isOver) return null;
    const settlement = settleUnknown({
      cancelRequested,
      isOver,
      callback: seen.callback,
      isSignOfLife,
      history,
      worktreeTouched: touched,
      returns: entry?.returns ?? 0,
    });
    await log.append(recordOf(context, turn, settlement, { seen, lost, history }));
    return settlement;
  };
  // Somebody may have ended it while the agent was asked: what is on its way to the journal is waited for, nobody gets
  // between this look and its record, and of what was begun before that record could be seen the fold makes the same.
  await log.flushJournal();
  const settlement = await log.withRoom(() => turnstile.pass(settle));
  await log.flushJournal();
  const text = settlement === null ? null : saidOf(settlement);
  if (text !== null) await log.appendPatiently({ type: 'milestone', level: 'info', text });
}

function recordOf(
  { redact }: HostContext,
  { turnId, promptId }: OpenTurn,
  settlement: Settlement,
  { seen, lost, history }: { readonly seen: SeenOfTurn; readonly lost: Lost; readonly history: History | null },
): PromptReturned | TurnEnded {
  if (settlement.type === 'return') return { type: 'prompt-returned', promptId, turnId, by: 'history' };
  const lastMessage = redact(history?.lastMessage ?? '').slice(-LAST_MESSAGE_CHARS);
  return {
    type: 'turn-ended',
    turnId,
    promptId,
    ...endOf(settlement, lost, redact),
    stopReason: null,
    lastMessage: lastMessage === '' ? seen.lastMessage : lastMessage,
    toolCalls: Math.max(seen.toolCalls, history?.toolCalls ?? 0),
    ...(seen.usage === null ? {} : { usage: seen.usage }),
  };
}

function endOf(
  settlement: Exclude<Settlement, { type: 'return' }>,
  lost: Lost,
  redact: (text: string) => string,
): Pick<TurnEnded, 'verdict' | 'callback' | 'failure' | 'detail' | 'settledBy'> {
  switch (settlement.type) {
    case 'cancelled':
      return { verdict: 'cancelled', ...lost, callback: { type: 'missing' } };
    case 'done': {
      const { callback, by } = settlement;
      const safe = { ...callback, summary: redact(callback.summary) };
      return { verdict: 'done', callback: { type: 'valid', callback: safe }, settledBy: by };
    }
    case 'unknown':
      return { verdict: 'unknown', ...lost, callback: { type: 'missing' } };
    default:
      return unreachable(settlement, 'settlement');
  }
}

function saidOf(settlement: Settlement): string | null {
  switch (settlement.type) {
    case 'done':
      return settlement.by === 'transcript'
        ? 'the turn had ended when it was interrupted: its callback is in the transcript'
        : 'the turn had ended, though nobody heard it: its callback is in the history of the agent';
    case 'unknown':
      return settlement.isKnown ? 'the history of the agent has this prompt, and no end of it' : null;
    case 'cancelled':
    case 'return':
      return null;
    default:
      return unreachable(settlement, 'settlement');
  }
}

/** What the transcript holds of a turn; it was redacted when it was written. */
export function transcribed({ record, paths, log }: HostContext, turn: OpenTurn): SeenOfTurn {
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
