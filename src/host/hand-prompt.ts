import { randomBytes } from 'node:crypto';
import { extractCallback } from '../callback/extract.ts';
import { callbackContract } from '../intake/prompt.ts';
import { newTurnId } from '../session/ids.ts';
import type { CallbackResult } from '../session/callback.ts';
import type { TurnFailure } from '../session/events.ts';
import type { TurnEnd } from '../backend/backend.ts';
import { promptFile } from '../store/paths.ts';
import type { AgentSeat } from './agent-seat.ts';
import type { HostContext } from './context.ts';
import { readPrompt } from './session-log.ts';

const LAST_MESSAGE_CHARS = 2048;
const DETAIL_CHARS = 1000;

/**
 * Hands one prompt to the agent and follows the turn to its end. Rejects, with nothing handed, when the agent cannot
 * be opened.
 */
export async function handPrompt(context: HostContext, seat: AgentSeat, promptId: string): Promise<void> {
  const { log, record, paths, redact } = context;
  const session = await seat.open();
  const turnId = newTurnId();
  const nonce = randomBytes(9).toString('base64url');
  const words = readPrompt(promptFile(paths, promptId));
  // Opening takes seconds, and room on a full disk longer; a person may have dropped the prompt meanwhile.
  const handed = await log.withRoom(async () => {
    const isOwed = !log.folded.life.stopped && log.folded.prompts.byId.get(promptId)?.state === 'queued';
    return isOwed ? log.append({ type: 'prompt-handed', promptId, turnId, nonce }) : null;
  });
  if (handed === null) return;
  const text = compose(context, words, nonce, seat.takeLostContext());
  const end = await session.prompt({ turnId, text });
  await log.flushTranscript();
  const callback: CallbackResult =
    record.task === null
      ? { type: 'missing' }
      : redacted(context, extractCallback(end.messages, { nonce, taskId: record.name }));
  await log.appendPatiently({
    type: 'turn-ended',
    turnId,
    promptId,
    verdict: end.verdict,
    stopReason: end.stopReason,
    ...(end.failure === undefined ? {} : { failure: end.failure }),
    ...(end.detail === undefined ? {} : { detail: redact(end.detail).slice(0, DETAIL_CHARS) }),
    callback,
    lastMessage: lastWords(end, redact),
    toolCalls: end.toolCalls,
    ...(end.usage === undefined ? {} : { usage: end.usage }),
  });
  // After these the agent is gone, going, or no longer to be trusted with a conversation: the next prompt gets a new one.
  if (end.verdict === 'unknown' || (end.failure !== undefined && SPOILT.has(end.failure))) await seat.close();
}

const SPOILT: ReadonlySet<TurnFailure> = new Set(['agent-exited', 'no-first-sign', 'turn-timeout', 'cancel-timeout']);

/** The text as acknowledged; before it, what the agent has forgotten; behind it, the contract of this turn. */
function compose(context: HostContext, text: string, nonce: string, lost: string | null): string {
  const { record } = context;
  const preface =
    lost === null
      ? ''
      : 'Your earlier conversation about this work could not be resumed, so you may not remember it. ' +
        'Look at the working directory, `git status` and `git log` before you begin.\n\n' +
        (record.task === null ? '' : `The task, for reference: ${record.task.title}\n\n`);
  if (record.task === null) return preface + text;
  const contract = callbackContract({ taskId: record.name, nonce, branch: record.task.branch, kind: record.task.kind });
  return `${preface}${text}\n\n${contract}`;
}

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
