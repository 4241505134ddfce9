import { MessageLog } from '../backend/acp/message-log.ts';
import { extractCallback } from '../callback/extract.ts';
import { placeOf, type HeardHistory, type HistoryEvidence } from '../route/settle-unknown.ts';
import type { HistoryItem } from '../session/history.ts';

/** How the prompt in question, and the turn before it, are known again in an agent's history. */
export interface KnownPrompts {
  /** In a task its nonce, which is nowhere else; otherwise the words themselves. */
  readonly ours: string;
  /** Null when there was none. */
  readonly before: {
    /** Of its prompt, as `ours`. */
    readonly prompt: string;
    readonly lastMessage: string;
    readonly toolCalls: number;
  } | null;
  /** How often the same words were handed over before. */
  readonly oursBefore: number;
  readonly isFirst: boolean;
}

/** A nonce has twelve. */
const SURE_CHARS = 12;

/** Reads a replayed history as it comes and keeps what a turn can be judged by; a long one costs no memory. */
export class HistoryReader {
  readonly #known: KnownPrompts;
  /** Since the prompt in question; of everything where that is not there. */
  #answer = new Said();
  /** Since the last of the user's messages. */
  #sinceLast = new Said();
  #ours = 0;
  #last: HeardHistory['last'] = 'none';
  /** Of the user's message that is coming in; null between them. */
  #text: string | null = null;
  #messageId: string | null = null;

  constructor({ ours, before, ...rest }: KnownPrompts) {
    const plainly = before === null ? null : { ...before, prompt: plain(before.prompt) };
    this.#known = { ...rest, ours: plain(ours), before: plainly };
  }

  take(item: HistoryItem): void {
    if (item.type === 'user') {
      if (this.#text !== null && this.#messageId !== item.messageId) this.#endMessage();
      this.#messageId = item.messageId;
      this.#text = (this.#text ?? '') + item.text;
      return;
    }
    this.#endMessage();
    this.#answer.take(item);
    this.#sinceLast.take(item);
  }

  /**
   * Call it when the replay is over.
   * @param isWhole whether that is sure.
   */
  read(
    ids: { readonly nonce: string; readonly taskId: string },
    isWhole: boolean,
  ): HistoryEvidence & {
    /** What followed the prompt: its last words, and how many tools. */
    readonly lastMessage: string;
    readonly toolCalls: number;
  } {
    this.#endMessage();
    const messages = this.#answer.messages.lastFirst();
    const { oursBefore, isFirst } = this.#known;
    const heard = { ours: this.#ours, oursBefore, last: this.#last, isFirst, isAtWork: this.#isAtWork(), isWhole };
    return {
      prompt: placeOf(heard),
      callback: extractCallback(messages, ids),
      lastMessage: messages[0] ?? '',
      toolCalls: this.#answer.tools.size,
    };
  }

  /** Whether there is more than the turn before has said and done. Without a prompt, that is anything at all. */
  #isAtWork(): boolean {
    const { before } = this.#known;
    const said = this.#sinceLast;
    if (before === null || this.#last !== 'the-one-before') return !said.isEmpty;
    const [lastMessage = ''] = said.messages.lastFirst();
    return said.tools.size > before.toolCalls || !isEndOf(plain(before.lastMessage), plain(lastMessage));
  }

  #endMessage(): void {
    if (this.#text === null) return;
    const text = plain(this.#text);
    this.#text = null;
    this.#sinceLast = new Said();
    const { ours, before } = this.#known;
    if (text.includes(ours)) {
      this.#ours += 1;
      this.#last = 'ours';
      this.#answer = new Said();
    } else this.#last = before !== null && isSurely(text, before.prompt) ? 'the-one-before' : 'other';
  }
}

/** What an agent said and did in a part of its history. */
class Said {
  readonly messages = new MessageLog();
  readonly tools = new Set<string>();
  isEmpty = true;

  take(item: Exclude<HistoryItem, { type: 'user' }>): void {
    this.isEmpty = false;
    if (item.type === 'message') this.messages.chunk(item.text, item.messageId);
    if (item.type !== 'tool') return;
    this.messages.tool();
    this.tools.add(item.toolCallId);
  }
}

/** Agents may put something of their own around a prompt; a word or two could be part of anything. */
const isSurely = (text: string, prompt: string): boolean =>
  text === prompt || (prompt.length >= SURE_CHARS && text.includes(prompt));

/** Replayed words are the known ones, or cut from a message at another place. Agents may replay none. */
const isEndOf = (known: string, replayed: string): boolean =>
  replayed === '' ||
  replayed === known ||
  (replayed.length >= SURE_CHARS && known.endsWith(replayed)) ||
  (known.length >= SURE_CHARS && replayed.endsWith(known));

/** Agents keep the words, and not always the blanks between them. */
const plain = (text: string): string => text.replace(/\s+/g, '');
