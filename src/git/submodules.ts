import { existsSync, lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { createGit, type Git } from './git.ts';

export interface SubmoduleFiles {
  /** Work in submodules that the commit does not bring: changed files, and commits nobody else can have. */
  readonly uncommitted: readonly string[];
  /** What the submodules' own git does not track, ignored or not; directories with a slash at the end. */
  readonly untracked: readonly string[];
}

/** As many submodules as are looked into. */
const MAX_SUBMODULES = 50;
/** A tree of a million files. */
const MAX_TREE_BYTES = 256 * 1024 * 1024;

/** A submodule's configuration is watched by nobody: only what runs nothing it names, and asks no remote. */
const UNWATCHED = ['-c', 'protocol.allow=never', '-c', 'protocol.file.allow=never'];

/**
 * What the filled submodules of the worktree hold that HEAD does not. That a submodule stands at another commit than
 * HEAD says is a change of the worktree itself, which `trueStatus` sees.
 * @param sinceMs only files whose ctime is later are compared with their commit: it is done without filters
 */
export async function submoduleFiles(git: Git, baseCommit: string, sinceMs: number): Promise<SubmoduleFiles> {
  const links = (await treeOf(git, 'HEAD')).filter(({ mode }) => mode === '160000');
  if (links.length === 0) return { uncommitted: [], untracked: [] };
  const before = new Map((await treeOf(git, baseCommit)).map(({ path, object }) => [path, object]));
  const uncommitted: string[] = [];
  const untracked: string[] = [];
  for (const { path, object } of links.slice(0, MAX_SUBMODULES)) {
    const directory = join(git.cwd, path);
    if (!existsSync(join(directory, '.git'))) continue;
    const inner = createGit({ cwd: directory, env: { ...git.env, GIT_NO_LAZY_FETCH: '1' } });
    if (before.get(path) !== object && !(await isPublished(inner, object)))
      uncommitted.push(`${path} (its commit ${object.slice(0, 10)} is at none of its remotes)`);
    uncommitted.push(...(await changedIn(inner, sinceMs)).map((file) => `${path}/${file}`));
    const args = ['ls-files', '-z', '--others', '--directory'];
    const others = await inner.run([...UNWATCHED, ...args], { maxOutputBytes: MAX_TREE_BYTES });
    untracked.push(...fields(others.stdout).map((file) => `${path}/${file}`));
  }
  return { uncommitted, untracked };
}

async function isPublished(git: Git, commit: string): Promise<boolean> {
  const args = ['for-each-ref', '--count=1', `--contains=${commit}`, 'refs/remotes'];
  // 129: the commit is not even here.
  return (await git.line([...UNWATCHED, ...args], { okCodes: [0, 128, 129] })) !== '';
}

/** Tracked files that are not as in HEAD, by their bytes. */
async function changedIn(git: Git, sinceMs: number): Promise<readonly string[]> {
  const changed: string[] = [];
  const compared: { readonly path: string; readonly object: string }[] = [];
  for (const { mode, object, path } of await treeOf(git, 'HEAD')) {
    if (!mode.startsWith('100') || path.includes('\n')) continue;
    const info = lstatOrNull(join(git.cwd, path));
    if (info?.isFile() !== true) changed.push(path);
    else if (info.ctimeMs > sinceMs) compared.push({ path, object });
  }
  if (compared.length === 0) return changed;
  const input = compared.map(({ path }) => `${path}\n`).join('');
  const { stdout } = await git.run([...UNWATCHED, 'hash-object', '--no-filters', '--stdin-paths'], { input });
  const hashes = stdout.split('\n');
  return [...changed, ...compared.filter(({ object }, at) => hashes[at] !== object).map(({ path }) => path)];
}

interface TreeEntry {
  readonly mode: string;
  readonly object: string;
  readonly path: string;
}

/** `100644 blob <object>\t<path>\0` */
async function treeOf(git: Git, commit: string): Promise<TreeEntry[]> {
  const args = [...UNWATCHED, 'ls-tree', '-r', '-z', '--full-tree', '--end-of-options', commit];
  const { stdout } = await git.run(args, { maxOutputBytes: MAX_TREE_BYTES });
  return fields(stdout).flatMap((line) => {
    const [, mode, object, path] = /^(\d+) \S+ ([0-9a-f]+)\t([^]+)$/.exec(line) ?? [];
    return mode === undefined || object === undefined || path === undefined ? [] : [{ mode, object, path }];
  });
}

const fields = (text: string): string[] => text.split('\0').filter((field) => field !== '');

function lstatOrNull(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}
