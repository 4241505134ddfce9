import { isoTime } from '../clock.ts';
import { messageOf, notFound, refused, usageError } from '../errors.ts';
import { newDecisionId } from '../session/ids.ts';
import { isOfTurn, type Decision, type DecisionEnd } from '../session/decision.ts';
import type { HostContext } from './context.ts';
import { endDecision, expireQuestion } from './questions.ts';

/** The key of the prompt that brings a clarification's answer to the agent. */
export const answerKey = (decisionId: string): string => `answer/${decisionId}`;

interface Waiting {
  readonly settle: (answer: string | null) => void;
}

/**
 * Decisions that hold up the running turn (permissions): each waits for a person, its deadline or the end of the
 * turn, whichever comes first. Decisions that hold up the task (clarification, gate) are only opened here: their
 * answer is a prompt or a fold.
 */
export class DecisionDesk {
  readonly #context: HostContext;
  readonly #tellPeople: (decisionId: string) => Promise<void>;
  readonly #waiting = new Map<string, Waiting>();

  /** @param tellPeople about a question of the running turn: the spine, which tells about all others, waits for that turn. */
  constructor(context: HostContext, tellPeople: (decisionId: string) => Promise<void>) {
    this.#context = context;
    this.#tellPeople = tellPeople;
  }

  /**
   * Asks a person and waits.
   * @returns the answer, the fallback after the deadline, or null when `signal` aborted because the turn is over.
   */
  async ask(
    question: Omit<Decision, 'id' | 'deadline'> & { readonly fallback: string },
    waitMs: number,
    signal: AbortSignal,
  ): Promise<string | null> {
    const { log, clock, note } = this.#context;
    const id = newDecisionId();
    const deadline = isoTime(clock.now() + waitMs);
    await log.appendPatiently({ type: 'decision-opened', decision: { ...question, id, deadline } });
    this.#tellPeople(id).catch((error: unknown) => note(`telling people: ${messageOf(error)}`));
    const answered = new Promise<string | null>((resolve) => this.#waiting.set(id, { settle: resolve }));
    const stopTimer = clock.after(waitMs, () => {
      this.#end(id, { type: 'expired', answer: question.fallback }).catch((error: unknown) => {
        note(`closing a question: ${messageOf(error)}`);
        this.#settle(id, question.fallback);
      });
    });
    const abort = (): void => this.#settle(id, null);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const answer = await answered;
    stopTimer();
    signal.removeEventListener('abort', abort);
    if (answer === null) await endDecision(this.#context, id, { type: 'withdrawn' });
    return answer;
  }

  /** The open decision. @throws when there is none, or `answer` is none of its choices. */
  answerable(decisionId: string, answer: string): Decision {
    const { log } = this.#context;
    const decision = log.folded.life.decisions.get(decisionId);
    if (decision === undefined) {
      const ended = log.folded.life.endedDecisions.has(decisionId);
      throw ended
        ? refused('decision-ended', `Decision ${decisionId} is already answered or no longer needed.`, {
            remedy: 'See conduxt decisions for those that are open.',
          })
        : notFound('decision-not-found', `There is no open decision ${decisionId}.`, {
            remedy: 'See conduxt decisions for those that are open.',
          });
    }
    if (decision.choices.length > 0 && !decision.choices.includes(answer)) {
      throw usageError(
        'not-a-choice',
        `"${answer.slice(0, 60)}" is not one of the choices: ${decision.choices.join(', ')}.`,
        { remedy: `For example: conduxt answer ${decisionId} ${decision.choices[0] ?? ''}` },
      );
    }
    return decision;
  }

  /** Records a person's answer to a decision that is `answerable`. */
  async answer(decisionId: string, answer: string): Promise<void> {
    await this.#context.log.append({
      type: 'decision-ended',
      decisionId,
      end: { type: 'answered', answer, by: 'person' },
    });
    this.#settle(decisionId, answer);
  }

  /**
   * Takes the fallback of a decision whose deadline has passed by the wall clock, which goes on while a machine sleeps.
   * @returns false when it is not open any more, or has time left.
   */
  async expire(decisionId: string): Promise<boolean> {
    const decision = this.#context.log.folded.life.decisions.get(decisionId);
    if (decision === undefined || !(await expireQuestion(this.#context, decision))) return false;
    this.#settle(decisionId, decision.fallback);
    return true;
  }

  /**
   * After a restart nobody waits for the old decisions of a turn any more; and a clarification whose answer became a
   * prompt is answered, although its host died before it could say so.
   */
  async settleOrphans(): Promise<void> {
    const { log } = this.#context;
    for (const decision of [...log.folded.life.decisions.values()]) {
      const { id } = decision;
      const prompt = log.folded.prompts.byKey.get(answerKey(id));
      if (isOfTurn(decision) && !this.#waiting.has(id)) {
        await endDecision(this.#context, id, { type: 'withdrawn' });
      } else if (prompt !== undefined) {
        const end = { type: 'answered', answer: `told in ${prompt.id}`, by: 'person' } as const;
        await endDecision(this.#context, id, end);
      }
    }
  }

  async #end(id: string, end: Extract<DecisionEnd, { type: 'expired' }>): Promise<void> {
    if (await endDecision(this.#context, id, end)) this.#settle(id, end.answer);
  }

  #settle(id: string, answer: string | null): void {
    this.#waiting.get(id)?.settle(answer);
    this.#waiting.delete(id);
  }
}
