import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { refused, systemCode } from '../errors.ts';
import { deleteRefs } from './delete-refs.ts';
import { createGit } from './git.ts';
import { branchCommit } from './refs.ts';
import type { Repository } from './repository.ts';
import { clearEarlierAttempt } from './half-made-worktree.ts';
import { SNAPSHOTS, snapshotsOf } from './snapshot.ts';
import { removeStaleLocksIn } from './stale-lock.ts';
import { beginUndo, clearUnfinishedUndo, endUndo } from './unfinished-undo.ts';
import { addWorktree } from './worktree.ts';
import { namesIn } from './worktree-entry.ts';
import { listWorktrees } from './worktree-list.ts';
import { worktreeMarker } from './worktree-marker.ts';
import { KEPT_DAYS } from './kept-days.ts';
import { realPlace } from './worktree-path.ts';

/** What one removal saved: the worktree's files, the tip of the branch, or both. */
export interface DiscardedWork {
  readonly session: string;
  /** As in the names of its refs: `20261121T100000123Z`. */
  readonly at: string;
  readonly atMs: number;
  readonly refs: readonly string[];
  /** The snapshot with HEAD and, unless there were conflicts, the index of then. */
  readonly worktree: { readonly commit: string; readonly head: string | null; readonly index: string | null } | null;
  readonly tip: string | null;
}

interface SnapshotRef {
  readonly ref: string;
  readonly commit: string;
  readonly parents: readonly string[];
  readonly session: string;
  readonly at: string;
  readonly isBranch: boolean;
}

/** Everything kept of one session (null: of all), newest first. Only reads. */
export async function listDiscarded(repo: Repository, session: string | null): Promise<DiscardedWork[]> {
  const byRemoval = new Map<string, SnapshotRef[]>();
  for (const one of await snapshotRefs(repo, session === null ? SNAPSHOTS : snapshotsOf(session))) {
    const key = `${one.session}/${one.at}`;
    byRemoval.set(key, [...(byRemoval.get(key) ?? []), one]);
  }
  return [...byRemoval.values()]
    .flatMap((refs) => {
      const [first] = refs;
      if (first === undefined) return [];
      const files = refs.find(({ isBranch }) => !isBranch);
      const [head = null, index = null] = files?.parents ?? [];
      return [
        {
          session: first.session,
          at: first.at,
          atMs: timeOf(first.at),
          refs: refs.map(({ ref }) => ref),
          worktree: files === undefined ? null : { commit: files.commit, head, index },
          tip: refs.find(({ isBranch }) => isBranch)?.commit ?? null,
        },
      ];
    })
    .toSorted((a, b) => b.atMs - a.atMs);
}

async function snapshotRefs(repo: Repository, under: string): Promise<SnapshotRef[]> {
  const { stdout } = await repo.git.run(
    ['for-each-ref', '--format=%(refname) %(objectname) %(parent)', '--end-of-options', under],
    { maxOutputBytes: 64 * 1024 * 1024 },
  );
  return stdout.split('\n').flatMap((line) => {
    const [ref = '', commit = '', ...parents] = line.trim().split(' ');
    const [, session, at, branch] = /^refs\/conduxt\/snapshots\/([^/]+)\/(\d{8}T\d{9}Z)(-branch)?$/.exec(ref) ?? [];
    if (session === undefined || at === undefined) return [];
    return [{ ref, commit, parents, session, at, isBranch: branch !== undefined }];
  });
}

/** `20261121T100000123Z` in milliseconds since 1970. */
const timeOf = (at: string): number =>
  Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/, '$1-$2-$3T$4:$5:$6.$7Z'));

export const expiresAtMs = (work: DiscardedWork): number => work.atMs + KEPT_DAYS * 86_400_000;

/**
 * Forgets what was discarded more than `KEPT_DAYS` ago; git's own clean-up takes the objects later. Locks that a killed git
 * left on any snapshot go with it, also of those that are gone. @returns refs.
 */
export async function expireDiscarded(repo: Repository, nowMs: number, dryRun = false): Promise<string[]> {
  const expired = (await listDiscarded(repo, null)).filter((work) => expiresAtMs(work) < nowMs);
  const refs = expired.flatMap((work) => work.refs);
  if (dryRun) return refs;
  const all = join(repo.commonDir, SNAPSHOTS);
  for (const session of await namesIn(all)) await removeStaleLocksIn(join(all, session));
  await deleteRefs(
    repo,
    refs.map((ref) => ({ ref, commit: null })),
  );
  return refs;
}

