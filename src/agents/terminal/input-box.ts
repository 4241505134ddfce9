import type { BoxShape } from './profile.ts';

export interface InputBox {
  /** What stands in it, lines joined by newlines; a placeholder is still in it. */
  readonly text: string;
  /** Its first and last line in the screen's lines. */
  readonly from: number;
  readonly to: number;
}

/** Below a box there is a footer of a few lines, never more. */
const MAX_BELOW = 6;
const RULE = /^\s*[╭╰┌└]?[─━]{2,}.*[─━╮╯┐┘]\s*$/;
const BAR = /^\s*┃/;
const FOOT = /^\s*╹▀+/;
const SIDES = /^\s*[│┃|]\s?(.*?)\s*[│┃|]?\s*$/;

/** The input box at the bottom of a screen; null when there is none. A menu (`❯ 1. Yes`) is not one. */
export function findBox(lines: readonly string[], shape: BoxShape): InputBox | null {
  const box = shapes[shape.type](lines, shape.type === 'bar' ? '' : shape.glyphs);
  if (box === null || contentBelow(lines, box.to) > MAX_BELOW) return null;
  return /^\d+\.\s/.test(box.text) ? null : box;
}

const contentBelow = (lines: readonly string[], at: number): number =>
  lines.slice(at + 1).filter((line) => line.trim() !== '').length;

const shapes = { glyph: glyphBox, rules: rulesBox, bar: barBox };

function glyphBox(lines: readonly string[], glyphs: string): InputBox | null {
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const first = afterGlyph(unboxed(lines[at] ?? ''), glyphs);
    if (first === null) continue;
    let to = at;
    while (to + 1 < lines.length && isContinuation(lines[to + 1] ?? '')) to += 1;
    const more = lines.slice(at + 1, to + 1).map((line) => unboxed(line).trim());
    return { text: [first, ...more].join('\n').trim(), from: at, to };
  }
  return null;
}

/** Indented by two, and no footer: those are separated by a blank line or a rule. */
const isContinuation = (line: string): boolean =>
  /^\s{2,}\S/.test(unboxed(line)) && !RULE.test(line) && !/[·•]\s|shortcuts/.test(line);

function rulesBox(lines: readonly string[], glyphs: string): InputBox | null {
  const to = lastRule(lines, lines.length - 1);
  const from = to === null ? null : lastRule(lines, to - 1);
  if (to === null || from === null) return null;
  const inside = lines.slice(from + 1, to).map(unboxed);
  const [first = '', ...more] = inside;
  const text = glyphs === '' ? first : afterGlyph(first, glyphs);
  if (text === null) return null;
  return {
    text: [text, ...more]
      .map((line) => line.trim())
      .join('\n')
      .trim(),
    from,
    to,
  };
}

function lastRule(lines: readonly string[], before: number): number | null {
  for (let at = before; at >= 0; at -= 1) if (RULE.test(lines[at] ?? '')) return at;
  return null;
}

function barBox(lines: readonly string[]): InputBox | null {
  const to = lines.findLastIndex((line) => FOOT.test(line));
  if (to < 0) return null;
  let from = to;
  while (from > 0 && BAR.test(lines[from - 1] ?? '')) from -= 1;
  // The last line in the box names the model; a sidebar may share the lines.
  const inside = lines.slice(from, to).map((line) =>
    line
      .replace(/^\s*┃ ?/, '')
      .replace(/\s{8,}.*$/, '')
      .trim(),
  );
  const text = inside.filter((line) => line !== '').slice(0, -1);
  return { text: text.join('\n'), from, to };
}

/** What stands behind the glyph; null when the line does not begin with one. */
function afterGlyph(line: string, glyphs: string): string | null {
  const text = line.replaceAll('\u00a0', ' ').trimStart();
  const [first = ''] = text;
  if (first === '' || !glyphs.includes(first)) return null;
  const rest = text.slice(first.length);
  return rest === '' || rest.startsWith(' ') ? rest.trim() : null;
}

/** The line without the sides of a box around it. */
const unboxed = (line: string): string => (/^\s*[│|]/.test(line) ? (SIDES.exec(line)?.[1] ?? line) : line);
