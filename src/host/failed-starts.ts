import type { ConduxtError } from '../errors.ts';
import type { TaskEndCode } from '../session/events.ts';
import type { HostContext } from './context.ts';
import { endTask } from './end-task.ts';
import type { FallBack } from './fall-back.ts';
import { openQuestion } from './questions.ts';
import { askedAtStart } from './start-dialog.ts';

/** A start that fails is tried this often before a person is asked. */
const START_TRIES = 2;
/** What a second try would not change. */
const SETTLED = new Set(['agent-login-required', 'agent-choice-refused', 'lock-held', 'no-flock']);
const END_CODES: ReadonlyMap<string, TaskEndCode> = new Map([
  ['agent-login-required', 'login-required'],
  ['lock-held', 'lock-held'],
]);

/** Starts of the agent that failed, one after the other: tried again, then somebody is asked, or the task ends. */
export class FailedStarts {
  readonly #context: HostContext;
  readonly #fallBack: FallBack;
  #count = 0;

  constructor(context: HostContext, fallBack: FallBack) {
    this.#context = context;
    this.#fallBack = fallBack;
  }

  /** One that did not fail. */
  forget(): void {
    this.#count = 0;
  }

  /** The prompt was not handed and stays owed, unless the task ends because its agent cannot be had. */
  async add(error: ConduxtError): Promise<void> {
    const { log, record, note } = this.#context;
    this.#count += 1;
    note(`agent start failed (${error.code}): ${error.message}`);
    const asks = error.code === 'agent-dialog';
    const settled = SETTLED.has(error.code);
    const again = !asks && !settled && this.#count < START_TRIES;
    if (again) return;
    this.#count = 0;
    if (await this.#fallBack.afterFailedStart(error)) return;
    const reason = error.remedy === undefined ? error.message : `${error.message}; ${error.remedy}`;
    // A task that has begun keeps what it owes: a person says when the agent can be had again.
    if (record.task !== null && log.folded.turns.count === 0 && !asks) {
      await endTask(this.#context, { end: 'failed', reason, code: END_CODES.get(error.code) ?? 'agent-unavailable' });
      return;
    }
    const prompt = log.folded.prompts.owed[0];
    if (prompt === undefined) return;
    const isLogin = error.code === 'agent-login-required';
    const asked = asks ? askedAtStart(error, record.name, this.#context.redact) : null;
    const choices = record.task === null ? ['retry', 'drop'] : ['retry', 'drop', 'end'];
    await openQuestion(this.#context, {
      id: `start-${prompt.id}-${log.folded.seq}${asked === null ? '' : `-${asked.mark}`}`,
      kind: isLogin ? 'login' : 'dialog',
      question: reason,
      choices: [...(asked?.names ?? []), ...choices],
      fallback: record.task === null ? 'drop' : 'end',
      facts: { ...asked?.facts, problem: error.code },
    });
  }
}
