/** What a question on a screen would run, as far as it can be read there. */
export interface AskedCommand {
  /**
   * The ways to read it, the likeliest first. Several where it is drawn in more than one line: lines of the command, or one
   * line that was broken to fit.
   */
  readonly readings: readonly [string, ...string[]];
  /** The screen says that it does not show all of it. */
  readonly isCut: boolean;
}

const SHELL = /^\s*\$ /;
const FRAME = /^\s*[╌┄╭╰][╌┄─]{3,}/;
const CHOICE = /^\s*(?:[❯›●▶➜→>]\s+)?1[.)]\s|^\s*(?:Allow|Yes|Approve)\b/;
const CUT = /(?:^|\s)(?:…|\.{3})\s*\+?\d* ?(?:more )?lines?\b|\b\d+ (?:more|hidden) lines?\b|\blines? hidden\b/i;
/** A line this much shorter than the longest may still have been broken: a box has margins. */
const MARGIN_CHARS = 12;

/**
 * The command that the last question on a screen asks about: what stands behind `$ ` up to the choices, or in the last
 * frame. The whole of it: a second line can do what the first one hides. Null when no line looks like a command.
 */
export function askedCommand(lines: readonly string[], asks: readonly RegExp[]): AskedCommand | null {
  const isQuestion = (line: string): boolean => asks.some((pattern) => pattern.test(line));
  const behind = lines.slice(lines.findIndex(isQuestion) + 1);
  const drawn = behindDollar(behind, isQuestion) ?? inFrame(lines) ?? behindDollar(lines, isQuestion);
  const [first] = drawn ?? [];
  if (drawn === null || first === undefined) return null;
  const words = drawn.map((line) => line.trim());
  const longest = Math.max(...lines.map((line) => line.trimEnd().length));
  const mayBeBroken = drawn.some((line, index) => {
    const next = drawn[index + 1]?.trim().split(/\s/)[0];
    return next !== undefined && line.trimEnd().length + 1 + next.length > longest - MARGIN_CHARS;
  });
  const broken = mayBeBroken ? [words.join(' '), words.join('')] : [];
  return { readings: [words.join('\n'), ...broken], isCut: drawn.some((line) => CUT.test(line)) };
}

/** From the first such line: a command may hold one itself. */
function behindDollar(lines: readonly string[], isQuestion: (line: string) => boolean): readonly string[] | null {
  const plain = lines.map(unframed);
  const from = plain.findIndex((line) => SHELL.test(line));
  if (from < 0) return null;
  const to = plain.findIndex((line, index) => index > from && (CHOICE.test(line) || isQuestion(line)));
  const drawn = plain.slice(from, to < 0 ? undefined : to).filter((line) => line.trim() !== '');
  return drawn.map((line, index) => (index === 0 ? line.replace(SHELL, '') : line));
}

/**
 * In the last frame. Lines inside a box have its sides, so what looks like a frame there is deeper; a frame of dashes has no
 * sides, so its first line counts.
 */
function inFrame(lines: readonly string[]): readonly string[] | null {
  const frames = lines.flatMap((line, index) => {
    const [glyph] = FRAME.exec(unframed(line))?.[0].trim() ?? '';
    return glyph === undefined ? [] : [{ glyph, index, depth: depthOf(line) }];
  });
  for (const end of frames.toReversed()) {
    const opens = frames.filter(
      ({ glyph, index, depth }) =>
        index < end.index && depth === end.depth && glyph === (OPENS[end.glyph] ?? end.glyph),
    );
    const start = end.glyph in OPENS ? opens.at(-1) : opens[0];
    if (start === undefined) continue;
    const drawn = lines
      .slice(start.index + 1, end.index)
      .map(unframed)
      .filter((line) => line.trim() !== '');
    if (drawn.length > 0 && !drawn.some((line) => CHOICE.test(line))) return drawn;
  }
  return null;
}

const OPENS: Readonly<Record<string, string>> = { '╰': '╭' };
const depthOf = (line: string): number => /^(?:\s*[│┃|])*/.exec(line)?.[0].replaceAll(/\s/g, '').length ?? 0;

/** The line without the sides of boxes around it. A pipe in a command is none. */
function unframed(line: string): string {
  const plain = line.trimEnd();
  return /^\s*[│┃|]/.test(plain) ? plain.replace(/^(?:\s*[│┃|])+/, '').replace(/(?:\s*[│┃|])+$/, '') : plain;
}
