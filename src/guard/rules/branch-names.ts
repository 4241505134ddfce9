import { UNKNOWN } from '../shell/value.ts';

/** Whether a name, in any spelling git takes for a branch, is the primary branch. */
export const isPrimary = (name: string, primary: string): boolean =>
  name.replace(/^(?:refs\/)?heads\//, '') === primary;

/** Whether a ref pattern of a refspec (`refs/heads/*`) covers the primary branch. */
export function coversPrimary(pattern: string, primary: string): boolean {
  if (!pattern.includes('*')) return isPrimary(pattern, primary);
  const [before = '', after = ''] = pattern.split('*', 2);
  const full = `refs/heads/${primary}`;
  return [full, full.slice('refs/'.length), primary].some(
    (name) => name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after),
  );
}

/** A remote's tracking branch, a tag or a commit is not the branch itself. */
export const mayBePrimary = (name: string, primary: string): boolean =>
  name.includes(UNKNOWN) || isPrimary(name, primary);
