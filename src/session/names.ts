import { usageError } from '../errors.ts';
import { isSessionId } from './ids.ts';

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const TOO_GENERIC = /^(s|t|x|a|test|tmp|foo|bar|session|task|agent|new|main)\d*$/;

export type NameProblem = 'empty' | 'characters' | 'digits-only' | 'too-long' | 'session-id';

/** Undefined when `name` may name a session: lowercase letters, digits and hyphens, 1-40 long, not all digits. */
export function nameProblem(name: string): NameProblem | undefined {
  if (name === '') return 'empty';
  if (/^\d+$/.test(name)) return 'digits-only';
  if (name.length > 40) return 'too-long';
  if (isSessionId(name)) return 'session-id';
  return NAME.test(name) ? undefined : 'characters';
}

/** True for names that say nothing (`s1`, `test`): allowed, but worth a warning. */
export const isGenericName = (name: string): boolean => TOO_GENERIC.test(name);

/** The name itself, or a usage error that says what a name may look like. */
export function checkName(name: string): string {
  const problem = nameProblem(name);
  if (problem === undefined) return name;
  const why = {
    empty: 'it is empty',
    characters: 'only lowercase letters, digits and hyphens are allowed, beginning with a letter or digit',
    'digits-only': 'a name of digits alone could be taken for an issue number',
    'too-long': 'it is longer than 40 characters',
    'session-id': 'it could be taken for the id of a session',
  }[problem];
  throw usageError('invalid-name', `"${name.slice(0, 60)}" is not a valid session name: ${why}.`, {
    remedy: 'Use a name such as issue-78 or add-pagination.',
    facts: { name, problem },
  });
}

/** `repo/name` apart: the repository slug is undefined for a bare name. */
export function splitQualifiedName(text: string): { repo: string | undefined; name: string } {
  const slash = text.lastIndexOf('/');
  return slash < 0 ? { repo: undefined, name: text } : { repo: text.slice(0, slash), name: text.slice(slash + 1) };
}
