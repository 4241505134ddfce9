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
    // Some bytes more than will be asked for: what was cut is then seen to be cut.
    const part = text.length > this.#maxBytes ? tailOf(text, this.#maxBytes + 4) : text;
    if (goesOn) last.parts.push(part);
    else this.#messages.push({ id: messageId, parts: [part] });
    this.#toolSeen = false;
    this.#chars += part.length;
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

  /** Whole chunks from the front, as long as what stays fills the limit without them. */
  #forget(): void {
    let spare = this.#chars - this.#maxBytes;
    let emptied = 0;
    for (const { parts } of this.#messages) {
      let count = 0;
      while (count < parts.length && (parts[count]?.length ?? 0) <= spare) spare -= parts[count++]?.length ?? 0;
      parts.splice(0, count);
      if (parts.length > 0) break;
      emptied += 1;
    }
    this.#messages.splice(0, emptied);
    this.#chars = this.#maxBytes + spare;
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
