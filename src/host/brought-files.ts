import { changedFiles } from '../git/changes.ts';
import type { Git } from '../git/git.ts';
import type { TaskSpec } from '../session/record.ts';

/** True for a file that conduxt itself brought into the worktree (`.env`): not the agent's, and nobody's to commit. */
export function wasBrought({ setup }: TaskSpec, file: string): boolean {
  return [...setup.copy, ...setup.link].some((path) => {
    const root = path.replace(/^\.\//, '').replace(/\/+$/, '');
    return file === root || file.startsWith(`${root}/`);
  });
}

/** Brought files that the agent committed all the same. A person may keep secrets in them. */
export async function committedBrought(git: Git, task: TaskSpec, commit: string): Promise<readonly string[]> {
  const changes = await changedFiles(git, task.baseCommit, commit);
  return changes.filter(({ change, path }) => change === 'added' && wasBrought(task, path)).map(({ path }) => path);
}
