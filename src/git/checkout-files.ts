import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import type { Git } from './git.ts';

/** Tells what a checkout can have written from what somebody else must have. */

/** Files in a directory that the commit (null: none) does not have, by name. */
export async function filesNotIn(git: Git, commit: string | null, path: string): Promise<string[]> {
  const found = await filesIn(path);
  if (found.length === 0 || commit === null) return found;
  const known = await objectsOf(git, commit);
  return found.filter((file) => !known.has(file));
}

/** Every file below a directory but git's own link, relative, with `/`. */
async function filesIn(directory: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (relative: string): Promise<void> => {
    for (const item of await readdir(join(directory, relative), { withFileTypes: true })) {
      const path = relative === '' ? item.name : `${relative}/${item.name}`;
      if (path === '.git') continue;
      if (item.isDirectory()) await walk(path);
      else found.push(path);
    }
  };
  try {
    await walk('');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  return found;
}

/** Files in a directory that are not, byte for byte, the commit's, or the beginning of it (the writing was cut). */
export async function filesOtherThan(git: Git, commit: string | null, path: string): Promise<string[]> {
  const found = await filesIn(path);
  if (found.length === 0 || commit === null) return found;
  const objects = await objectsOf(git, commit);
  const others: string[] = [];
  for (const file of found) {
    const object = objects.get(file);
    if (object === undefined || !(await isPartOf(git, join(path, file), object))) others.push(file);
  }
  return others;
}

async function isPartOf(git: Git, file: string, object: string): Promise<boolean> {
  const content = (await lstat(file)).isSymbolicLink() ? Buffer.from(await readlink(file)) : await readFile(file);
  return content.length === 0 || isObject(content, object) || isBeginning(git, content, object);
}

/** Git's name for these bytes is this one. */
function isObject(content: Buffer, object: string): boolean {
  const hash = createHash(object.length === 64 ? 'sha256' : 'sha1');
  return hash.update(`blob ${content.length}\0`).update(content).digest('hex') === object;
}

async function isBeginning(git: Git, content: Buffer, object: string): Promise<boolean> {
  const whole = (await git.run(['cat-file', 'blob', '--end-of-options', object], { maxOutputBytes: MAX_LISTING_BYTES }))
    .stdout;
  // Through text, and so only for text: a binary file that was cut is taken for somebody's.
  return content.length < Buffer.byteLength(whole) && whole.startsWith(content.toString('utf8'));
}

/** Listings of the largest repositories stay below this. */
const MAX_LISTING_BYTES = 512 * 1024 * 1024;

/** Every file of a commit, with its object. */
async function objectsOf(git: Git, commit: string): Promise<Map<string, string>> {
  const args = ['ls-tree', '-r', '-z', '--full-tree', '--end-of-options', commit];
  const { stdout } = await git.run(args, { maxOutputBytes: MAX_LISTING_BYTES });
  const entries = stdout.split('\0').filter((entry) => entry !== '');
  return new Map(
    entries.map((entry): [string, string] => {
      const tab = entry.indexOf('\t');
      return [entry.slice(tab + 1), entry.slice(0, tab).split(' ')[2] ?? ''];
    }),
  );
}
