import type { Git } from './git.ts';

export type ChangeKind = 'added' | 'modified' | 'deleted' | 'renamed' | 'copied' | 'type-changed' | 'other';

export interface ChangedFile {
  readonly path: string;
  readonly change: ChangeKind;
  /** The old path of a renamed or copied file. */
  readonly from: string | null;
}

export interface DiffStat {
  readonly files: number;
  readonly insertions: number;
  readonly deletions: number;
}

/** Nothing a repository configures may run: neither an external diff program nor a text conversion. */
const SAFE_DIFF = ['diff', '--no-ext-diff', '--no-textconv', '--no-color', '--ignore-submodules=dirty', '-M'] as const;

/** A million files. It is never cut: each name in it may be the one that matters. */
const MAX_LIST_BYTES = 256 * 1024 * 1024;

/** Files that differ between two commits, in git's order. */
export async function changedFiles(git: Git, baseCommit: string, head: string): Promise<ChangedFile[]> {
  const args = [...SAFE_DIFF, ...NAME_STATUS.args, '--end-of-options', baseCommit, head, '--'];
  return parseNameStatus((await git.run(args, { maxOutputBytes: MAX_LIST_BYTES })).stdout);
}

/** Files and lines that differ between two commits; a binary file counts as a file without lines. */
export async function diffStat(git: Git, baseCommit: string, head: string): Promise<DiffStat> {
  return parseNumstat(
    (await git.run([...SAFE_DIFF, ...NUMSTAT.args, '--end-of-options', baseCommit, head, '--'])).stdout,
  );
}

/** What the working tree has that a commit has not, as a patch; files that git does not know are left out. */
export const workingDiff = async (git: Git, baseCommit: string): Promise<string> =>
  (await git.run([...SAFE_DIFF, '--end-of-options', baseCommit, '--'])).stdout;

/** How many commits `head` has that `baseCommit` has not. */
export const commitCount = async (git: Git, baseCommit: string, head: string): Promise<number> =>
  Number(await git.line(['rev-list', '--count', '--end-of-options', head, `^${baseCommit}`, '--']));

/** The commit checked out in `git.cwd`. */
export const headCommit = async (git: Git): Promise<string> => git.line(['rev-parse', '--verify', 'HEAD^{commit}']);

/** Subjects of the commits `head` has that `baseCommit` has not, newest first, at most `limit`. */
export async function commitSubjects(git: Git, baseCommit: string, head: string, limit = 100): Promise<string[]> {
  const args = ['log', '-z', '--format=%s', `--max-count=${limit}`, '--end-of-options', head, `^${baseCommit}`, '--'];
  const { stdout } = await git.run(args);
  return stdout.split('\0').filter((subject) => subject !== '');
}

/** Each output format beside its parser. */
const NAME_STATUS = { args: ['--name-status', '-z'] } as const;
const NUMSTAT = { args: ['--numstat', '-z'] } as const;

const KINDS: Readonly<Record<string, ChangeKind>> = {
  A: 'added',
  M: 'modified',
  D: 'deleted',
  R: 'renamed',
  C: 'copied',
  T: 'type-changed',
};

/** `M\0path\0`, and `R100\0old\0new\0` for renames and copies. */
export function parseNameStatus(text: string): ChangedFile[] {
  const fields = text.split('\0');
  const files: ChangedFile[] = [];
  for (let at = 0; at + 1 < fields.length;) {
    const letter = fields[at]?.[0] ?? '';
    const change = KINDS[letter] ?? 'other';
    const hasOldPath = letter === 'R' || letter === 'C';
    const path = fields[at + (hasOldPath ? 2 : 1)] ?? '';
    files.push({ path, change, from: hasOldPath ? (fields[at + 1] ?? null) : null });
    at += hasOldPath ? 3 : 2;
  }
  return files;
}

/** `12\t3\tpath\0`, and `12\t3\t\0old\0new\0` for renames; `-` stands for lines of a binary file. */
export function parseNumstat(text: string): DiffStat {
  const fields = text.split('\0');
  let [files, insertions, deletions] = [0, 0, 0];
  for (let at = 0; at < fields.length; at += 1) {
    const match = /^(-|\d+)\t(-|\d+)\t([^]*)$/.exec(fields[at] ?? '');
    if (match === null) continue;
    files += 1;
    insertions += Number(match[1]) || 0;
    deletions += Number(match[2]) || 0;
    if (match[3] === '') at += 2;
  }
  return { files, insertions, deletions };
}
