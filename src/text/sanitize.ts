/**
 * The one sanitizer for every byte from an agent, a repository or an issue that reaches a terminal, a log, a memory
 * file or a pull request. What could move a cursor, set a title, write a clipboard or hide text is made visible.
 */

/**
 * Everything that must not reach a terminal as it is:
 * C0 without tab and newline, DEL, C1; soft hyphen, Arabic letter mark, Mongolian vowel separator, zero-width and
 * bidirectional controls, line separators, invisible operators, byte order mark, interlinear marks; tag characters
 * and the supplementary variation selectors (both carry hidden text).
 */
const UNSAFE =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e01ef}]/gu;

/**
 * `text` as well-formed Unicode in which every control, bidirectional or invisible character is written `\u{..}`.
 * Newline and tab stay; CRLF and a lone CR become a newline, so that `ok\rFAIL` shows both. Safe to apply twice.
 */
export function sanitize(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/**
 * `text` sanitized, on one line: each run of white space becomes a blank. Longer than `maxChars` code points, it is
 * cut and ends in `…`. Reads no more of a long text than it needs.
 */
export function oneLine(text: string, maxChars: number): string {
  const window = text.trimStart().slice(0, maxChars * 8 + 1024);
  const line = sanitize(window).replace(/\s+/g, ' ').trim();
  const characters = [...line];
  if (characters.length <= maxChars && window.length >= text.trim().length) return line;
  return maxChars < 1
    ? ''
    : `${characters
        .slice(0, maxChars - 1)
        .join('')
        .trimEnd()}…`;
}

/** `oneLine` in which line ends stay visible: in a command each is as much as a semicolon. */
export const markedLine = (text: string, maxChars: number): string =>
  oneLine(text.trim().replace(/[\r\n]+/g, ' ⏎ '), maxChars);

/**
 * String sequences (OSC, DCS, SOS, PM, APC) with their terminator, CSI, and two-character escapes, each in its 7-bit
 * and 8-bit form. A string sequence without an end loses only its introducer: an unfinished one must not hide the
 * rest of the text. No alternative can scan past the next introducer, so the cost stays linear.
 */
const ESCAPE_SEQUENCE = new RegExp(
  [
    String.raw`(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])(?:[^\x07\x18\x1a\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x9c|\x1b\\))?`,
    String.raw`(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?`,
    String.raw`\x1b[ -/]*[0-~]`,
  ].join('|'),
  'g',
);

/**
 * `text` without terminal sequences: for test output that goes to an agent or into a pull request.
 * It makes text readable, not safe; `sanitize` makes it safe.
 */
export function stripAnsi(text: string): string {
  return text.includes('\x1b') || /[\x90-\x9f]/.test(text) ? text.replace(ESCAPE_SEQUENCE, '') : text;
}
