import { Reader } from './reader.ts';
import { text, type Part, type Script, type Variable, type Word } from './syntax.ts';

/** What words need from the parser of scripts, which needs words: passed in, so that neither imports the other. */
export interface Nested {
  /** Reads commands up to the closing parenthesis, and takes it. */
  readonly script: (reader: Reader) => Script;
  readonly scriptText: (text: string) => Script;
  readonly wordText: (text: string) => Word;
  readonly problem: (what: string) => void;
}

const ENDS = new Set([' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')', '']);

/** One word, up to the character that ends it. An empty list when there is none. */
export function readWord(reader: Reader, nested: Nested): Word {
  const parts: Part[] = [];
  for (;;) {
    const character = reader.peek();
    if ((character === '<' || character === '>') && reader.peek(1) === '(') {
      reader.at += 2;
      parts.push({ type: 'substitution', script: nested.script(reader), quoted: true, isPath: true });
      continue;
    }
    if (ENDS.has(character)) return parts;
    parts.push(...readPart(reader, nested, parts.length === 0));
  }
}

function readPart(reader: Reader, nested: Nested, isFirst: boolean): readonly Part[] {
  const character = reader.next();
  switch (character) {
    case '\\': {
      const escaped = reader.next();
      return escaped === '\n' ? [] : [text(escaped)];
    }
    case "'": {
      if (!reader.text.includes("'", reader.at)) nested.problem('a quote is not closed');
      return [text(reader.until("'"))];
    }
    case '"':
      return readDoubleQuoted(reader, nested, '"');
    case '$':
      return readDollar(reader, nested, false);
    case '`':
      return [readBackticks(reader, nested, false)];
    case '{':
    case ',':
    case '}':
      return [{ type: 'brace', text: character }];
    case '~':
      if (isFirst && /^(?:[/ \t\n;&|<>()]|$)/.test(reader.peek())) return [{ type: 'home' }];
      // Somebody else's home directory is certainly not here.
      return [text(isFirst && /[\w.-]/.test(reader.peek()) ? '/~' : '~', false)];
    default:
      return [text(character + reader.match(/[^\s\\'"$`{},~;&|<>()]*/y), false)];
  }
}

/** The inside of double quotes; with `end` '' the whole text, as in a here-document. */
export function readDoubleQuoted(reader: Reader, nested: Nested, end: '"' | ''): Part[] {
  const parts: Part[] = [text('')];
  while (!reader.done) {
    const character = reader.next();
    if (character === end) return parts;
    if (character === '\\') {
      const escaped = reader.next();
      if (escaped === '\n') continue;
      const isEscape = '$`\\'.includes(escaped) || (end === '"' && escaped === '"');
      parts.push(text(isEscape && escaped !== '' ? escaped : `\\${escaped}`));
    } else if (character === '$') parts.push(...readDollar(reader, nested, true));
    else if (character === '`') parts.push(readBackticks(reader, nested, true));
    else parts.push(text(character + reader.match(/[^"\\$`]*/y)));
  }
  if (end !== '') nested.problem('a quote is not closed');
  return parts;
}

function readBackticks(reader: Reader, nested: Nested, quoted: boolean): Part {
  let inside = '';
  while (!reader.done) {
    const character = reader.next();
    if (character === '`') {
      return { type: 'substitution', script: nested.scriptText(inside), quoted, isPath: false };
    }
    if (character === '\\' && '`\\$'.includes(reader.peek())) inside += reader.next();
    else inside += character;
  }
  nested.problem('a backtick is not closed');
  return { type: 'substitution', script: nested.scriptText(inside), quoted, isPath: false };
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]/y;

function readDollar(reader: Reader, nested: Nested, quoted: boolean): readonly Part[] {
  if (!quoted && reader.take("'")) return [text(readAnsiC(reader))];
  if (!quoted && reader.take('"')) return readDoubleQuoted(reader, nested, '"');
  if (reader.take('((')) {
    return [readArithmetic(reader, nested)];
  }
  if (reader.take('(')) return [{ type: 'substitution', script: nested.script(reader), quoted, isPath: false }];
  if (reader.take('{')) return [readParameter(reader, nested, quoted)];
  const name = reader.match(NAME);
  if (name === '') return [text('$', quoted)];
  return [{ type: 'variable', name, quoted, many: name === '@' || name === '*', form: 'plain', word: [] }];
}

/** `((` was taken; up to the matching `))`. Its value is not worked out, but substitutions in it are run. */
export function readArithmetic(reader: Reader, nested: Nested): Part {
  const start = reader.at;
  let depth = 2;
  while (!reader.done && depth > 0) {
    const character = reader.next();
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
  }
  const inside = new Reader(reader.text.slice(start, Math.max(start, reader.at - 2)));
  return computed(readDoubleQuoted(inside, nested, ''));
}

const computed = (word: Word): Variable => ({
  type: 'variable',
  name: '',
  quoted: true,
  many: false,
  form: 'computed',
  word,
});

/** `${…}`; the brace was taken. */
function readParameter(reader: Reader, nested: Nested, quoted: boolean): Variable {
  const isIndirect = reader.peek() === '!' && /[A-Za-z_]/.test(reader.peek(1)) && reader.take('!');
  const isLength = reader.peek() === '#' && reader.peek(1) !== '}' && reader.take('#');
  const name = reader.match(NAME);
  const index = reader.match(/\[[^\]]*\]/y);
  const rest = bracedRest(reader);
  // An index is arithmetic, and runs what is substituted in it.
  if (/[$`]/.test(index)) return computed(nested.wordText(index + rest));
  const many = name === '@' || name === '*' || index === '[@]' || index === '[*]';
  const [, operator = '', word = rest] = /^(:?[-=+?])([^]*)$/.exec(rest) ?? [];
  const form = isLength
    ? 'computed'
    : isIndirect
      ? 'indirect'
      : rest === ''
        ? 'plain'
        : operator.endsWith('-') || operator.endsWith('=')
          ? 'default'
          : operator.endsWith('+')
            ? 'other'
            : operator.endsWith('?')
              ? 'plain'
              : 'computed';
  return { type: 'variable', name, quoted, many, form, word: word === '' ? [] : nested.wordText(word) };
}

/** The text up to the brace that closes the parameter; quotes and braces inside are kept. */
function bracedRest(reader: Reader): string {
  const start = reader.at;
  let depth = 1;
  while (!reader.done) {
    const character = reader.next();
    if (character === '\\') reader.next();
    else if (character === "'") reader.until("'");
    else if (character === '{') depth += 1;
    else if (character === '}') depth -= 1;
    if (depth === 0) return reader.text.slice(start, reader.at - 1);
  }
  return reader.text.slice(start);
}

const ANSI_C: Readonly<Record<string, string>> = {
  ...{ n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', e: '\x1b', E: '\x1b', f: '\f', v: '\v' },
};

/** `$'…'`; the quote was taken. */
function readAnsiC(reader: Reader): string {
  let value = '';
  while (!reader.done) {
    const character = reader.next();
    if (character === "'") return value;
    if (character !== '\\') {
      value += character;
      continue;
    }
    const coded = reader.match(/x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|[0-7]{1,3}/y);
    if (coded === '') {
      const letter = reader.next();
      value += Object.hasOwn(ANSI_C, letter) ? (ANSI_C[letter] ?? letter) : letter;
      continue;
    }
    const isOctal = /^[0-7]/.test(coded);
    const point = isOctal ? Number.parseInt(coded, 8) : Number.parseInt(coded.slice(1), 16);
    value += point <= 0x10ffff ? String.fromCodePoint(point) : '';
  }
  return value;
}
