/** What a question on a screen would run, as far as it can be read there. */
export interface AskedCommand {
  /**
   * The ways to read it, the likeliest first. Several where a line may be the first half of one that was broken to fit.
   */
  readonly readings: readonly [string, ...string[]];
  /** What is read here may not be all of it: the screen says so, or something in it looks like an end that is none. */
  readonly isCut: boolean;
}

const SHELL = /^\s*\$ /;
const FRAME = /^\s*[╌┄╭╰][╌┄─]{3,}/;
const FIRST_OF_LIST = /^\s*(?:[❯›●▶➜→>]\s+)?1[.)]\s/;
const CHOICE_WORD = /^\s*(?:[❯›●▶➜→>]\s+)?(?:Allow|Yes|Approve)\b/;
const CUT = /(?:^|\s)(?:…|\.{3})\s*\+?\d* ?(?:more )?lines?\b|\b\d+ (?:more|hidden) lines?\b|\blines? hidden\b/i;
/** A line this much shorter than the longest may still have been broken: a box has margins. */
const MARGIN_CHARS = 12;
/** With more places where a line may have been broken there are too many ways to read it. */
const MAX_JOINTS = 3;

/**
 * The command that the question on a screen asks about: what stands behind `$ ` up to the choices, or in the last frame.
 * The whole of it: a second line can do what the first one hides, and what looks like an end may be a part of the command.
 * Null when no line looks like a command.
 *
 * @param screen all its lines: a command that begins further up than is looked at would be read in part
 */
export function askedCommand(screen: readonly string[], asks: readonly RegExp[]): AskedCommand | null {
  const lines = screen.filter((line) => unframed(line).trim() !== '');
  const plain = lines.map(unframed);
  const isQuestion = (line: string | undefined): boolean =>
    line !== undefined && asks.some((pattern) => pattern.test(line));
  const question = plain.findIndex(isQuestion);
  const behind = plain.findIndex((line, index) => index > question && SHELL.test(line));
  const drawn =
    question >= 0 && behind >= 0
      ? plain.slice(behind, listAt(plain, behind))
      : (inFrame(lines, isQuestion) ?? aboveQuestion(plain, isQuestion));
  const [first, ...more] = drawn ?? [];
  if (first === undefined) return null;
  const isCut = [first, ...more].some((line) => CUT.test(line)) || more.some((line) => isEnd(line) || isQuestion(line));
  const longest = Math.max(...lines.map((line) => line.trimEnd().length));
  return withReadings([first.replace(SHELL, ''), ...more], longest, isCut);
}

const isEnd = (line: string): boolean => FIRST_OF_LIST.test(line) || CHOICE_WORD.test(line);

/** Where the choices begin: the last ones can be answered. */
function listAt(plain: readonly string[], from: number): number {
  const at = plain.findLastIndex((line, index) => index > from && isEnd(line));
  return at < 0 ? plain.length : at;
}

function aboveQuestion(
  plain: readonly string[],
  isQuestion: (line: string | undefined) => boolean,
): readonly string[] | null {
  const from = plain.findIndex((line) => SHELL.test(line));
  const question = plain.findLastIndex(isQuestion);
  return from < 0 ? null : plain.slice(from, question > from ? question : listAt(plain, from));
}

/**
 * In the frame that the question stands below. Lines inside a box have its sides, so what looks like a frame there is
 * deeper; a frame of dashes has no sides, so its first line and its last one count.
 */
function inFrame(
  lines: readonly string[],
  isQuestion: (line: string | undefined) => boolean,
): readonly string[] | null {
  const plain = lines.map(unframed);
  const frames = lines.flatMap((line, index) => {
    const [glyph] = FRAME.exec(plain[index] ?? '')?.[0].trim() ?? '';
    return glyph === undefined ? [] : [{ glyph, index, depth: depthOf(line) }];
  });
  const ends = frames.filter(({ index }) => isQuestion(plain[index + 1])).toReversed();
  const end = ends.toSorted((one, other) => one.depth - other.depth)[0];
  if (end === undefined) return null;
  const opens = frames.filter(
    ({ glyph, index, depth }) => index < end.index && depth === end.depth && glyph === (OPENS[end.glyph] ?? end.glyph),
  );
  const start = end.glyph in OPENS ? opens.at(-1) : opens[0];
  return start === undefined ? null : plain.slice(start.index + 1, end.index);
}

const OPENS: Readonly<Record<string, string>> = { '╰': '╭' };
const depthOf = (line: string): number => /^(?:\s*[│┃|])*/.exec(line)?.[0].replaceAll(/\s/g, '').length ?? 0;

/** A line that reaches the margin may have been broken there, between two words or in one. */
function withReadings(drawn: readonly string[], longest: number, isCut: boolean): AskedCommand {
  const words = drawn.map((line) => line.trim());
  let readings: [string, ...string[]] = [words[0] ?? ''];
  let joints = 0;
  for (const [index, next] of words.slice(1).entries()) {
    const line = drawn[index] ?? '';
    const mayBeBroken = line.trimEnd().length + 1 + (next.split(/\s/)[0] ?? '').length > longest - MARGIN_CHARS;
    if (mayBeBroken) joints += 1;
    const between = mayBeBroken && joints <= MAX_JOINTS ? ['\n', ' ', ''] : ['\n'];
    const [likeliest, ...others] = between.flatMap((joint) => readings.map((reading) => `${reading}${joint}${next}`));
    readings = [likeliest ?? '', ...others];
  }
  return { readings, isCut: isCut || joints > MAX_JOINTS };
}

/** The line without the sides of boxes around it. A pipe in a command is none, nor one at its end. */
function unframed(line: string): string {
  const [sides = '', side = ''] = /^(?:\s*([│┃|]))+/.exec(line) ?? [];
  const inner = line.slice(sides.length).trimEnd();
  return side === '' ? inner : inner.replace(new RegExp(`(?:\\s*[${side}])+$`), '');
}
