import type { Git } from './git.ts';

/** One entry of `git worktree list --porcelain`. The first is the main checkout. */
export interface WorktreeEntry {
  /** Absolute real path. The directory may be gone. */
  readonly path: string;
  readonly head: string | null;
  /** Short branch name; null when detached or bare. */
  readonly branch: string | null;
  readonly bare: boolean;
  /** Why it is locked: `initializing` while git makes it; null when it is not locked. */
  readonly locked: string | null;
}

export async function listWorktrees(git: Git): Promise<WorktreeEntry[]> {
  // Not `-z`: that came with git 2.36, and a path with a line end in it is refused where paths are made.
  return parseWorktrees((await git.run(['worktree', 'list', '--porcelain'])).stdout);
}

/** Blocks of `key value` lines, apart by an empty line. Unknown keys are left alone: newer gits add some. */
export function parseWorktrees(text: string): WorktreeEntry[] {
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('worktree '))
    .map((block) => {
      const fields = new Map(
        block.split('\n').map((line): [string, string] => {
          const space = line.indexOf(' ');
          return space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
        }),
      );
      const branch = fields.get('branch');
      return {
        path: fields.get('worktree') ?? '',
        head: fields.get('HEAD') ?? null,
        branch: branch === undefined ? null : branch.replace(/^refs\/heads\//, ''),
        bare: fields.has('bare'),
        locked: fields.get('locked') ?? null,
      };
    });
}
