import { isJson } from './is-json.ts';
import { base64Cores, TOKEN_HINT, TOKEN_SHAPES } from './token-shapes.ts';

/** Takes secrets out of a text or a raw JSON line; returns the very same string when there is none. */
export type Redactor = (text: string) => string;

/** Shorter values would be found in ordinary words. */
const MIN_SECRET_CHARS = 8;

const SECRET_NAME =
  /TOKEN|KEY|SECRET|PASSWORD|PASSWD|PASSPHRASE|(?:_|^|PG)PASS(?:_|$)|_PWD(?:_|$)|CREDENTIAL|COOKIE|WEBHOOK|(?:_|^)(?:DSN|SALT)(?:_|$)|AUTH(?!OR)/i;
/** Names that match but hold a place or a setting: redacting a path would only spoil the transcript. */
const NOT_SECRET_NAME = /(?:_FILE|_PATH|_DIR|_SOCK|_TYPE)$|^(?:XAUTHORITY|GOOGLE_APPLICATION_CREDENTIALS)$/i;

/**
 * Makes the function that replaces secrets by `[redacted:NAME]`: the values of the variables in `env` whose names speak
 * of a secret (8 characters or more; as they are, URL-encoded, escaped as in JSON, also twice, and in base64 wherever
 * they stand in it) and tokens known by their shape. A valid JSON text stays valid JSON.
 *
 * One compiled expression, made once: this runs on every transcript line. A secret that was cut in two, between two
 * calls, is not seen: `ChunkRedactor` is for texts that come in pieces.
 */
export function makeRedactor(env: Readonly<Record<string, string | undefined>>): Redactor {
  const secrets = secretNeedles(env);
  const needles = [...secrets, ...TOKEN_SHAPES.map((shape) => ({ ...shape, fragile: false }))];
  const pattern = new RegExp(needles.map((needle) => `(${needle.source})`).join('|'), 'g');
  const hints = [...new Set(secrets.flatMap((secret) => secret.hints))];
  const mayHoldOne = (text: string): boolean => TOKEN_HINT.test(text) || hints.some((hint) => text.includes(hint));

  return (text) => {
    if (!mayHoldOne(text)) return text;
    pattern.lastIndex = 0;
    let match = pattern.exec(text);
    if (match === null) return text;
    const parts: string[] = [];
    let fragile = false;
    let copiedTo = 0;
    while (match !== null) {
      const needle = needles[match.findIndex((group, index) => index > 0 && group !== undefined) - 1];
      const found = wholeEscapes(text, match.index, match.index + match[0].length);
      if (found.end > copiedTo) {
        parts.push(
          text.slice(copiedTo, Math.max(found.start, copiedTo)),
          replacement(match[0], needle?.name ?? 'secret'),
        );
        copiedTo = found.end;
        fragile ||= needle?.fragile ?? false;
      }
      pattern.lastIndex = Math.max(found.end, match.index + 1);
      match = pattern.exec(text);
    }
    const redacted = parts.join('') + text.slice(copiedTo);
    return fragile && isJson(text) && !isJson(redacted) ? '{"redacted":"line"}' : redacted;
  };
}

interface Needle {
  readonly name: string;
  readonly source: string;
  /** Its value could stand in JSON outside of a string (a number, a whole object), where a marker is not valid. */
  readonly fragile: boolean;
}

/** The values in `env` whose names speak of a secret, each with its name; of a key block also each line. */
export function secretValues(
  env: Readonly<Record<string, string | undefined>>,
): readonly { readonly name: string; readonly value: string }[] {
  return Object.entries(env).flatMap(([variable, raw]) => {
    if (!SECRET_NAME.test(variable) || NOT_SECRET_NAME.test(variable)) return [];
    const name = variable.replace(/\W/g, '_');
    // MAX_TOKENS=100000000 is a number, not a secret.
    const isCount = (value: string): boolean => /TOKENS$/i.test(variable) && /^\d+$/.test(value);
    return valuesIn(raw ?? '')
      .filter((value) => !isCount(value))
      .map((value) => ({ name, value }));
  });
}

interface SecretNeedle extends Needle {
  readonly length: number;
  /** One of these stands in every match. */
  readonly hints: readonly string[];
}

function secretNeedles(env: Readonly<Record<string, string | undefined>>): SecretNeedle[] {
  const needles = secretValues(env).map(({ name, value }): SecretNeedle => {
    const cores = base64Cores(value);
    const forms = [plainForm(value), ...cores.map(base64Form)];
    const hints = [value, ...cores].map(longestWord);
    return { name, source: forms.join('|'), fragile: mayStandOutsideStrings(value), length: value.length, hints };
  });
  // The longest first: a value that is the beginning of another must not leave the rest of it behind.
  return needles.sort((a, b) => b.length - a.length);
}

