import type { ShellState } from './state.ts';
import { text, type Part, type Script, type Variable, type Word } from './syntax.ts';
import { MAX_ALTERNATIVES, UNKNOWN } from './value.ts';

/** What a substitution prints, as far as it is known. */
export type Substitute = (script: Script, state: ShellState) => readonly string[];

/** Fields of one possible reading. The last one is still being written while `open`. */
interface Reading {
  readonly fields: readonly string[];
  readonly open: boolean;
}

/** The fields a word may become: each alternative is one reading of all of it. */
export const expandWord = (word: Word, state: ShellState, substitute: Substitute): readonly (readonly string[])[] =>
  joined(expandBraces(word).map((single) => readingsOf(single, state, substitute)));

/** All words of a command, as argument vectors. Too many readings become unknown words. */
export const expandWords = (
  words: readonly Word[],
  state: ShellState,
  substitute: Substitute,
): readonly (readonly string[])[] => joined(words.map((word) => expandWord(word, state, substitute)));

/** Every combination of the readings, one after the other. Linear when there is nothing to choose, as nearly always. */
function joined(parts: readonly (readonly (readonly string[])[])[]): readonly (readonly string[])[] {
  let vectors: string[][] = [[]];
  for (const readings of parts) {
    const only = readings.length * vectors.length > MAX_ALTERNATIVES ? [UNKNOWN] : readings[0];
    if (readings.length <= 1 || readings.length * vectors.length > MAX_ALTERNATIVES) {
      for (const vector of vectors) for (const field of only ?? []) vector.push(field);
    } else vectors = vectors.flatMap((vector) => readings.map((fields) => [...vector, ...fields]));
  }
  return vectors;
}

/** A value that is one text whatever happens: of an assignment, a here-document. */
export function expandText(word: Word, state: ShellState, substitute: Substitute): readonly string[] {
  const quoted = word.map((part): Part => ('quoted' in part ? { ...part, quoted: true } : part));
  return readingsOf(quoted, state, substitute).map((fields) => fields.join(' '));
}

function readingsOf(word: Word, state: ShellState, substitute: Substitute): readonly (readonly string[])[] {
  let readings: readonly Reading[] = [{ fields: [], open: false }];
  for (const part of word) {
    const values = valuesOf(part, state, substitute);
    if (readings.length * values.length > MAX_ALTERNATIVES)
      readings = readings.map((reading) => append(reading, UNKNOWN));
    else {
      const splits = isSplit(part);
      readings = readings.flatMap((reading) =>
        values.map((value) => (splits ? appendSplit(reading, value) : append(reading, value))),
      );
    }
  }
  return readings.map(({ fields }) => fields);
}

const isSplit = (part: Part): boolean =>
  (part.type === 'variable' && (!part.quoted || part.many)) || (part.type === 'substitution' && !part.quoted);

const append = ({ fields, open }: Reading, value: string): Reading =>
  open
    ? { fields: [...fields.slice(0, -1), (fields.at(-1) ?? '') + value], open: true }
    : { fields: [...fields, value], open: true };

/** An unquoted value: blanks in it end fields; an empty one adds nothing. */
function appendSplit(reading: Reading, value: string): Reading {
  const pieces = value.split(/[ \t\n]+/);
  return pieces.reduce<Reading>((sofar, piece, index) => {
    const ended = index > 0 ? { ...sofar, open: false } : sofar;
    return piece === '' ? ended : append(ended, piece);
  }, reading);
}

function valuesOf(part: Part, state: ShellState, substitute: Substitute): readonly string[] {
  switch (part.type) {
    case 'text':
    case 'brace':
      return [part.text];
    case 'home':
      return state.variables.get('HOME') ?? [UNKNOWN];
    case 'unknown':
      return [UNKNOWN];
    case 'substitution': {
      const values = substitute(part.script, state);
      return part.isPath ? [UNKNOWN] : values.map((value) => value.replace(/\n+$/, ''));
    }
    case 'variable':
      return variableValues(part, state, substitute);
  }
}

function variableValues(part: Variable, state: ShellState, substitute: Substitute): readonly string[] {
  const known = lookUp(part.name, state);
  switch (part.form) {
    case 'plain':
      return known ?? [UNKNOWN];
    case 'default':
      return known?.map((value) => (value === '' ? UNKNOWN : value)) ?? expandText(part.word, state, substitute);
    case 'other':
      return ['', ...expandText(part.word, state, substitute)];
    case 'indirect':
      return known?.flatMap((name) => lookUp(name, state) ?? [UNKNOWN]) ?? [UNKNOWN];
    case 'computed':
      // It may hold substitutions; they are found when the word itself is looked at.
      expandText(part.word, state, substitute);
      return [UNKNOWN];
  }
}

function lookUp(name: string, state: ShellState): readonly string[] | null {
  const { parameters } = state;
  if (name === '@' || name === '*') return parameters === null ? null : [parameters.join(' ')];
  if (/^[1-9]$/.test(name)) return parameters === null ? null : [parameters[Number(name) - 1] ?? ''];
  if (name === 'PWD') return state.places;
  return state.variables.get(name) ?? null;
}

/** Each is a word of its own; whoever writes more of them means no harm and need not be understood. */
const MAX_BRACED = 256;

/** `a{b,c}d` is `abd acd`. Braces without a comma are text. */
function expandBraces(word: Word): readonly Word[] {
  const open = word.findIndex((part) => part.type === 'brace' && part.text === '{');
  if (open < 0) return [word];
  let depth = 0;
  const cuts = [open];
  for (let at = open; at < word.length; at += 1) {
    const part = word[at];
    if (part?.type !== 'brace') continue;
    if (part.text === '{') depth += 1;
    if (part.text === ',' && depth === 1) cuts.push(at);
    if (part.text === '}') depth -= 1;
    if (depth === 0) {
      cuts.push(at);
      break;
    }
  }
  const before = word.slice(0, open);
  if (depth !== 0 || cuts.length < 3) {
    return expandBraces(word.slice(open + 1)).map((rest) => [...before, text('{', false), ...rest]);
  }
  const after = expandBraces(word.slice((cuts.at(-1) ?? open) + 1));
  const choices = cuts.slice(0, -1).flatMap((cut, index) => expandBraces(word.slice(cut + 1, cuts[index + 1])));
  if (choices.length * after.length > MAX_BRACED) return [[{ type: 'unknown' }]];
  return choices.flatMap((choice) => after.map((rest) => [...before, ...choice, ...rest]));
}