/** Files in which discarded work differs from its HEAD: changed, new and deleted ones. */
export async function filesOf(repo: Repository, { worktree }: DiscardedWork): Promise<string[]> {
  if (worktree === null || worktree.head === null) return [];
  const args = [
    'diff-tree',
    '-r',
    '-z',
    '--name-only',
    '--no-renames',
    '--end-of-options',
    worktree.head,
    worktree.commit,
  ];
  const { stdout } = await repo.git.run(args, { maxOutputBytes: 512 * 1024 * 1024 });
  return stdout.split('\0').filter((file) => file !== '');
}

export interface Restoration {
  readonly repo: Repository;
  readonly work: DiscardedWork;
  /** Absolute; must not be there, or be empty. */
  readonly directory: string;
  /** The branch the work was on. One that stands elsewhere now stays where it is, and another is made. */
  readonly branch: string;
}

export interface Restored {
  readonly directory: string;
  readonly branch: string;
}

/**
 * Brings discarded work back as a worktree: the branch, the index and the files as they were. Nothing that is there now
 * is changed, and the snapshot stays until it expires. Safe to call again after `kill -9`: what it left is taken away first.
 * @throws `place-occupied`, `nothing-to-stand-on` (exit 6), and as `addWorktree`.
 */
export async function restoreDiscarded({ repo, work, directory, branch }: Restoration): Promise<Restored> {
  const path = await realPlace(directory);
  const head = work.worktree?.head ?? work.tip;
  const isChosen = (name: string): boolean =>
    name === branch || (name.startsWith(`${branch}-undo`) && /^(?:-\d+)?$/.test(name.slice(branch.length + 5)));
  const earlier = await clearUnfinishedUndo(repo, path, [head, work.worktree?.commit ?? head], isChosen);
  await requireFreePlace(path);
  if (head === null) {
    throw refused('nothing-to-stand-on', 'That work was on a branch without any commit, which cannot be a worktree.', {
      remedy: `Take its files out by hand: git archive ${work.refs[0] ?? ''} | tar -x -C <directory>`,
    });
  }
  for (const name of new Set([branch, earlier ?? branch])) await clearEarlierAttempt({ repo, path, branch: name });
  if (work.tip !== null && (await branchCommit(repo.git, branch)) === null) {
    await repo.git.run(['update-ref', '-m', 'conduxt undo', '--end-of-options', `refs/heads/${branch}`, work.tip, '']);
  }
  const chosen = await freeBranch(repo, branch, head, earlier);
  await beginUndo(repo, path, chosen);
  const made = await addWorktree({ repo, path, branch: chosen, baseCommit: head, adopt: true });
  if (!made.created) throw occupied(path, 'a worktree was made there meanwhile');
  if (work.worktree !== null) {
    const git = createGit({ cwd: made.path, env: { ...repo.env, ...worktreeMarker(path) } });
    await git.run(['read-tree', '--reset', '-u', '--end-of-options', work.worktree.commit]);
    await git.run(['read-tree', '--end-of-options', work.worktree.index ?? head]);
    // Exit 1: there are changes, as there should be.
    await git.run(['update-index', '-q', '--refresh'], { okCodes: [0, 1] });
  }
  await endUndo(repo, path);
  return { directory: made.path, branch: chosen };
}

/** The branch itself, or the one an `earlier` try took, when it is not there or stands at `head` unused; else a new name. */
async function freeBranch(repo: Repository, branch: string, head: string, earlier: string | null): Promise<string> {
  const used = new Set((await listWorktrees(repo.git)).map((entry) => entry.branch));
  for (let number = 0; ; number += 1) {
    const name = number === 0 ? branch : `${branch}-undo${number === 1 ? '' : `-${number}`}`;
    const commit = await branchCommit(repo.git, name);
    const mayBeOurs = number === 0 || name === earlier;
    if (commit === null || (mayBeOurs && commit === head && !used.has(name))) return name;
  }
}

async function requireFreePlace(path: string): Promise<void> {
  try {
    const facts = await lstat(path);
    if (facts.isDirectory() && (await readdir(path)).length === 0) return;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  throw occupied(path, 'there is something');
}

const occupied = (path: string, what: string): Error =>
  refused('place-occupied', `The work was at ${path}, and ${what}: nothing is overwritten.`, {
    remedy: 'Name another place: conduxt undo <session> --to <directory>',
    facts: { path },
  });
