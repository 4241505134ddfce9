/** One terminal sequence, or one character. */
const PIECE = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^[\]]|[^]/gu;

/**
 * Where what a shell printed of a typed line ends in `raw`, as its terminal wrote it: wrapped, coloured, behind a prompt, drawn twice.
 * Null when it is not there, or not all of it up to its Enter. What stands behind it is the output of the command.
 * @returns an index into `raw`.
 */
export function echoEnd(raw: string, typed: string): number | null {
  const wanted = typed.replaceAll(/\s+/gu, '');
  if (wanted === '') return null;
  const ends: number[] = [];
  let shown = '';
  for (const { 0: piece, index } of raw.matchAll(PIECE)) {
    if (piece.startsWith('\x1b') || /^[\s\x00-\x1f\x7f]/u.test(piece)) continue;
    shown += piece;
    for (let unit = 0; unit < piece.length; unit += 1) ends.push(index + piece.length);
  }
  let at = shown.indexOf(wanted);
  if (at < 0) return null;
  // bash shows what is pasted inverted, and all of it again when Enter comes.
  while (shown.startsWith(wanted, at + wanted.length)) at += wanted.length;
  const newline = raw.indexOf('\n', ends[at + wanted.length - 1]);
  return newline < 0 ? null : newline + 1;
}
