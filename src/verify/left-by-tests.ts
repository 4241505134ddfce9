import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';

/**
 * What test runs left in a worktree that git does not ignore: reports, caches, rewritten snapshots. It is not the
 * agent's uncommitted work, so it does not make the next verification dirty, as long as nobody touched it since.
 */
const Remembered = z.record(z.string(), z.string());
type Remembered = z.infer<typeof Remembered>;

/** More than this is not a report but a build tree that should be ignored. */
const MAX_FILES = 1000;

/** Where the files of one worktree are remembered: the same log directory may serve several. */
export const memoryFile = (directory: string, worktree: string): string =>
  join(directory, `left-by-tests-${createHash('sha256').update(worktree).digest('hex').slice(0, 12)}.json`);

/** The dirty files that are somebody's work: all but those that are exactly as an earlier test run left them. */
export async function withoutRemembered(file: string, worktree: string, dirty: readonly string[]): Promise<string[]> {
  const remembered = await load(file);
  const work: string[] = [];
  for (const path of dirty) {
    const before = remembered[path];
    if (before === undefined || before !== (await fingerprint(join(worktree, path)))) work.push(path);
  }
  return work;
}

/** Remembers the files as they are now, in place of what was remembered before. */
export async function remember(file: string, worktree: string, left: readonly string[]): Promise<void> {
  const entries: Remembered = {};
  for (const path of left.slice(0, MAX_FILES)) entries[path] = await fingerprint(join(worktree, path));
  await writeFile(file, JSON.stringify(entries), { mode: 0o600 });
}

async function load(file: string): Promise<Remembered> {
  try {
    return Remembered.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {}; // Nothing remembered, or not readable: then every change counts.
  }
}

/** Content and kind; a file that is gone (a tracked one that a test deleted) has one too. */
async function fingerprint(path: string): Promise<string> {
  try {
    const stat = await lstat(path);
    if (stat.isSymbolicLink()) return `link ${await readlink(path)}`;
    if (!stat.isFile()) return 'other';
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return `${stat.mode.toString(8)} ${hash.digest('hex')}`;
  } catch {
    return 'gone';
  }
}
