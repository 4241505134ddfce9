import { isAscii, isUtf8 } from 'node:buffer';
import type { TextPlace } from '../session/agent-news.ts';
import type { ByteText } from '../text/byte-text.ts';

/** What `JSON.stringify` leaves as it is although a terminal, or an eye, would be fooled by it. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\udb40[\udc00-\udc7f]/g;

/**
 * JSON on one line that is safe on a terminal and means exactly the same: such characters only occur inside of
 * strings, where an escape stands for them.
 */
export function safeJson(value: unknown, indent?: number): string {
  return escapeUnsafe(JSON.stringify(value, null, indent));
}

export const escapeUnsafe = (json: string): string =>
  json.replace(UNSAFE_IN_JSON, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );

/** Of each byte whether a string of JSON can hold it as it is, and be safe: 1 when that has to be looked at. */
const NEEDS_A_LOOK = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === 0x22 || byte === 0x5c || byte >= 0x7f ? 1 : 0,
);
const BACKSLASH = 0x5c;
/** What may stand behind a backslash, and how long it is. */
const ESCAPE_BYTES = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : byte === 0x75 ? 5 : 0,
);
const FOUR_HEX_DIGITS = /^[0-9A-Fa-f]{4}$/;

/**
 * Adds a string of a JSON text as it stands there: its escapes mean the same wherever it is copied to. False, with
 * nothing added, for one that is unsafe (see `safeJson`) or is none.
 */
export function copyString(out: ByteText, json: Buffer, { from, to }: TextPlace): boolean {
  let isPlain = true;
  for (let at = from; at < to; at += 1) {
    const byte = json[at] ?? 0;
    if (NEEDS_A_LOOK[byte] === 0) continue;
    if (byte === BACKSLASH) {
      const length = ESCAPE_BYTES[json[at + 1] ?? 0] ?? 0;
      if (length === 0 || at + length >= to) return false;
      if (length > 1 && !FOUR_HEX_DIGITS.test(json.toString('latin1', at + 2, at + 6))) return false;
      at += length;
    } else if (byte >= 0x80) isPlain = false;
    else return false;
  }
  if (!isPlain) {
    const bytes = json.subarray(from, to);
    if (!isUtf8(bytes) || bytes.toString('utf8').search(UNSAFE_IN_JSON) >= 0) return false;
  }
  // With its quotes.
  out.copy(json, from - 1, to + 1);
  return true;
}

const DELETE = 0x7f;

/** Adds a JSON text on one line, as it stands there when that is safe. */
export function copyJson(out: ByteText, json: Buffer): void {
  if (isAscii(json) && !json.includes(DELETE)) out.copy(json);
  else out.text(escapeUnsafe(json.toString('utf8')));
}
