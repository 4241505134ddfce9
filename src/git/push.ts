import { ConduxtError } from '../errors.ts';
import { cleanStderr, type Git } from './git.ts';
import { isCommitHash, resolveCommit } from './refs.ts';
import { setTracking } from './tracking.ts';

export interface Push {
  /** Runs in any worktree of the repository. */
  readonly git: Git;
  readonly remote: string;
  readonly branch: string;
  /** What the remote's branch shall be. Full hash. */
  readonly commit: string;
  /** Where this task last left the remote's branch (from the journal); null: it was never pushed. */
  readonly expectedRemote: string | null;
  /**
   * The task's base: commits after it, up to `commit`, are its own work, also when a crash lost the record of their
   * push. Without it, a remote branch that is neither absent nor `expectedRemote` is left alone.
   */
  readonly baseCommit?: string;
  readonly timeoutMs?: number;
}

export type PushOutcome =
  | {
      readonly type: 'pushed';
      readonly commit: string;
      /** True when the remote had it already and nothing was sent. */
      readonly already: boolean;
      /** False when the upstream setting could not be written (somebody holds the configuration's lock). */
      readonly tracking: boolean;
    }
  | {
      readonly type: 'rejected';
      readonly why: RejectionReason;
      readonly remoteCommit: string | null;
      readonly detail: string;
    }
  | { readonly type: 'unreachable'; readonly detail: string };

/**
 * - `taken`: the remote has a branch of this name that this task did not push.
 * - `moved`: somebody else pushed to it, or history was rewritten: not a fast-forward.
 * - `gone`: the branch was deleted at the remote after we pushed it.
 * - `declined`: the remote itself said no (a protected branch, a hook); see `detail`.
 */
export type RejectionReason = 'taken' | 'moved' | 'gone' | 'declined';

const PUSH_TIMEOUT_MS = 5 * 60_000;

/**
 * Pushes one commit to the task's own branch by compare and swap. Only ever creates the branch or moves it forward,
 * so a host that was replaced while it slept can undo nothing. Safe to repeat: what is there already is `pushed`.
 */
export async function pushBranch(push: Push): Promise<PushOutcome> {
  const seen = await remoteCommit(push);
  if (seen.type === 'unreachable') return seen;
  const current = seen.commit;
  if (current === push.commit) {
    return { type: 'pushed', commit: push.commit, already: true, tracking: await setTracking(push) };
  }
  const obstacle = await obstacleTo(push, current);
  if (obstacle !== null) return { type: 'rejected', why: obstacle, remoteCommit: current, detail: SENTENCES[obstacle] };
  return send(push, current);
}

const SENTENCES: Readonly<Record<RejectionReason, string>> = {
  taken: 'the remote already has a branch of this name that this task did not push',
  moved: 'the remote branch holds commits that are not in this one',
  gone: 'the remote branch was deleted after it was pushed',
  declined: 'the remote declined the push',
};

/** Why the remote's branch may not be moved from `current` to our commit, or null. */
async function obstacleTo(push: Push, current: string | null): Promise<RejectionReason | null> {
  const { git, commit, expectedRemote, baseCommit } = push;
  if (current === null) return expectedRemote === null ? null : 'gone';
  if (!(await isAncestor(git, current, commit))) return 'moved';
  if (current === expectedRemote) return null;
  // Not what the journal says, but part of our work: a push whose record was lost in a crash.
  const isOwn = baseCommit !== undefined && !(await isAncestor(git, current, baseCommit));
  if (isOwn) return null;
  return expectedRemote === null ? 'taken' : 'moved';
}

async function isAncestor(git: Git, ancestor: string, commit: string): Promise<boolean> {
  if ((await resolveCommit(git, ancestor)) === null) return false;
  return (
    (await git.run(['merge-base', '--is-ancestor', '--end-of-options', ancestor, commit], { okCodes: [0, 1] }))
      .exitCode === 0
  );
}

type Seen =
  { readonly type: 'seen'; readonly commit: string | null } | { readonly type: 'unreachable'; readonly detail: string };

async function remoteCommit(push: Push): Promise<Seen> {
  const ref = `refs/heads/${push.branch}`;
  const outcome = await attempt(push, ['ls-remote', '--refs', '--end-of-options', push.remote, ref]);
  if (outcome.type === 'unreachable') return outcome;
  const line = outcome.stdout.split('\n').find((candidate) => candidate.endsWith(`\t${ref}`));
  const commit = line?.split('\t')[0] ?? null;
  return { type: 'seen', commit: commit !== null && isCommitHash(commit) ? commit : null };
}

async function send(push: Push, current: string | null): Promise<PushOutcome> {
  const ref = `refs/heads/${push.branch}`;
  // `--no-verify`: pre-push hooks are the repository's, and never run from here.
  const args = [
    'push',
    '--porcelain',
    '--no-verify',
    '--no-follow-tags',
    '--recurse-submodules=no',
    `--force-with-lease=${ref}:${current ?? ''}`,
    '--end-of-options',
    push.remote,
    `${push.commit}:${ref}`,
  ];
  const outcome = await attempt(push, args, [0, 1]);
  if (outcome.type === 'unreachable') return outcome;
  const line = parsePushLine(outcome.stdout, ref);
  if (line !== null && line.flag !== '!') {
    return { type: 'pushed', commit: push.commit, already: false, tracking: await setTracking(push) };
  }
  // Whether the lease failed or the remote said no is told by looking again, not by the words git chose.
  const after = await remoteCommit(push);
  // The push of a host that was killed outlived it, and was quicker.
  if (after.type === 'seen' && after.commit === push.commit) {
    return { type: 'pushed', commit: push.commit, already: true, tracking: await setTracking(push) };
  }
  const moved = after.type === 'seen' && after.commit !== current;
  const detail = [line?.summary ?? '', cleanStderr(outcome.stderr)].filter((part) => part !== '').join('\n');
  if (moved) return { type: 'rejected', why: 'moved', remoteCommit: after.commit, detail };
  return { type: 'rejected', why: 'declined', remoteCommit: current, detail };
}

/** One line of `push --porcelain`: `<flag>\t<from>:<to>\t<summary>`. */
export function parsePushLine(text: string, ref: string): { flag: string; summary: string } | null {
  for (const line of text.split('\n')) {
    const [flag, refs, summary] = line.split('\t');
    if (flag?.length === 1 && refs?.endsWith(`:${ref}`) === true) return { flag, summary: summary ?? '' };
  }
  return null;
}

type Attempt =
  | { readonly type: 'ran'; readonly stdout: string; readonly stderr: string }
  | { readonly type: 'unreachable'; readonly detail: string };

/** Talking to a remote fails for reasons of the world (network, login, no such repository): that is data. */
async function attempt(push: Push, args: readonly string[], okCodes: readonly number[] = [0]): Promise<Attempt> {
  try {
    const result = await push.git.run(args, { timeoutMs: push.timeoutMs ?? PUSH_TIMEOUT_MS, okCodes });
    return { type: 'ran', stdout: result.stdout, stderr: result.stderr };
  } catch (error) {
    if (error instanceof ConduxtError && (error.code === 'git-failed' || error.code === 'git-timeout')) {
      const { stderr } = error.facts;
      return { type: 'unreachable', detail: typeof stderr === 'string' && stderr !== '' ? stderr : error.message };
    }
    throw error;
  }
}
