import { isoTime } from '../clock.ts';
import { extractCallback } from '../callback/extract.ts';
import { withPhase } from '../callback/phase.ts';
import { messageOf } from '../errors.ts';
import { callbackContract } from '../intake/prompt.ts';
import { randomBytes } from '../process/random-bytes.ts';
import { resetTimeIn } from '../route/reset-time.ts';
import { newTurnId } from '../session/ids.ts';
import type { CallbackResult } from '../session/callback.ts';
import { onCrashOf } from '../session/crash.ts';
import type { TurnFailure, Usage } from '../session/events.ts';
import type { OpenTurn } from '../session/fold/turns.ts';
import { leastTokens, turnCost } from '../session/usage.ts';
import type { TurnEnd } from '../backend/backend.ts';
import { promptFile } from '../store/paths.ts';
import type { AgentSeat } from './agent-seat.ts';
import { askHistory } from './ask-history.ts';
import type { HostContext } from './context.ts';
import { answerAtStart } from './start-dialog.ts';
import { forgottenBrief } from './forgotten-brief.ts';
import { acceptGitConfig, inspectGitConfig } from './git-config.ts';
import { rememberBranches } from './moved-branches.ts';
import { readPrompt } from './session-log.ts';
import { settleTurn } from './settle-turn.ts';
import { preferSmallHeap } from './small-heap.ts';

const LAST_MESSAGE_CHARS = 2048;
const DETAIL_CHARS = 1000;

/**
 * Hands one prompt to the agent and follows the turn to its end. Rejects, with nothing handed, when the agent cannot
 * be opened. Hands nothing when `signal` aborts before the agent is up: the host leaves, or the task was ended.
 */
export async function handPrompt(
  context: HostContext,
  seat: AgentSeat,
  promptId: string,
  signal: AbortSignal,
): Promise<void> {
  const { log, paths } = context;
  // Whatever the agent adds from now on is its own doing. Set-up, which ran before, is the user's.
  if (log.folded.turns.count === 0 && !(await acceptGitConfig(context))) return;
  const session = await seat.open(answerAtStart(log.folded, promptId));
  const turnId = newTurnId();
  // The record of the hand-over clears them.
  const { refusals } = log.folded.turns;
  const nonce = randomBytes(9).toString('base64url');
  const words = readPrompt(promptFile(paths, promptId));
  const preface = await prefaceFor(context, promptId);
  await rememberBranches(context);
  const text = compose(context, preface + refusalNote(refusals) + words, nonce, session.callbackFile);
  session.prepare?.({ turnId, text });
  // Opening takes seconds, and room on a full disk longer; a person may have dropped the prompt meanwhile.
  const handed = await log.withRoom(async () => {
    const state = log.folded.prompts.byId.get(promptId)?.state;
    const isOwed = !signal.aborted && !log.folded.life.stopped && state === 'queued';
    return isOwed ? log.append({ type: 'prompt-handed', promptId, turnId, nonce }) : null;
  });
  if (handed === null) return;
  // Nothing is waited for from here on: a cancel finds either no turn, or one that its agent knows of.
  const ended = session.prompt({ turnId, text });
  // The start is over, and a flood may come.
  await preferSmallHeap();
  const end = await ended;
  await recordEnd(context, seat, { turnId, promptId, nonce }, end, signal);
}

/**
 * Goes on with a turn that an earlier host handed to an agent that outlived it. False when nobody knows what became of
 * the prompt.
 */
export async function followTurn(
  context: HostContext,
  seat: AgentSeat,
  turn: OpenTurn,
  signal: AbortSignal,
): Promise<boolean> {
  const { log } = context;
  const session = seat.current;
  const end = session?.follow?.(turn.turnId) ?? null;
  if (session === null || end === null) return false;
  // Who asked for its end before the agent was met found nobody to tell, and may not have come to write it down.
  await log.flushJournal();
  const { turns, life } = log.folded;
  if (turns.open?.cancelRequested === true || life.stopped || life.ended !== null) void session.cancel();
  await recordEnd(context, seat, turn, await end, signal);
  return true;
}

