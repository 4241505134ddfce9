import type { GuardFacts } from '../facts.ts';

const names = ({ primaryBranch, alsoProtected = [] }: GuardFacts): readonly string[] => [
  primaryBranch,
  ...alsoProtected,
];

/** Whether a name, in any spelling git takes for a branch, is the primary branch or protected like it. */
export const isPrimary = (name: string, facts: GuardFacts): boolean =>
  names(facts).includes(name.replace(/^(?:refs\/)?heads\//, ''));

/** Whether a ref pattern of a refspec (`refs/heads/*`) covers the primary branch. */
export function coversPrimary(pattern: string, facts: GuardFacts): boolean {
  if (!pattern.includes('*')) return isPrimary(pattern, facts);
  const [before = '', after = ''] = pattern.split('*', 2);
  return names(facts)
    .flatMap((name) => [`refs/heads/${name}`, `heads/${name}`, name])
    .some((name) => name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after));
}
