import type { Reader } from './reader.ts';
import { text, type Assignment, type Part, type Word } from './syntax.ts';
import { readWord, type Nested } from './word.ts';

/** The assignment that `word` begins, where it stands before a command; null when it is none. Reads the list of `name=(…)`. */
export function readAssignment(reader: Reader, word: Word, nested: Nested): Assignment | null {
  const [first, ...rest] = word;
  if (first?.type !== 'text' || first.quoted) return null;
  const [, name, plus, value] = /^([A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]]*\])?(\+?)=([^]*)$/.exec(first.text) ?? [];
  if (name === undefined) return null;
  const parts = value === undefined || value === '' ? rest : [text(value, first.quoted), ...rest];
  if (parts.length > 0 || reader.peek() !== '(') return { name, value: homeFirst(parts), appends: plus === '+' };
  return { name, value: readList(reader, nested), appends: plus === '+' };
}

/** `name=(a b c)`: kept as words with blanks between them. */
function readList(reader: Reader, nested: Nested): Word {
  reader.next();
  const parts: Part[] = [];
  while (!reader.done && !reader.take(')')) {
    if (reader.match(/\s+|#[^\n]*/y) !== '') continue;
    const word = readWord(reader, nested);
    if (word.length === 0) reader.next();
    else parts.push(...(parts.length === 0 ? [] : [text(' ', false)]), ...word);
  }
  return parts;
}

/** A tilde after `=` is a home directory as well. */
function homeFirst(parts: Word): Word {
  const [first, ...rest] = parts;
  if (first?.type !== 'text' || first.quoted || !/^~(?:\/|$)/.test(first.text)) return parts;
  return [{ type: 'home' }, text(first.text.slice(1), false), ...rest];
}
