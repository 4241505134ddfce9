import type { Losses } from '../../git/losses.ts';
import { listed } from '../../views/receipt.ts';
import { plural } from '../../views/quantities.ts';
import { oneLine } from '../../text/sanitize.ts';

/** What a removal would destroy, one sentence each, for people. */
export function lossSentences(losses: Losses, what: 'worktree' | 'branch' | 'both'): readonly string[] {
  const worktree = [
    ...(losses.uncommitted.length > 0 ? [`uncommitted changes in ${listed(losses.uncommitted, 8)}`] : []),
    ...(losses.untracked.length > 0 ? [`files git does not know: ${listed(losses.untracked, 8)}`] : []),
    ...(losses.submodules.length > 0 ? [`checked-out submodules: ${listed(losses.submodules, 8)}`] : []),
    ...(losses.operation === null ? [] : [`a ${losses.operation} that waits to be continued`]),
    ...(losses.detached.length > 0
      ? [`${plural(losses.detached.length, 'commit')} on no branch: ${commits(losses.detached)}`]
      : []),
  ];
  const branch =
    losses.unpushed.length > 0
      ? [`${plural(losses.unpushed.length, 'commit')} that nothing else has: ${commits(losses.unpushed)}`]
      : [];
  return [...(what === 'branch' ? [] : worktree), ...(what === 'worktree' ? [] : branch)];
}

function commits(list: Losses['unpushed']): string {
  const shown = list.slice(0, 3).map(({ commit, subject }) => `${commit.slice(0, 10)} ${oneLine(subject, 60)}`);
  return list.length > 3 ? `${shown.join('; ')}; …` : shown.join('; ');
}
