import { existsSync } from 'node:fs';
import { refused, type ConduxtError } from '../../errors.ts';
import { expireDiscarded } from '../../git/discarded-work.ts';
import { gitEnvironment } from '../../git/git-environment.ts';
import { whatWouldBeLost, worktreeHoldsWork, type Losses } from '../../git/losses.ts';
import { deleteBranch, removeWorktree, type RefusalReason } from '../../git/remove.ts';
import { openRepository, type Repository } from '../../git/repository.ts';
import type { SessionView } from '../../store/read-session.ts';
import { oneLine } from '../../text/sanitize.ts';
import { isoTime } from '../../clock.ts';
import type { VerbContext } from '../context.ts';
import { lossSentences } from './losses.ts';
import type { RestingTask } from './require-rest.ts';
import { requireSameGitConfig } from './same-git-config.ts';

export interface RemovalWish {
  /** Delete the branch too. */
  readonly branch: boolean;
  /** A person named these losses and accepted them; they are kept under a hidden ref all the same. */
  readonly discardChanges: boolean;
  readonly discardCommits: boolean;
  /** Keep the worktree for an undo also when nothing in it would be lost. */
  readonly keepAlways?: boolean;
  /** How a person says so, for messages. */
  readonly flags: { readonly changes: string; readonly commits: string };
}

export interface Removed {
  readonly worktree: 'removed' | 'absent';
  readonly branch: 'deleted' | 'absent' | 'kept';
  /** Hidden refs that hold what was discarded. */
  readonly snapshots: readonly string[];
  /** Files and directories git ignores, which went with the worktree. */
  readonly ignored: readonly string[];
}

/** The repository a task belongs to, from wherever the command was typed. */
export function repositoryOf(context: VerbContext, { view }: RestingTask): Promise<Repository> {
  return openRepository(view.record.repo?.root ?? view.record.cwd, gitEnvironment(context.io.env));
}

/** Refuses, with everything that would be lost by name, unless the wish names it too. Changes nothing. */
export async function requireNoLoss(repo: Repository, resting: RestingTask, wish: RemovalWish): Promise<void> {
  const { view, task } = resting;
  await requireSameGitConfig(repo, resting);
  const worktree = existsSync(view.record.cwd) ? view.record.cwd : null;
  const losses = await whatWouldBeLost({ repo, worktree, branch: task.branch, baseCommit: task.baseCommit });
  const changes = worktree !== null && worktreeHoldsWork(losses) && !wish.discardChanges;
  const commits = wish.branch && losses.unpushed.length > 0 && !wish.discardCommits;
  if (changes || commits) throw wouldBeLost(view.record.name, losses, { changes, commits }, wish);
  if (worktree !== null && losses.unpushed.length > 0 && !wish.discardCommits) requireDelivered(view, wish);
}

/** What is verified and could not be delivered is delivered from the worktree. */
function requireDelivered({ record, folded }: SessionView, wish: RemovalWish): void {
  const { blocked } = folded.delivery;
  if (blocked === null) return;
  throw refused('not-delivered', `The delivery of ${record.name} is blocked: ${oneLine(blocked.why, 300)}.`, {
    remedy: `${oneLine(blocked.remedy, 300).replace(/\.$/, '')}; that needs the worktree. ${wish.flags.commits} removes it all the same.`,
    facts: { blocked },
  });
}

function wouldBeLost(
  name: string,
  losses: Losses,
  what: { changes: boolean; commits: boolean },
  wish: RemovalWish,
): ConduxtError {
  const sentences = lossSentences(losses, what.changes && what.commits ? 'both' : what.changes ? 'worktree' : 'branch');
  const flags = [...(what.changes ? [wish.flags.changes] : []), ...(what.commits ? [wish.flags.commits] : [])];
  return refused('work-would-be-lost', `Work of ${name} would be lost: ${sentences.join('; ')}.`, {
    remedy: `${saving(what)}, or say ${[...new Set(flags)].join(' ')}: it is then kept for conduxt undo only, for 30 days.`,
    facts: { losses },
  });
}

function saving(what: { changes: boolean; commits: boolean }): string {
  if (!what.commits) return 'Commit it';
  return what.changes ? 'Commit it, and push or merge the branch' : 'Push or merge the branch';
}

/**
 * Removes a task's worktree and, if wished, its branch. Call `requireNoLoss` and stop the session first: this checks
 * again, so what appeared in between is refused too.
 */
export async function removeWork(
  context: VerbContext,
  repo: Repository,
  resting: RestingTask,
  wish: RemovalWish,
): Promise<Removed> {
  const { view, task } = resting;
  const { branch, baseCommit } = task;
  const snapshot = { session: view.record.id, at: isoTime(context.io.now()) };
  const removed = await removeWorktree({
    repo,
    worktree: view.record.cwd,
    branch,
    baseCommit,
    force: wish.discardChanges ? snapshot : null,
    keepAlways: wish.keepAlways === true,
  });
  // Housekeeping: a failure of it is no failure of the removal.
  await expireDiscarded(repo, context.io.now()).catch(() => {});
  if (removed.type === 'refused')
    throw cannotRemove(view.record.name, view.record.cwd, removed.why, removed.losses, wish);
  const snapshots = removed.type === 'removed' && removed.snapshot !== null ? [removed.snapshot] : [];
  const ignored = removed.type === 'removed' ? removed.ignored : [];
  if (!wish.branch) return { worktree: removed.type, branch: 'kept', snapshots, ignored };
  const deleted = await deleteBranch({ repo, branch, baseCommit, force: wish.discardCommits ? snapshot : null });
  if (deleted.type === 'refused') {
    if (deleted.why === 'work-would-be-lost') {
      throw wouldBeLost(view.record.name, deleted.losses, { changes: false, commits: true }, wish);
    }
    throw refused('branch-checked-out', `The branch ${branch} is checked out in ${deleted.path}, so it stays.`, {
      remedy: 'Switch that checkout to another branch first.',
    });
  }
  const kept = deleted.type === 'deleted' && deleted.snapshot !== null ? [deleted.snapshot] : [];
  return { worktree: removed.type, branch: deleted.type, snapshots: [...snapshots, ...kept], ignored };
}

export function cannotRemove(
  name: string,
  worktree: string,
  why: RefusalReason,
  losses: Losses,
  wish: RemovalWish,
): ConduxtError {
  switch (why) {
    case 'work-would-be-lost':
      return wouldBeLost(name, losses, { changes: true, commits: false }, wish);
    case 'locked':
      return refused('worktree-locked', `The worktree ${worktree} is locked by a person, so it stays.`, {
        remedy: `Unlock it first: git worktree unlock ${worktree}`,
      });
    case 'not-savable':
      return refused(
        'worktree-not-savable',
        `The worktree ${worktree} holds repositories of its own, which a snapshot cannot keep.`,
        {
          remedy: `Move them away first: ${losses.submodules.join(', ')}`,
          facts: { losses },
        },
      );
    case 'main-checkout':
      return refused('main-checkout', `${worktree} is the main checkout, which is never removed.`);
  }
}
