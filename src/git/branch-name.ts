import { usageError } from '../errors.ts';
import type { Git } from './git.ts';

const ALLOWED = /^[A-Za-z0-9._/-]+$/;
/** Room for `.lock` and a directory before it: file systems allow 255 bytes in one name. */
const MAX_CHARS = 200;

/**
 * Undefined when `name` is a branch name we are willing to make; else why not. Stricter than git, which accepts
 * `a;b$(id)`: a branch name travels through other people's scripts.
 */
export function branchNameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > MAX_CHARS) return `it is longer than ${MAX_CHARS} characters`;
  if (!ALLOWED.test(name)) return 'only letters, digits and . _ / - are allowed';
  if (name.startsWith('-')) return 'it begins with a hyphen, like an option';
  if (name === 'HEAD' || name.startsWith('refs/')) return 'it is a name git keeps for itself';
  const parts = name.split('/');
  if (parts.some((part) => part === '')) return 'it has an empty part between slashes';
  if (parts.some((part) => part.startsWith('.') || part.endsWith('.') || part.endsWith('.lock'))) {
    return 'a part of it begins or ends with a dot, or ends in .lock';
  }
  return name.includes('..') ? 'it contains two dots in a row' : undefined;
}

/** The name itself when git and we accept it. @throws `invalid-branch` (exit 2). */
export async function checkBranchName(git: Git, name: string): Promise<string> {
  const problem = branchNameProblem(name) ?? (await gitRefuses(git, name));
  if (problem === undefined) return name;
  throw usageError('invalid-branch', `"${name.slice(0, 80)}" is not a branch name conduxt uses: ${problem}.`, {
    remedy: 'Use a name such as fix/issue-78.',
    facts: { branch: name, problem },
  });
}

/** Git has the last word: its rules grow with its versions. */
async function gitRefuses(git: Git, name: string): Promise<string | undefined> {
  const result = await git.run(['check-ref-format', `refs/heads/${name}`], { okCodes: [0, 1] });
  return result.exitCode === 0 ? undefined : 'git does not accept it';
}
