import { createHash } from 'node:crypto';

/** One thing that a question on a screen can be answered with. */
export interface Choice {
  /** The word for it: `2`, `no-exit`, `yes`, `enter`, `escape`. */
  readonly name: string;
  /** As it stands on the screen. */
  readonly label: string;
  readonly by: ChoiceKeys;
}

/**
 * How it is chosen. `list`: the pointer is moved there, seen there, and Enter pressed; `index` from the top, `number` as it
 * is drawn. `letter`: typed, and Enter where the question still stands. `key`: pressed.
 */
export type ChoiceKeys =
  | {
      readonly type: 'list';
      readonly index: number;
      readonly isPointedAt: boolean;
      readonly number: string | null;
    }
  | { readonly type: 'letter'; readonly letter: string }
  | { readonly type: 'key'; readonly key: 'Enter' | 'Escape' };

/** So far up from the end of the screen a question reaches. */
const QUESTION_LINES = 24;
const POINTER = /^(\s*)([❯›●▶➜→>]) (\s*\S.*)$/;
const NUMBERED = /^\s*(?:[❯›●▶➜→>]\s+)?(\d{1,2})[.)]\s+(\S.*)$/;
const MAX_NAME_CHARS = 40;

/** What a question on a screen can be answered with: from its list, its letters, and the keys that it names. Pure. */
export function choicesIn(screen: string): Choice[] {
  const lines = contentOf(screen);
  const list = numbered(lines) ?? pointed(lines) ?? [];
  const letters = list.length === 0 ? lettersIn(lines) : [];
  return uniquely([...list, ...letters, ...keysIn(lines, list.length + letters.length > 0)]);
}

/** Allows what is asked for once: never for longer, and nothing beside it. */
export const onceChoice = (choices: readonly Choice[]): Choice | null =>
  choices.find(({ label }) => /^(?:yes|allow|approve|run|proceed)\b/i.test(label) && !FOR_LONGER.test(label)) ?? null;
export const refusingChoice = (choices: readonly Choice[]): Choice | null =>
  choices.find(({ label, by }) => by.type === 'letter' && /^no\b/i.test(label)) ?? null;
const FOR_LONGER = /always|don.?t ask|session|all |auto|switch|every/i;

/**
 * What makes it the same question when it is drawn again: its choices and the words above them, with the whole of the
 * command it asks about, letter for letter, without pointer, times and spinners. What an agent goes on to say further up,
 * or below, makes it no other question.
 */
export function questionMark(screen: string): string {
  const lines = contentOf(screen);
  const labels = choicesIn(screen).flatMap(({ label, by }) => (by.type === 'list' ? [label] : []));
  const at = lines.findLastIndex((line) => labels[0] !== undefined && line.endsWith(labels[0]));
  if (at < 0) return lines.slice(-MARK_LINES).map(steady).join('\n');
  const above = lines.slice(0, at);
  const from = Math.max(0, Math.min(at - MARK_LINES, commandFrom(above)));
  return [...above.slice(from).map(steady), ...labels].join('\n');
}

/** Where the command begins that a question asks about: at `$ `, or at the first of two lines around it. */
function commandFrom(lines: readonly string[]): number {
  const at = lines.findLastIndex((line) => COMMAND_START.test(line));
  const frame = lines.findLastIndex((line) => FRAME.test(line));
  const opening = lines.slice(0, Math.max(0, frame)).findLastIndex((line) => FRAME.test(line));
  return Math.min(...[at, opening].filter((index) => index >= 0), lines.length);
}

/** The line without what moves by itself: a time counts as one beside a spinner or in brackets, never in a command. */
function steady(line: string): string {
  const plain = line.replaceAll(SPINNERS, '');
  const still = plain === line ? plain.replaceAll(TIMES_IN_BRACKETS, '') : plain.replaceAll(TIMES, '');
  return still.replace(/^\s*[❯›●▶➜→>·*]\s/, ' ').trim();
}

const SPINNERS = /[\u2801-\u28ff✢✳✶✻✽◐◑…]/gu;
const TIMES = /\b\d+(?:\.\d+)?\s?(?:ms|[hms]|sec|seconds?|minutes?)\b/g;
const TIMES_IN_BRACKETS = /\((?:\d+(?:\.\d+)?\s?(?:ms|[hms])\s?)+(?=[)·•,])/g;
const COMMAND_START = /^\s*\$ /;
const FRAME = /^\s*[╌┄╭╰][╌┄─]{3,}/;
const MARK_LINES = 6;
const contentOf = (screen: string): string[] =>
  screen
    .split('\n')
    .map(unframed)
    .filter((line) => line.trim() !== '')
    .slice(-QUESTION_LINES);

