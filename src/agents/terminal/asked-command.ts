import type { ScreenRules } from './profile.ts';

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
 * The command that the question on a screen asks about: what stands behind `$ ` up to the choices, or in the frame above
 * the question. The whole of it: a second line can do what the first one hides, and what looks like an end may be a part
 * of the command. Null when no line looks like a command.
 *
 * It is known in full only when its beginning stands on the screen, drawn by the agent: of a command that is longer than
 * the screen any line may look like one. An agent draws its own lines no further in than its choices, and those of a
 * command further in than their `$ `; a frame ends as it began, and nothing in a box is as far out as its edges.
 *
 * @param screen all its lines
 */
export function askedCommand(
  screen: readonly string[],
  { asks, command }: Pick<ScreenRules, 'asks' | 'command'>,
): AskedCommand | null {
  const lines = screen.filter((line) => unframed(line).trim() !== '');
  const plain = lines.map(unframed);
  const isQuestion = (line: string | undefined): boolean =>
    line !== undefined && asks.some((pattern) => pattern.test(line));
  const place =
    (command === 'behind-prompt' ? null : inFrame(lines, plain, isQuestion)) ??
    (command === 'framed' ? null : behindPrompt(plain, isQuestion));
  const [first, ...more] = place === null ? [] : plain.slice(place.from, place.to);
  if (place === null || first === undefined) return null;
  const isCut =
    !place.isWhole ||
    [first, ...more].some((line) => CUT.test(line)) ||
    more.some((line) => isEnd(line) || isQuestion(line));
  const longest = Math.max(...lines.map((line) => line.trimEnd().length));
  return withReadings([first.replace(SHELL, ''), ...more], longest, isCut);
}

/** Lines of the screen, the last one not included. `isWhole`: it is certain that they begin where the command begins. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly isWhole: boolean;
}

const isEnd = (line: string): boolean => FIRST_OF_LIST.test(line) || CHOICE_WORD.test(line);

/** Where the choices begin: the last ones can be answered. */
function listAt(plain: readonly string[]): number {
  const at = plain.findLastIndex(isEnd);
  return at < 0 ? plain.length : at;
}

/** How far in the choices stand, without their pointer; nothing is known to be the agent's own where there are none. */
function choiceColumn(line: string | undefined): number {
  const [head = null] = /^\s*(?:[❯›●▶➜→>]\s+)?/.exec(line ?? '') ?? [];
  return line === undefined || head === null ? -1 : head.length;
}

/** Behind `$ `, below the question; where it stands above the question, too. */
function behindPrompt(plain: readonly string[], isQuestion: (line: string | undefined) => boolean): Place | null {
  const list = listAt(plain);
  const column = choiceColumn(plain[list]);
  const isOwn = (line: string): boolean => line.search(/\S/) <= column;
  const question = plain.findIndex((line) => isQuestion(line) && isOwn(line));
  const below = plain.findIndex((line, index) => index > question && SHELL.test(line) && isOwn(line));
  if (question >= 0 && below >= 0 && below < list) return { from: below, to: list, isWhole: true };
  const from = plain.findIndex((line) => SHELL.test(line));
  if (from < 0) return null;
  const last = plain.findLastIndex(isQuestion);
  return { from, to: last > from ? last : list, isWhole: isOwn(plain[from] ?? '') && last > from && question === last };
}

/**
 * In the frame that the question stands below. Lines inside a box have its sides, so what looks like a frame there is
 * deeper; a frame of dashes has no sides, but begins further out than what is in it, so it begins with the line that it
 * ends with.
 */
function inFrame(
  lines: readonly string[],
  plain: readonly string[],
  isQuestion: (line: string | undefined) => boolean,
): Place | null {
  const list = listAt(plain);
  const to = plain.findLastIndex((line, index) => index < list && isQuestion(line)) - 1;
  const [glyph] = FRAME.exec(plain[to] ?? '')?.[0].trim() ?? '';
  if (glyph === undefined || (plain[to + 1] ?? '').search(/\S/) > choiceColumn(plain[list])) return null;
  const end = lines[to] ?? '';
  const opens = OPENS[glyph];
  const start =
    opens === undefined
      ? lines.findIndex((line, index) => index < to && line.trimEnd() === end.trimEnd())
      : lines.findLastIndex(
          (line, index) =>
            index < to && depthOf(line) === depthOf(end) && FRAME.exec(plain[index] ?? '')?.[0].trim()[0] === opens,
        );
  return { from: start + 1, to, isWhole: start >= 0 };
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
