/** Where a JSON text stops being one: counted from 1, in characters, as editors show it. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly what: string;
}

/** Finds the first fault of a text that `JSON.parse` refused: the engine's message does not always name a place. */
export function findJsonFault(text: string): JsonFault {
  const reader = { text, at: 0, depth: 0 };
  let what: string;
  try {
    readValue(reader);
    skipSpace(reader);
    what = 'something follows after the end of the value';
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    what = error.message;
  }
  const before = text.slice(0, reader.at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: [...before.slice(lineStart)].length + 1, what };
}

class Fault extends Error {}

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
}

/** More is no configuration, and would exhaust the stack. */
const MAX_DEPTH = 200;

/** Each of these leaves `reader.at` behind what it read, or at the fault. */
function readValue(reader: Reader): void {
  skipSpace(reader);
  const first = reader.text[reader.at];
  if (reader.depth > MAX_DEPTH) throw new Fault('the value is nested too deeply');
  if (first === '{') readList(reader, '}', readMember);
  else if (first === '[') readList(reader, ']', readValue);
  else if (first === '"') readString(reader);
  else readWord(reader);
}

function readList(reader: Reader, end: '}' | ']', readItem: (reader: Reader) => void): void {
  reader.at += 1;
  reader.depth += 1;
  skipSpace(reader);
  if (closes(reader, end)) return;
  for (;;) {
    readItem(reader);
    skipSpace(reader);
    if (closes(reader, end)) return;
    const comma = reader.at;
    if (!take(reader, ','))
      throw new Fault(atEnd(reader) ? `the closing "${end}" is missing` : `a "," or "${end}" is missing`);
    skipSpace(reader);
    if (reader.text[reader.at] === end) {
      reader.at = comma;
      throw new Fault(`a "," before "${end}" is not allowed`);
    }
  }
}

function closes(reader: Reader, end: '}' | ']'): boolean {
  if (!take(reader, end)) return false;
  reader.depth -= 1;
  return true;
}

function readMember(reader: Reader): void {
  skipSpace(reader);
  if (reader.text[reader.at] !== '"') throw new Fault(unexpected(reader, 'a key in double quotes'));
  readString(reader);
  skipSpace(reader);
  if (!take(reader, ':')) throw new Fault(unexpected(reader, 'a ":"'));
  readValue(reader);
}

function readString(reader: Reader): void {
  const body = /"(?:[^"\\\0-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*/y;
  body.lastIndex = reader.at;
  body.exec(reader.text);
  reader.at = body.lastIndex;
  if (take(reader, '"')) return;
  if (reader.text[reader.at] === '\\') throw new Fault('this escape is not one of JSON');
  throw new Fault(atEnd(reader) ? 'the closing quote is missing' : 'a line break or control character in a string');
}

function readWord(reader: Reader): void {
  const word = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y;
  word.lastIndex = reader.at;
  if (!word.test(reader.text)) throw new Fault(unexpected(reader, 'a value'));
  reader.at = word.lastIndex;
}

function unexpected(reader: Reader, wanted: string): string {
  if (atEnd(reader)) return `the text ends where ${wanted} should be`;
  if (/^\/[/*]|^#/.test(reader.text.slice(reader.at, reader.at + 2))) return 'comments are not allowed in JSON';
  if (reader.text[reader.at] === "'") return `expected ${wanted}; JSON knows only double quotes`;
  return `expected ${wanted}`;
}

const atEnd = (reader: Reader): boolean => reader.at >= reader.text.length;

function take(reader: Reader, character: string): boolean {
  if (reader.text[reader.at] !== character) return false;
  reader.at += 1;
  return true;
}

function skipSpace(reader: Reader): void {
  const space = /[ \t\r\n]*/y;
  space.lastIndex = reader.at;
  space.exec(reader.text);
  reader.at = space.lastIndex;
}
