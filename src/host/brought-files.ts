import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { changedFiles } from '../git/changes.ts';
import type { Git } from '../git/git.ts';
import type { SessionRecord, TaskSpec } from '../session/record.ts';

/** True for a file that conduxt itself brought into the worktree (`.env`): not the agent's, and nobody's to commit. */
export function wasBrought({ setup }: TaskSpec, file: string): boolean {
  return [...setup.copy, ...setup.link].some((brought) => {
    const root = brought.replace(/^\.\//, '').replace(/\/+$/, '');
    return file === root || file.startsWith(`${root}/`);
  });
}

/** Brought files that the agent committed all the same. A person may keep secrets in them. */
export async function committedBrought(git: Git, task: TaskSpec, commit: string): Promise<readonly string[]> {
  const changes = await changedFiles(git, task.baseCommit, commit);
  return changes
    .filter(({ change, path: file }) => change === 'added' && wasBrought(task, file))
    .map((file) => file.path);
}

const MAX_ENV_FILE_BYTES = 256 * 1024;

/**
 * The variables in the environment files that the set-up copies beside the agent (`.env`, `.env.test`), by name: what
 * it finds there may come out again in its words. No strict reading: a program's own file, not ours.
 */
export function broughtVariables({ repo, task }: SessionRecord): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const file of task?.setup.copy ?? []) {
    if (!/^\.env(\.|$)/.test(path.basename(file))) continue;
    for (const line of textOf(path.join(repo?.root ?? '/', file)).split('\n')) {
      const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) variables[name] = value.replace(/^(["'])(.*)\1$/, '$2');
    }
  }
  return variables;
}

/** Empty for what is not a readable file: it is not copied either. */
function textOf(file: string): string {
  try {
    const info = lstatSync(file);
    return info.isFile() && info.size <= MAX_ENV_FILE_BYTES ? readFileSync(file, 'utf8') : '';
  } catch {
    return '';
  }
}
