import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';
import * as z from 'zod';

/** The file in a repository that says what the rehearsal agent does there. */
export const SCRIPT_FILE = '.conduxt-rehearsal.json';

const Script = z.object({
  /** Carried out in order; `find` must occur in the file, its first place is replaced. */
  edits: z.array(z.object({ file: z.string().min(1), find: z.string().min(1), replace: z.string() })),
  /** Without a shell. Absent: no tests are run. */
  testCommand: z.array(z.string()).min(1).optional(),
  commitMessage: z.string().min(1),
  /** What the agent says it did. */
  report: z.string().min(1),
});
export type RehearsalScript = z.infer<typeof Script>;

/** The script of the repository at `cwd`; null when there is none. @throws Error when there is one that cannot be used */
export function readScript(cwd: string): RehearsalScript | null {
  let text: string;
  try {
    text = readFileSync(join(cwd, SCRIPT_FILE), 'utf8');
  } catch {
    return null;
  }
  return Script.parse(JSON.parse(text));
}

/** The real path of a script's file. @throws Error when it lies outside `cwd`, also by way of a link */
export function insidePath(cwd: string, file: string): string {
  const root = realpathSync(cwd);
  const path = join(root, file);
  const real = existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
  if (isAbsolute(file) || !real.startsWith(`${root}${sep}`)) throw new Error(`${file} lies outside the repository`);
  return real;
}

/** What a task's prompt asks a callback to carry. */
export interface TaskMarks {
  readonly taskId: string;
  readonly nonce: string;
}

/** From the callback contract in the prompt; the last one counts. Null: the prompt is no task. */
export function taskMarks(prompt: string): TaskMarks | null {
  const taskId = [...prompt.matchAll(/"task_id"\s*:\s*"([^"\n]{1,200})"/g)].at(-1)?.[1];
  const nonce = [...prompt.matchAll(/"nonce"\s*:\s*"([^"\n]{1,200})"/g)].at(-1)?.[1];
  return taskId === undefined || nonce === undefined ? null : { taskId, nonce };
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What the tests printed about themselves (node:test, or a line `3 passed, 0 failed`); null when they did not. */
export function countsIn(output: string): Counts | null {
  const node = (word: string): number | undefined => {
    const found = new RegExp(`^(?:ℹ|#) ${word} (\\d+)$`, 'm').exec(output)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const [passed, failed] = [node('pass'), node('fail')];
  if (passed !== undefined && failed !== undefined) return { passed, failed, skipped: node('skipped') ?? 0 };
  const plain = /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?/.exec(output);
  return plain === null ? null : { passed: Number(plain[1]), failed: Number(plain[2]), skipped: Number(plain[3] ?? 0) };
}
