import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { CancelReply } from '../../control/protocol.ts';
import { refused } from '../../errors.ts';
import { whyKept } from '../../git/remove.ts';
import type { Repository } from '../../git/repository.ts';
import { listNames, readSessionOrNull, type SessionView } from '../../store/read-session.ts';
import { isSettled } from '../../views/outcome.ts';
import { stopOne } from '../commands/stop.ts';
import type { VerbContext } from '../context.ts';
import { refuseFromInside } from '../own-judge.ts';
import { settleMemory } from '../settle-memory.ts';
import { holdingName } from './own-name.ts';
import { cannotRemove, removeWork, repositoryOf, type RemovalWish, type Removed } from './remove-work.ts';
import { requireTask, type RestingTask } from './require-rest.ts';
import { requireSameGitConfig } from './same-git-config.ts';

/** The flag names all of it. The branch stays: commits are nobody's to discard with a turn. */
const WISH: RemovalWish = {
  branch: false,
  discardChanges: true,
  discardCommits: false,
  keepAlways: true,
  flags: { changes: '--discard', commits: '--discard' },
};

/**
 * `cancel --discard`: ends the task, then removes its worktree, of which index, changed and unknown files are kept under a
 * hidden ref. Refuses before anything is cancelled where something of somebody else is at stake, and again after it, where
 * it came up meanwhile: then the task is cancelled and its worktree stays.
 */
export async function discardTask(
  context: VerbContext,
  view: SessionView,
  cancel: () => Promise<CancelReply>,
): Promise<{ readonly reply: CancelReply; readonly removed: Removed }> {
  refuseFromInside(context, view, 'cancel --discard');
  const task = requireTask(view);
  const repo = await repositoryOf(context, { view, task });
  const result = await holdingName(context, view, async () => {
    requireOurs(context, { view, task });
    await requireSameGitConfig(repo, { view, task });
    await requireSavable(repo, { view, task });
    const reply = await cancel();
    const again = (): SessionView => context.session(view.record.id);
    const { left } = await stopOne(context, again());
    if (left.length > 0) throw stillThere(view, left);
    const resting = { view: again(), task };
    requireOurs(context, resting);
    await requireSameGitConfig(repo, resting);
    return { reply, removed: await removeWork(context, repo, resting, WISH) };
  });
  await settleMemory(context, [view.record]);
  return result;
}

async function requireSavable(repo: Repository, { view, task }: RestingTask): Promise<void> {
  const { cwd, name } = view.record;
  if (!existsSync(cwd)) return;
  const kept = await whyKept({ repo, worktree: cwd, branch: task.branch, baseCommit: task.baseCommit });
  if (kept !== null) throw cannotRemove(name, cwd, kept.why, kept.losses, WISH);
}

/** @throws `worktree-not-ours`, `worktree-in-use` (exit 6). */
function requireOurs({ places }: VerbContext, { view, task }: RestingTask): void {
  const { cwd, name, id } = view.record;
  if (!existsSync(cwd)) return;
  // Before the host has looked, what stands there is not its own.
  if (task.lent && view.folded.delivery.worktree?.created !== true) {
    throw refused('worktree-not-ours', `The worktree ${cwd} was there before ${name}: it is a person's.`, {
      remedy: `End the task alone with conduxt cancel ${name} --task; conduxt clean ${name} --discard-changes removes it too.`,
    });
  }
  const inside = isWithin(realpathSync(cwd));
  const others = listNames(places.home, null)
    .filter((named) => named.id !== id)
    .flatMap((named) => readSessionOrNull(places.home, places.runtimeDir, named.id) ?? [])
    .filter((other) => inside(other.record.cwd) && isAtWork(other));
  const [first] = others;
  if (first === undefined) return;
  throw refused('worktree-in-use', `${first.record.name} works in the worktree of ${name}, too.`, {
    remedy: `End it first: conduxt stop ${first.record.name}`,
    facts: { sessions: others.map(({ record }) => record.id) },
  });
}

/** A session without a task is never over by itself. */
const isAtWork = ({ state, folded, hostAlive }: SessionView): boolean =>
  hostAlive || (!folded.life.stopped && (folded.life.ended === null || !isSettled(state)));

const isWithin =
  (directory: string) =>
  (place: string): boolean => {
    const real = existsSync(place) ? realpathSync(place) : place;
    return real === directory || real.startsWith(directory + path.sep);
  };

const stillThere = ({ record: { name, cwd } }: SessionView, left: readonly number[]): Error =>
  refused('processes-left', `${name} is cancelled, but these processes could not be ended: ${left.join(', ')}.`, {
    remedy: `End them; its worktree ${cwd} stays until then. Then run the command again.`,
    facts: { left },
  });
