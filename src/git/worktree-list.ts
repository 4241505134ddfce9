import { setTimeout as delay } from 'node:timers/promises';
import { ConduxtError } from '../errors.ts';
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

export const listWorktrees = (git: Git): Promise<WorktreeEntry[]> =>
  whileOthersWrite(async () => {
    // Not `-z`: that came with git 2.36, and a path with a line end in it is refused where paths are made.
    return parseWorktrees((await git.run(['worktree', 'list', '--porcelain'])).stdout);
  });

/**
 * Runs it again when git gave up on an entry that it met in between: another `worktree add` writes its files one by one
 * (git 2.39).
 */
export async function whileOthersWrite<T>(run: () => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await run();
    } catch (error) {
      if (left === 0 || !(error instanceof ConduxtError) || !isHalfWritten(error)) throw error;
      await delay(PAUSE_MS);
    }
  }
}

const isHalfWritten = ({ facts }: ConduxtError): boolean =>
  typeof facts['stderr'] === 'string' && /failed to read \S*worktrees\//.test(facts['stderr']);
const TRIES = 20;
const PAUSE_MS = 50;

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
