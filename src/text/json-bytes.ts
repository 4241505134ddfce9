/**
 * Walking through JSON as bytes, for the few fields of a long value that are read a million times. What is walked is
 * JSON (somebody parsed it once), so a place is found, not proven; nothing here reads beyond the end.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Shorter strings are walked through faster than they are searched. */
const WALKED_BYTES = 32;

/** Where the quote stands that ends the string which begins at `from`; the length of `bytes` when none does. */
export function endOfString(bytes: Uint8Array, from: number): number {
  const walkedTo = Math.min(from + WALKED_BYTES, bytes.length);
  let at = from;
  for (; at < walkedTo; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1;
  }
  const searchedFrom = at;
  for (;;) {
    const quote = bytes.indexOf(QUOTE, at);
    if (quote < 0) return bytes.length;
    let slashes = 0;
    while (quote - slashes > searchedFrom && bytes[quote - slashes - 1] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return quote;
    at = quote + 1;
  }
}

/** The first place from `at` on that is no blank. */
export function afterBlanks(bytes: Uint8Array, at: number): number {
  let next = at;
  for (let byte = bytes[next]; byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a; byte = bytes[next])
    next += 1;
  return next;
}

/** The place behind the value that begins at `at`. */
export function afterValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return endOfString(bytes, at + 1) + 1;
  if (first === 0x7b || first === 0x5b) return afterBrackets(bytes, at);
  let next = at;
  for (; next < bytes.length; next += 1) {
    const byte = bytes[next] ?? 0;
    // A comma, a closing bracket, a blank.
    if (byte === 0x2c || byte === 0x7d || byte === 0x5d || byte <= 0x20) break;
  }
  return next;
}

function afterBrackets(bytes: Uint8Array, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at + 1);
    else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return bytes.length;
}

/** Whether exactly `text` stands from `from` to before `to`. */
export function isAt(bytes: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  if (to - from !== text.length) return false;
  for (let at = 0; at < text.length; at += 1) if (bytes[from + at] !== text[at]) return false;
  return true;
}