async function recordEnd(
  context: HostContext,
  seat: AgentSeat,
  { turnId, promptId, nonce }: Pick<OpenTurn, 'turnId' | 'promptId' | 'nonce'>,
  end: TurnEnd,
  signal: AbortSignal,
): Promise<void> {
  const { log, record, redact } = context;
  seat.flushText();
  await log.flushTranscript();
  // That somebody asked for this end may still be on its way to the disk.
  await log.flushJournal();
  // The turn goes on; the next host tells its end.
  if (end.released === true) return;
  // What could not be looked at is looked at again before each call of git.
  await inspectGitConfig(context).catch((error: unknown) => context.note(`git configuration: ${messageOf(error)}`));
  const ids = { nonce, taskId: record.name };
  const callback: CallbackResult =
    record.task === null
      ? { type: 'missing' }
      : redacted(context, withPhase(extractCallback(end.messages, ids), end.phase ?? null, ids));
  const detail = end.detail === undefined ? {} : { detail: redact(end.detail).slice(0, DETAIL_CHARS) };
  const { open } = log.folded.turns;
  const { life } = log.folded;
  const isOver = life.stopped || life.ended !== null;
  // This host leaves: the next one asks the agent what it remembers.
  if (end.verdict === 'unknown' && signal.aborted && open?.cancelRequested === false && !isOver) return;
  // The agent died. This host goes on, and asks the next one.
  if (end.verdict === 'unknown' && open !== null && (!signal.aborted || open.cancelRequested)) {
    await seat.close();
    const { usage = null } = usageOf(context, end);
    const seen = { callback, lastMessage: lastWords(end, redact), toolCalls: end.toolCalls, usage };
    const lost = { failure: end.failure ?? 'agent-exited', ...detail };
    await settleTurn(context, open, () => askHistory(context, seat, open, signal), { seen, lost, signal });
    return;
  }
  await log.appendPatiently({
    type: 'turn-ended',
    turnId,
    promptId,
    verdict: end.verdict,
    stopReason: end.stopReason,
    ...(end.failure === undefined ? {} : { failure: end.failure }),
    ...detail,
    ...retryTime(context, end),
    callback,
    lastMessage: lastWords(end, redact),
    toolCalls: end.toolCalls,
    ...usageOf(context, end),
  });
  await warnUnmeasured(context, end);
  // After these the agent is gone, going, or no longer to be trusted with a conversation: the next prompt gets a new one.
  if (end.verdict === 'unknown' || (end.failure !== undefined && SPOILT.has(end.failure))) await seat.close();
}

/** Said once: a budget that nobody can measure holds nothing back. */
async function warnUnmeasured({ log, record }: HostContext, { usage = {} }: TurnEnd): Promise<void> {
  const { maxTokens, maxCost } = record.limits;
  if (log.folded.turns.count !== 1) return;
  const missing = [
    ...(maxTokens !== undefined && leastTokens(usage) === 0 ? ['--max-tokens: its agent reports no tokens'] : []),
    ...(maxCost !== undefined && usage.costAmount === undefined ? ['--max-cost: its agent reports no cost'] : []),
  ];
  for (const what of missing)
    await log.appendPatiently({ type: 'milestone', level: 'warn', text: `this session cannot be held to ${what}` });
}

/** With what this turn alone cost: agents report a running total. */
function usageOf({ log }: HostContext, { usage }: TurnEnd): { readonly usage?: Usage } {
  if (usage === undefined) return {};
  const cost = turnCost(usage, log.folded.turns.usage.lastCost);
  return { usage: cost === undefined ? usage : { ...usage, turnCostAmount: cost } };
}

/** When the agent's model answers again, where the agent has said so. */
function retryTime({ clock }: HostContext, { failure, detail }: TurnEnd): { readonly retryAt?: string } {
  if (detail === undefined || (failure !== 'quota' && failure !== 'rate-limit')) return {};
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const atMs = resetTimeIn(detail, clock.now(), timeZone);
  return atMs === null ? {} : { retryAt: isoTime(atMs) };
}

const SPOILT: ReadonlySet<TurnFailure> = new Set(['agent-exited', 'no-first-sign', 'turn-timeout', 'cancel-timeout']);

/** The text, and behind it the contract of this turn. */
function compose({ record }: HostContext, text: string, nonce: string, callbackFile: string | undefined): string {
  if (record.task === null) return text;
  const { branch, kind } = record.task;
  const file = callbackFile === undefined ? {} : { callbackFile };
  const contract = callbackContract({ taskId: record.name, nonce, branch, kind, ...file });
  return `${text}\n\n${contract}`;
}

/** What the agent has to know before this prompt, because it forgot its conversation or was torn out of its work. */
async function prefaceFor(context: HostContext, promptId: string): Promise<string> {
  const { log, record } = context;
  const { life, turns } = log.folded;
  if (life.agent.lost !== null) return forgottenBrief(context, promptId);
  const kind = log.folded.prompts.byId.get(promptId)?.kind;
  const isFirst = record.firstPrompt?.promptId === promptId;
  if (turns.last?.end.verdict !== 'unknown' || isFirst || (kind !== 'user' && kind !== 'answer')) return '';
  const look = 'Your last turn was interrupted, and its work may be half done: look at `git status` and `git log`';
  return onCrashOf(record) === 'retry' ? `${look}, and finish it as well.\n\n` : `${look} first.\n\n`;
}

/** An agent that only hears "no" tries again in other words. */
const refusalNote = (refusals: readonly string[]): string =>
  refusals.length === 0
    ? ''
    : `Since your last message these were not carried out, and will not be:\n${refusals.map((text) => `- ${text}`).join('\n')}\n\n`;

/** Callbacks are journaled, shown and put into pull requests: no secret may ride in on one. */
function redacted({ redact }: HostContext, result: CallbackResult): CallbackResult {
  switch (result.type) {
    case 'valid':
      return { type: 'valid', callback: { ...result.callback, summary: redact(result.callback.summary) } };
    case 'malformed':
      return { type: 'malformed', problem: redact(result.problem) };
    case 'missing':
      return result;
  }
}

const lastWords = (end: TurnEnd, redact: (text: string) => string): string =>
  redact(end.messages[0] ?? '').slice(-LAST_MESSAGE_CHARS);
