/** Most of a turn's text that is kept: its end, where the callback is. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/**
 * Puts the chunks of one turn together into messages. Agents run the texts before and after their tool calls together
 * ("I will write the file.All done."), so a message ends where the `messageId` changes, or, between chunks without one,
 * at a tool call. Memory is bounded: the beginning is forgotten first.
 */
export class MessageLog {
  readonly #maxBytes: number;
  readonly #messages: { readonly id: string | null; parts: string[] }[] = [];
  #chars = 0;
  #toolSeen = false;

  constructor(maxBytes: number = MAX_MESSAGE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  chunk(text: string, messageId: string | null): void {
    const last = this.#messages.at(-1);
    // With an id, a tool that reports meanwhile does not cut the message in two.
    const goesOn = last !== undefined && last.id === messageId && (messageId !== null || !this.#toolSeen);
    if (goesOn) last.parts.push(text);
    else this.#messages.push({ id: messageId, parts: [text] });
    this.#toolSeen = false;
    this.#chars += text.length;
    // Twice the limit, so that forgetting costs little per chunk.
    if (this.#chars > 2 * this.#maxBytes) this.#forget();
  }

  tool(): void {
    this.#toolSeen = true;
  }

  get hasText(): boolean {
    return this.#messages.some(({ parts }) => parts.some((part) => part.trim() !== ''));
  }

  /** From the last message backwards; together at most the limit in UTF-8, the oldest one cut at its beginning. */
  lastFirst(): readonly string[] {
    const found: string[] = [];
    let left = this.#maxBytes;
    for (const { parts } of this.#messages.toReversed()) {
      const whole = parts.join('');
      const text = tailOf(whole, left);
      left -= Buffer.byteLength(text);
      if (text !== '') found.push(text);
      // Nothing older after a cut: there must be no hole in the middle.
      if (text.length < whole.length) break;
    }
    return found;
  }

  #forget(): void {
    const kept = this.lastFirst().toReversed();
    const ids = this.#messages.filter(({ parts }) => parts.some((part) => part !== '')).map(({ id }) => id);
    const lastIds = ids.slice(ids.length - kept.length);
    this.#messages.splice(0, Infinity, ...kept.map((text, index) => ({ id: lastIds[index] ?? null, parts: [text] })));
    this.#chars = kept.reduce((sum, text) => sum + text.length, 0);
  }
}

/** The end of `text`, at most `maxBytes` in UTF-8, never beginning inside a character. */
export function tailOf(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text);
  let from = Math.max(0, bytes.length - maxBytes);
  while (from < bytes.length && ((bytes[from] ?? 0) & 0xc0) === 0x80) from += 1;
  return bytes.subarray(from).toString('utf8');
}
