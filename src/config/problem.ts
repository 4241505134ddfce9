import * as z from 'zod';
import { usageError, type ConduxtError } from '../errors.ts';
import { closest } from '../text/closest.ts';
import { oneLine } from '../text/sanitize.ts';
import { configFileSchema, permissionSettings } from './schema.ts';

/** What is wrong with one key, ready for a sentence. */
export interface ConfigProblem {
  /** `verify.command`, `notify[0]`; empty for the document itself. */
  readonly key: string;
  readonly what: string;
}

const MAX_SHOWN = 3;

/** The error for a file or variable that holds something it may not. `source` is named first in the message. */
export function configInvalid(source: string, problems: readonly ConfigProblem[], remedy?: string): ConduxtError {
  const shown = problems.slice(0, MAX_SHOWN).map(({ what }) => what);
  const more = problems.length > MAX_SHOWN ? [`and ${problems.length - MAX_SHOWN} more`] : [];
  return usageError('config-invalid', `${source}: ${[...shown, ...more].join('; ')}.`, {
    remedy: remedy ?? `Correct ${source}; the README lists every key.`,
    facts: { source, problems: [...problems] },
  });
}

export function problemsOf(error: z.ZodError, document: unknown): ConfigProblem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, document));
}

function problemsOfIssue(issue: z.core.$ZodIssue, document: unknown): ConfigProblem[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((name) => unknownKey(issue.path, name));
    case 'invalid_key': {
      const name = String(issue.path.at(-1) ?? '');
      const key = keyPath(issue.path);
      const allowed = issue.issues[0]?.message ?? 'a known name';
      return [{ key, what: `"${show(key)}" has the name ${quote(name)}, which must be ${allowed}` }];
    }
    default: {
      const key = keyPath(issue.path);
      const where = key === '' ? 'the file' : `"${show(key)}"`;
      const found = valueAt(document, issue.path);
      const missing = found === undefined;
      return [{ key, what: `${where} ${missing ? 'is missing' : `is ${quote(found)}`}, but must be ${issue.message}` }];
    }
  }
}

function unknownKey(parent: readonly PropertyKey[], name: string): ConfigProblem {
  const key = keyPath([...parent, name]);
  const siblings = keysAt(configFileSchema(), parent);
  const near = closest(name, siblings);
  const elsewhere = allKeys(configFileSchema(), '').find((known) => known.endsWith(`.${name}`));
  const meant = near === undefined ? elsewhere : keyPath([...parent, near]);
  const hint =
    meant === undefined
      ? `known here: ${siblings.filter((known) => known !== '$schema').join(', ')}`
      : `did you mean "${meant}"?`;
  return { key, what: `"${show(key)}" is not a known key (${hint})` };
}

/** The keys an object may have at `path`; empty where names are free. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  let current = unwrapped(schema);
  for (const part of path) {
    if (current instanceof z.ZodObject) current = unwrapped(shapeOf(current)[String(part)] ?? z.never());
    else if (current instanceof z.ZodRecord) current = unwrapped(current.valueType);
    else if (current instanceof z.ZodArray) current = unwrapped(current.element);
    else return [];
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function allKeys(schema: z.core.$ZodType, prefix: string): string[] {
  const here = unwrapped(schema);
  if (!(here instanceof z.ZodObject)) return [];
  return Object.entries(shapeOf(here)).flatMap(([name, inner]) => [
    prefix + name,
    ...allKeys(inner, `${prefix}${name}.`),
  ]);
}

const shapeOf = (schema: z.ZodObject): Readonly<Record<string, z.core.$ZodType>> => schema.shape;

const unwrapped = (schema: z.core.$ZodType): z.core.$ZodType => {
  if (schema instanceof z.ZodOptional) return unwrapped(schema.unwrap());
  // Both forms of `permissions` are told apart in a transform; its keys are those of the longer one.
  return schema instanceof z.ZodPipe ? permissionSettings() : schema;
};

const keyPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${String(part)}`),
    '',
  );

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null
        ? new Map<PropertyKey, unknown>(Object.entries(value)).get(String(part))
        : undefined,
    document,
  );
}

const show = (text: string): string => oneLine(text, 80);
const quote = (value: unknown): string => oneLine(JSON.stringify(value), 60);
