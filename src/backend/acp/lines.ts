import { isUtf8 } from 'node:buffer';
import { endOfString } from '../../text/json-bytes.ts';

/** Longest line that is parsed. qwen sends 563 kB in its list of commands, a tool result can be some MB. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;
/** Deeper JSON is refused before parsing: no agent nests like that, and what reads the value may recurse. */
export const MAX_DEPTH = 256;
/** What is kept of a line that is too long: enough for its id and method. */
const HEAD_BYTES = 1024;

export type Framed =
  | { readonly type: 'line'; readonly bytes: Buffer; readonly terminated: boolean }
  /** A line that was skipped; `head` is its beginning. */
  | { readonly type: 'too-long'; readonly byteCount: number; readonly head: Buffer };

/**
 * Cuts a byte stream into lines, in linear time, holding at most one line of `maxLineBytes`. A longer line is counted,
 * not kept. Accepts CRLF and a byte order mark; empty lines vanish.
 */
export class LineFramer {
  readonly #maxLineBytes: number;
  #parts: Buffer[] = [];
  /** Of the current line, kept or not. */
  #byteCount = 0;
  #skipping = false;

  constructor(maxLineBytes: number = MAX_LINE_BYTES) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that `chunk` completes. They may share its memory, which is the framer's from now on. */
  push(chunk: Buffer): readonly Framed[] {
    const lines: Framed[] = [];
    let from = 0;
    for (;;) {
      const newline = chunk.indexOf(0x0a, from);
      this.#add(chunk.subarray(from, newline < 0 ? chunk.length : newline));
      if (newline < 0) return lines;
      from = newline + 1;
      const line = this.#take(true);
      if (line !== null) lines.push(line);
    }
  }

  /** What was left without a newline when the stream ended. */
  end(): readonly Framed[] {
    const line = this.#take(false);
    return line === null ? [] : [line];
  }

  #add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#byteCount += piece.length;
    if (this.#skipping) {
      giveBack(piece);
      return;
    }
    this.#parts.push(piece);
    // Room for CR and a byte order mark: the limit is about the text.
    if (this.#byteCount > this.#maxLineBytes + 4) {
      this.#skipping = true;
      // Copied, or the head would hold the whole chunk in memory.
      const head = Buffer.from(Buffer.concat(this.#parts, Math.min(this.#byteCount, HEAD_BYTES)));
      for (const part of this.#parts) giveBack(part);
      this.#parts = [head];
    }
  }

  #take(terminated: boolean): Framed | null {
    const [first] = this.#parts;
    const bytes = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts);
    if (this.#parts.length > 1) for (const part of this.#parts) giveBack(part);
    const byteCount = this.#byteCount;
    const skipped = this.#skipping;
    this.#parts = [];
    this.#byteCount = 0;
    this.#skipping = false;
    if (skipped) return { type: 'too-long', byteCount, head: bytes };
    const text = trim(bytes);
    if (text.length > this.#maxLineBytes) return { type: 'too-long', byteCount, head: text.subarray(0, HEAD_BYTES) };
    return text.length === 0 ? null : { type: 'line', bytes: text, terminated };
  }
}

/**
 * Frees a piece that is a whole chunk, so that no line shares it. The collector sees only the small object that it hangs
 * on, and would leave many of them.
 */
function giveBack({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

function trim(bytes: Buffer): Buffer {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const end = bytes.length > start && bytes[bytes.length - 1] === 0x0d ? bytes.length - 1 : bytes.length;
  return bytes.subarray(start, end);
}

export type Parsed =
  /** `text` is the line; `isUtf8` false: some bytes were replaced while decoding it. */
  | { readonly type: 'json'; readonly value: unknown; readonly text: string; readonly isUtf8: boolean }
  | { readonly type: 'too-deep' }
  | { readonly type: 'not-json' };

/** Parses one line. Never throws. */
export function parseLine(bytes: Buffer): Parsed {
  // Most noise is text; only what can be an object is worth a look.
  if (firstOf(bytes) !== 0x7b) return { type: 'not-json' };
  if (isDeeperThan(bytes, MAX_DEPTH)) return { type: 'too-deep' };
  try {
    const text = bytes.toString('utf8');
    return { type: 'json', value: JSON.parse(text), text, isUtf8: isUtf8(bytes) };
  } catch {
    return { type: 'not-json' };
  }
}

/** Its first byte that is no blank. */
function firstOf(bytes: Buffer): number | undefined {
  let at = 0;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at += 1;
  return bytes[at];
}

/** By counting brackets outside of strings, without parsing. Bytes of longer UTF-8 characters are never brackets. */
export function isDeeperThan(bytes: Uint8Array, limit: number): boolean {
  // Too short to hold that many brackets.
  if (bytes.length <= limit) return false;
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === 0x22) at = endOfString(bytes, at + 1);
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
  }
  return false;
}
