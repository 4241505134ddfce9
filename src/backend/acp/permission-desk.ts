import { messageOf } from '../../errors.ts';
import type { AgentListener, PermissionAnswer } from '../backend.ts';
import type { Reply } from './connection.ts';
import { isObject, listAt, objectAt, textAt, type JsonObject } from './json.ts';
import { chooseOption } from './permission-options.ts';
import { essenceOf, FORGOTTEN, permissionRequestOf, toldOf } from './permission-request.ts';

/** Tool calls remembered for a later permission request that gives only the id. */
const MAX_TOOLS = 256;
/** And of so many characters together. */
const MAX_TOOL_CHARS = 2 * 1024 * 1024;
/** Requests that may wait at once. An agent that asks more has lost its way: each would be a question to a person. */
const MAX_OPEN = 64;

const cancelledReply: Reply = { result: { outcome: { outcome: 'cancelled' } } };

/** Where the agent's permission requests wait for their answers. Each gets exactly one, also when nobody answers. */
export class PermissionDesk {
  readonly #listener: AgentListener;
  readonly #preferredIds: readonly string[];
  readonly #open = new Set<() => void>();
  readonly #tools = new Map<string, JsonObject>();
  readonly #toolChars = new Map<string, number>();
  #hasForgotten = false;

  constructor(listener: AgentListener, preferredIds: readonly string[]) {
    this.#listener = listener;
    this.#preferredIds = preferredIds;
  }

  get isWaiting(): boolean {
    return this.#open.size > 0;
  }

  /** Keeps what an update says about a tool call. */
  remember(update: unknown): void {
    const toolCallId = textAt(update, 'toolCallId');
    if (toolCallId === null || !isObject(update)) return;
    const known = this.#tools.get(toolCallId);
    this.#forget(toolCallId);
    const { status } = update;
    if (status === 'completed' || status === 'failed') return;
    const essence = essenceOf(toldOf(known ?? {}, update));
    this.#tools.set(toolCallId, essence);
    this.#toolChars.set(toolCallId, JSON.stringify(essence).length);
    let chars = 0;
    for (const each of this.#toolChars.values()) chars += each;
    for (const oldest of this.#tools.keys()) {
      if (oldest === toolCallId || (this.#tools.size <= MAX_TOOLS && chars <= MAX_TOOL_CHARS)) break;
      chars -= this.#toolChars.get(oldest) ?? 0;
      this.#forget(oldest);
      this.#hasForgotten = true;
    }
  }

  #forget(toolCallId: string): void {
    this.#tools.delete(toolCallId);
    this.#toolChars.delete(toolCallId);
  }

  /** Asks the listener and replies with the option it means. An aborted signal is answered `cancelled` at once. */
  ask(params: unknown, reply: (reply: Reply) => void, signal: AbortSignal): void {
    const settled = new AbortController();
    const close = (answer: Reply): void => {
      this.#open.delete(cancel);
      signal.removeEventListener('abort', cancel);
      settled.abort();
      reply(answer);
    };
    const cancel = (): void => close(cancelledReply);
    if (this.#open.size >= MAX_OPEN) {
      this.#listener.notice({ type: 'protocol-oddity', what: `asks for more than ${MAX_OPEN} permissions at once` });
      return close(this.#replyFor({ type: 'reject' }, params));
    }
    this.#open.add(cancel);
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) return cancel();
    void this.#answer(params, settled.signal).then((answer) => {
      // Withdrawn or cancelled meanwhile: the answer of a person who was slower is dropped.
      if (this.#open.has(cancel)) close(this.#replyFor(answer, params));
    });
  }

  /** Answers everything that is open with `cancelled`; on the wire before anything that is sent after. */
  cancelAll(): void {
    for (const cancel of [...this.#open]) cancel();
  }

  async #answer(params: unknown, signal: AbortSignal): Promise<PermissionAnswer> {
    try {
      return await this.#listener.permission(permissionRequestOf(params, this.#known(params)), signal);
    } catch (error) {
      this.#listener.notice({
        type: 'protocol-oddity',
        what: `permission refused, nobody could decide: ${messageOf(error)}`,
      });
      return { type: 'reject' };
    }
  }

  /** A call that nothing is known of any more must not pass for one that names nothing. */
  #known(params: unknown): JsonObject {
    const asked = objectAt(params, 'toolCall');
    const known = this.#tools.get(textAt(asked, 'toolCallId') ?? '');
    if (known !== undefined) return known;
    return this.#hasForgotten && !isObject(asked['rawInput']) ? FORGOTTEN : {};
  }

  #replyFor(answer: PermissionAnswer, params: unknown): Reply {
    return { result: { outcome: chooseOption(answer, listAt(params, 'options'), this.#preferredIds) } };
  }
}
