import { stripAnsi } from '../text/sanitize.ts';

/**
 * Finds callback objects in what was captured from a screen. Agents draw their answers: the fence may be gone, lines are
 * wrapped by the program, indented, bulleted or boxed, and a sidebar may share them. So a block is any text that, in
 * one of a few ways of undoing the wraps, is a JSON object with a `status`. What a wrap cost is a blank in a long text.
 *
 * @returns the objects as JSON text, in the order of the screen; each undoing that gives another object is there, so
 * that whoever knows nonce and task id can take the one that fits.
 */
export function callbacksOnScreen(captured: string): string[] {
  const lines = stripAnsi(captured).replaceAll('\r', '').split('\n').map(withoutFrame);
  const found: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const column = (lines[at] ?? '').search(/\{/);
    if (column < 0 || !/^[\s●•⏺◦▪∙*✦>`\w-]*$/.test((lines[at] ?? '').slice(0, column))) continue;
    found.push(...objectsFrom([(lines[at] ?? '').slice(column), ...lines.slice(at + 1, at + MAX_LINES)], column));
  }
  // Of equal ones the last stays: the most likely undoing comes last.
  return [...new Set(found.toReversed())].toReversed().slice(-MAX_FOUND);
}

/** A callback with hundreds of files is still shorter. */
const MAX_LINES = 400;
const MAX_FOUND = 64;

const withoutFrame = (line: string): string => {
  const plain = line.replaceAll('\u00a0', ' ').trimEnd();
  const inside = /^\s*[│┃║|▌▐▏▕](.*?)[│┃║|▌▐▏▕]?$/.exec(plain)?.[1];
  return inside === undefined ? plain : inside.trimEnd();
};

/** How the break between two lines inside a JSON text is undone. */
type Undo = (line: string, width: number) => string;
const nothing: Undo = () => '';
const blank: Undo = () => ' ';
/** A line as wide as the widest was cut anywhere; a shorter one was wrapped at a blank. */
const byWidth: Undo = (line, width) => (line.length >= width ? '' : ' ');

function objectsFrom(block: readonly string[], column: number): string[] {
  const dedented = [block[0] ?? '', ...block.slice(1).map((line) => withoutIndent(line, column))];
  const cut = dedented.map((line) => line.replace(/(\S)\s{8,}\S.*$/, '$1'));
  const variants = cut.join() === dedented.join() ? [dedented] : [dedented, cut];
  return variants.flatMap((lines) => {
    const width = Math.max(...lines.slice(0, linesOfObject(lines)).map((line) => line.length));
    return [blank, nothing, byWidth].flatMap((undo) => {
      const text = firstObject(joined(lines, width, undo));
      return text === null ? [] : callbackIn(text);
    });
  });
}

const withoutIndent = (line: string, column: number): string => line.replace(new RegExp(`^ {0,${column}}`), '');

/** Line breaks outside of JSON texts stay; inside, the wrap is undone and the indent goes. */
function joined(lines: readonly string[], width: number, undo: Undo): string {
  let text = '';
  let state = OUTSIDE;
  for (const [at, line] of lines.entries()) {
    const shown = state.inText ? line.trimStart() : line;
    text += shown;
    state = after(state, shown);
    if (at < lines.length - 1) text += state.inText ? undo(line, width) : '\n';
  }
  return text;
}

interface TextState {
  readonly inText: boolean;
  readonly escaped: boolean;
}
const OUTSIDE: TextState = { inText: false, escaped: false };

function after(state: TextState, text: string): TextState {
  let { inText, escaped } = state;
  for (const character of text) {
    if (escaped) escaped = false;
    else if (inText && character === '\\') escaped = true;
    else if (character === '"') inText = !inText;
  }
  return { inText, escaped };
}

/** How many lines the object takes: a frame or a status line below it may be wider than where the program wraps. */
function linesOfObject(lines: readonly string[]): number {
  let depth = 0;
  let state = OUTSIDE;
  for (const [at, line] of lines.entries()) {
    for (const character of line) {
      if (!state.inText && character === '{') depth += 1;
      if (!state.inText && character === '}') depth -= 1;
      state = after(state, character);
      if (depth === 0) return at + 1;
    }
  }
  return lines.length;
}

/** From the first brace to the one that closes it. */
function firstObject(text: string): string | null {
  let depth = 0;
  let state = OUTSIDE;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (!state.inText && character === '{') depth += 1;
    if (!state.inText && character === '}') depth -= 1;
    state = after(state, character);
    if (depth === 0) return text.slice(0, at + 1);
  }
  return null;
}

/** gemini 0.61 shows `\\` as `\`, which makes escapes that JSON does not have: those are doubled again. */
function callbackIn(text: string): string[] {
  const mended = text.replaceAll(/\\(["\\/bfnrtu]|)/g, (whole, known: string) => (known === '' ? '\\\\' : whole));
  return [text, mended].filter(isCallback).slice(0, 1);
}

function isCallback(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'status' in value && typeof value.status === 'string';
  } catch {
    return false;
  }
}