/** Of what looks the same in every form: `characterForm` and `base64Form` leave letters and digits as they are. */
const longestWord = (text: string): string =>
  (text.match(/[A-Za-z0-9]+/g) ?? ['']).reduce((longest, word) => (word.length > longest.length ? word : longest));

/** The value itself, and of a key block each line: a program may print only some of them. */
function valuesIn(raw: string): string[] {
  const value = raw.trim();
  const lines = value.includes('\n') ? value.split(/\s+/).filter((line) => /^[A-Za-z0-9+/=]{32,}$/.test(line)) : [];
  return [value, ...lines].filter((text) => text.length >= MIN_SECRET_CHARS);
}

const mayStandOutsideStrings = (value: string): boolean =>
  /["\n]/.test(value) || /^(?:true|false|null|[-+\d.eE,:{}[\]\s])+$/.test(value);

/** Matches a value as it is, in URL encoding and with the escapes of JSON (up to three levels deep). */
const plainForm = (value: string): string => [...value].map(characterForm).join('');

function characterForm(character: string): string {
  if (/[A-Za-z0-9_.~-]/.test(character)) return character.replace(/[.-]/, String.raw`\$&`);
  const utf8 = [...Buffer.from(character, 'utf8')];
  const percent = utf8.map((byte) => `%${anyCase(byte.toString(16).padStart(2, '0'))}`).join('');
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  const exact = units.map(unitEscape).join('');
  const unicode = units.map((unit) => String.raw`\\{1,8}u${anyCase(unit.toString(16).padStart(4, '0'))}`).join('');
  return `(?:${[exact, percent, unicode, ...escapedForms(character)].join('|')})`;
}

function escapedForms(character: string): string[] {
  switch (character) {
    case '"':
    case '/':
      return [String.raw`\\{1,8}${character}`];
    case '\\':
      return [String.raw`\\{2,8}`];
    case '\n':
      return [String.raw`\r\n`, String.raw`(?:\\{1,8}r)?\\{1,8}n`];
    case '\r':
      return [String.raw`\\{1,8}r`];
    case '\t':
      return [String.raw`\\{1,8}t`];
    case '\b':
      return [String.raw`\\{1,8}b`];
    case '\f':
      return [String.raw`\\{1,8}f`];
    case ' ':
      return [String.raw`\+`];
    default:
      return [];
  }
}

const unitEscape = (unit: number): string => String.raw`\u${unit.toString(16).padStart(4, '0')}`;

const anyCase = (hex: string): string => hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);

/** Matches base64 and base64url, also with `/` escaped as in JSON or either character URL-encoded. */
const base64Form = (core: string): string =>
  core.replaceAll(/[+/]/g, (character) =>
    character === '+' ? String.raw`(?:[+-]|%2[Bb])` : String.raw`(?:\\?/|_|%2[Ff])`,
  );

/** Words around the secret that are not part of it stay readable. */
function replacement(found: string, name: string): string {
  const marker = `[redacted:${name}]`;
  if (name === 'bearer') return `${found.slice(0, 6)} ${marker}`;
  if (name === 'url-password') return `${found.slice(0, found.indexOf(':', 3) + 1)}${marker}@`;
  return marker;
}

/**
 * The range widened to whole backslash escapes. In a raw JSON line the value `name1234` may be found in `\name1234`:
 * without the `n`, a lone backslash would break the string. In other texts this takes a backslash too much, at worst.
 */
function wholeEscapes(text: string, start: number, end: number): { start: number; end: number } {
  const from = escapeStart(text, start);
  let position = from;
  while (position < end) position += escapeLength(text, position);
  return { start: from, end: Math.min(position, text.length) };
}

function escapeStart(text: string, position: number): number {
  // `\uXXXX`: up to five characters before `position` may belong to the escape it stands in.
  for (let at = position - 1; at >= Math.max(0, position - 5); at -= 1) {
    if (text[at] !== '\\') continue;
    let slashes = 1;
    while (text[at - slashes] === '\\') slashes += 1;
    return slashes % 2 === 1 && at + escapeLength(text, at) > position ? at : position;
  }
  return position;
}

function escapeLength(text: string, position: number): number {
  if (text[position] !== '\\') return 1;
  return /^u[0-9A-Fa-f]{4}/.test(text.slice(position + 1, position + 6)) ? 6 : 2;
}
