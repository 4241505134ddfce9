import { usageError } from '../errors.ts';
import { checkName } from '../session/names.ts';

/** Longer ones of a project's name say nothing more. */
const MAX_PROJECT_CHARS = 20;
const MAX_PURPOSE_CHARS = 24;
const MAX_PURPOSE_WORDS = 3;

/** Says nothing about the purpose. */
const FILLERS = new Set(['run', 'exec', 'sh', 'bash', 'env', 'sudo', 'npx', 'm', 'the', 'then', 'nohup', 'time', 'x']);

/** Lowercase letters, digits and hyphens; empty when nothing is left. */
export const slug = (text: string, maxChars: number): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+/g, '')
    .slice(0, maxChars)
    .replaceAll(/-+$/g, '');

export const projectSlug = (directoryName: string): string => slug(directoryName, MAX_PROJECT_CHARS) || 'home';

/** A name from what the command does: `npm run dev` is `npm-dev`. */
export function purposeOf(line: string): string {
  const words = line
    .split(/\s+/)
    .filter((word) => word !== '' && !word.startsWith('-') && !/^\w+=/.test(word))
    .map((word) => slug(word.split('/').at(-1) ?? '', MAX_PURPOSE_CHARS))
    .filter((word) => word !== '' && !FILLERS.has(word));
  const purpose = slug(words.slice(0, MAX_PURPOSE_WORDS).join('-'), MAX_PURPOSE_CHARS);
  return purpose === '' || /^\d+$/.test(purpose) ? 'command' : purpose;
}

export interface Naming {
  /** Every session of ours begins with it. */
  readonly prefix: string;
  readonly project: string;
}

/**
 * The whole name of a terminal: `<prefix><project>-<purpose>`. A name that begins with the prefix is whole already.
 * @throws `invalid-name` (exit 2): digits alone, underscores, capitals.
 */
export function fullName(name: string, { prefix, project }: Naming): string {
  if (name.startsWith('-')) {
    throw usageError('invalid-name', `"${name.slice(0, 60)}" is not a valid name: it begins with a hyphen.`, {
      remedy: 'Use a name such as dev-server.',
    });
  }
  const isWhole = name.startsWith(prefix) && name.length > prefix.length;
  const bare = checkName(isWhole ? name.slice(prefix.length) : name);
  return isWhole || bare === project || bare.startsWith(`${project}-`)
    ? `${prefix}${bare}`
    : `${prefix}${project}-${bare}`;
}

/** The names a person may mean, best first: the last one is without our prefix, as something inherited may be. */
export function namesMeant(name: string, { prefix, project }: Naming): readonly string[] {
  return [...new Set([`${prefix}${project}-${name}`, name.startsWith(prefix) ? name : `${prefix}${name}`, name])];
}
