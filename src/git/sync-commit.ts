import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConduxtError, ioError, messageOf, systemCode } from '../errors.ts';
import type { Git } from './git.ts';
import { syncBranch, syncEach } from './sync-refs.ts';

export interface CommittedWork {
  /** Runs anywhere in the repository. */
  readonly git: Git;
  /** Where it was made; it may be gone. */
  readonly worktree: string;
  readonly commonDir: string;
  /** Without `refs/heads/`. */
  readonly branch: string;
  readonly commit: string;
  /** What was there before the work, and is as safe as whoever made it left it. */
  readonly baseCommit: string;
}

/**
 * Puts somebody else's commits on stable storage: by default git syncs neither loose objects nor refs, and a power loss
 * right after a commit takes the commit, on xfs with the branch that names it (measured). Whoever tells of a commit
 * calls this first. Objects before the ref that needs them; files of the worktree stay as they are.
 * @throws `commit-not-safe` (exit 74) when the disk refuses.
 */
export async function syncCommit(work: CommittedWork): Promise<void> {
  const objects = join(work.commonDir, 'objects');
  try {
    const loose = (await newObjects(work)).map((id) => join(objects, id.slice(0, 2), id.slice(2)));
    await syncEach([...loose, ...(await filesIn(join(objects, 'pack')))]);
    const fanOut = new Set(loose.map((file) => file.slice(0, file.lastIndexOf('/'))));
    await syncEach([...fanOut, join(objects, 'pack'), objects]);
    await syncEach([...(await filesIn(join(work.commonDir, 'reftable'))), join(work.commonDir, 'packed-refs')]);
    await syncBranch(work.commonDir, work.branch);
    const gitDir = await gitDirOf(work);
    if (gitDir !== '') await syncEach([join(gitDir, 'index'), join(gitDir, 'HEAD'), gitDir]);
  } catch (error) {
    if (error instanceof ConduxtError || systemCode(error) === undefined) throw error;
    throw ioError(
      'commit-not-safe',
      `The commit ${work.commit.slice(0, 10)} could not be made durable: ${messageOf(error)}.`,
      {
        remedy: 'Check the disk of the repository.',
        cause: error,
      },
    );
  }
}

const gitDirOf = ({ git, worktree }: CommittedWork): Promise<string> =>
  git.line(['-C', worktree, 'rev-parse', '--absolute-git-dir'], { okCodes: [0, 128] });

/** Ids of what the work added. Of very much, all that is loose is as good an answer. */
async function newObjects({ git, commonDir, commit, baseCommit }: CommittedWork): Promise<readonly string[]> {
  try {
    const { stdout } = await git.run([
      'rev-list',
      '--objects',
      '--no-object-names',
      '--end-of-options',
      commit,
      `^${baseCommit}`,
    ]);
    return stdout.split('\n').filter((id) => id !== '');
  } catch (error) {
    if (!(error instanceof ConduxtError) || error.code !== 'git-output-too-large') throw error;
    return looseObjects(join(commonDir, 'objects'));
  }
}

async function looseObjects(objects: string): Promise<string[]> {
  const found: string[] = [];
  for (const prefix of await readdir(objects)) {
    if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
    for (const rest of await readdir(join(objects, prefix))) found.push(prefix + rest);
  }
  return found;
}

/** With their paths; none where there is no such directory. */
async function filesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).map((name) => join(directory, name));
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
