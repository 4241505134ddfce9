/**
 * What may be pasted: newline and tab stay, CRLF and CR become newlines, every other control character goes. An end of
 * paste in the middle of the text (ESC [ 201 ~) would let the rest be typed, as commands (measured on 3.3a).
 */
export function cleanInput(text: string): { readonly text: string; readonly stripped: number } {
  const lines = text.toWellFormed().replace(/\r\n?/g, '\n');
  let stripped = 0;
  const clean = lines.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, () => {
    stripped += 1;
    return '';
  });
  return { text: clean.replace(/\n+$/, ''), stripped };
}
