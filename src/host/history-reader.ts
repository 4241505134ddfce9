import { MessageLog } from '../backend/acp/message-log.ts';
import { extractCallback } from '../callback/extract.ts';
import { placeOf, type HeardPrompts, type HistoryEvidence } from '../route/settle-unknown.ts';
import type { HistoryItem } from '../session/history.ts';

/** How the prompt in question, and the one before it, are known again in an agent's history. */
export interface KnownPrompts {
  /** In a task its nonce, which is nowhere else; otherwise the words themselves. */
  readonly ours: string;
  /** Null when there was none. */
  readonly before: string | null;
  /** How often the same words were handed over before. */
  readonly oursBefore: number;
  readonly isFirst: boolean;
}

/** A nonce has twelve. */
const SURE_CHARS = 12;

/** Reads a replayed history as it comes and keeps what a turn can be judged by; a long one costs no memory. */
export class HistoryReader {
  readonly #known: KnownPrompts;
  #messages = new MessageLog();
  #tools = new Set<string>();
  #ours = 0;
  #last: HeardPrompts['last'] = 'none';
  /** Of the user's message that is coming in; null between them. */
  #text: string | null = null;
  #messageId: string | null = null;

  constructor({ ours, before, ...rest }: KnownPrompts) {
    this.#known = { ...rest, ours: plain(ours), before: before === null ? null : plain(before) };
  }

  take(item: HistoryItem): void {
    if (item.type === 'user') {
      if (this.#text !== null && this.#messageId !== item.messageId) this.#endMessage();
      this.#messageId = item.messageId;
      this.#text = (this.#text ?? '') + item.text;
      return;
    }
    this.#endMessage();
    if (item.type === 'message') this.#messages.chunk(item.text, item.messageId);
    else {
      this.#messages.tool();
      this.#tools.add(item.toolCallId);
    }
  }

  /** Call it when the replay is over. */
  read(ids: { readonly nonce: string; readonly taskId: string }): HistoryEvidence & {
    /** What followed the prompt: its last words, and how many tools. */
    readonly lastMessage: string;
    readonly toolCalls: number;
  } {
    this.#endMessage();
    const messages = this.#messages.lastFirst();
    const { oursBefore, isFirst } = this.#known;
    return {
      prompt: placeOf({ ours: this.#ours, oursBefore, last: this.#last, isFirst }),
      callback: extractCallback(messages, ids),
      lastMessage: messages[0] ?? '',
      toolCalls: this.#tools.size,
    };
  }

  #endMessage(): void {
    if (this.#text === null) return;
    const text = plain(this.#text);
    this.#text = null;
    const { ours, before } = this.#known;
    if (text.includes(ours)) {
      this.#ours += 1;
      this.#last = 'ours';
      this.#messages = new MessageLog();
      this.#tools = new Set();
    } else this.#last = before !== null && isSurely(text, before) ? 'the-one-before' : 'other';
  }
}

/** Agents may put something of their own around a prompt; a word or two could be part of anything. */
const isSurely = (text: string, prompt: string): boolean =>
  text === prompt || (prompt.length >= SURE_CHARS && text.includes(prompt));

/** Agents keep the words, and not always the blanks between them. */
const plain = (text: string): string => text.replace(/\s+/g, '');