/** The same in a few characters, for a name. */
export const shortMark = (screen: string): string =>
  createHash('sha256').update(questionMark(screen)).digest('hex').slice(0, 8);

/** The numbers go up by one from 1; the last such list on the screen is meant. */
function numbered(lines: readonly string[]): Choice[] | null {
  const found = lines.flatMap((line) => {
    const [, number = '', label = ''] = NUMBERED.exec(line) ?? [];
    return number === '' ? [] : [{ number, label: label.trim(), isPointedAt: POINTER.test(line) }];
  });
  const from = found.findLastIndex(({ number }) => number === '1');
  const list = found.slice(Math.max(0, from)).filter(({ number }, index) => number === String(index + 1));
  if (from < 0 || list.length < 2) return null;
  return list.map(({ number, label, isPointedAt }, index) => ({
    name: number,
    label,
    by: { type: 'list', index, isPointedAt, number },
  }));
}

/** The lines around the one with the pointer whose words begin in the same column. */
function pointed(lines: readonly string[]): Choice[] | null {
  const at = lines.findLastIndex((line) => POINTER.test(line));
  const column = columnOf(lines[at] ?? '');
  if (at < 0) return null;
  const isOption = (line: string | undefined): boolean =>
    line !== undefined && columnOf(line) === column && !/^\s*(?:enter|esc|press|tab)\b/i.test(line);
  let [from, to] = [at, at];
  while (isOption(lines[from - 1])) from -= 1;
  while (isOption(lines[to + 1])) to += 1;
  const list = lines.slice(from, to + 1);
  if (list.length < 2) return null;
  return list.map((line, index) => {
    const label = line.replace(/^\s*[❯›●▶➜→>]?\s+/, '').trim();
    return { name: nameOf(label), label, by: { type: 'list', index, isPointedAt: from + index === at, number: null } };
  });
}

const columnOf = (line: string): number => line.replace(/^(\s*)[❯›●▶➜→>] /, '$1  ').search(/\S/);

/** `(y/n)`, `[Y/n]`, `(Y)es/(N)o/(D)on't ask again`. */
function lettersIn(lines: readonly string[]): Choice[] {
  const last = lines.slice(-3).join(' ');
  if (/[([]\s*y\s*\/\s*n\s*[)\]]/i.test(last)) return [letter('y', 'yes'), letter('n', 'no')];
  return [...last.matchAll(/\(([A-Z])\)([a-z][a-z' ]*)/g)].map(([, first = '', rest = '']) =>
    letter(first.toLowerCase(), `${first}${rest}`.trim()),
  );
}

const letter = (key: string, label: string): Choice => ({
  name: nameOf(label),
  label,
  by: { type: 'letter', letter: key },
});

function keysIn(lines: readonly string[], hasChoices: boolean): Choice[] {
  const text = lines.slice(-6).join(' ');
  const enter: Choice = { name: 'enter', label: 'Enter', by: { type: 'key', key: 'Enter' } };
  const escape: Choice = { name: 'escape', label: 'Escape', by: { type: 'key', key: 'Escape' } };
  return [
    // In a list Enter takes what is pointed at: that has a name of its own.
    ...(!hasChoices && /\b(?:press )?enter (?:to )?(?:continue|confirm|proceed|close)\b/i.test(text) ? [enter] : []),
    ...(/\besc(?:ape)?\b/i.test(text) ? [escape] : []),
  ];
}

const nameOf = (label: string): string =>
  label
    .toLowerCase()
    .replaceAll(/['’]/g, '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .slice(0, MAX_NAME_CHARS)
    .replaceAll(/^-+|-+$/g, '');

const uniquely = (choices: readonly Choice[]): Choice[] =>
  choices.filter(({ name }, index) => name !== '' && choices.findIndex((one) => one.name === name) === index);

/** The line without the sides of a box around it. */
const unframed = (line: string): string =>
  line
    .trimEnd()
    .replace(/^(\s*)[│┃|]/, '$1 ')
    .replace(/[│┃|]$/, '')
    .trimEnd();
