import { constants } from 'node:fs';
import { copyFile, cp, lstat, mkdir, realpath, symlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, relative, sep } from 'node:path';
import { refused, systemCode } from '../errors.ts';
import type { SetupPlan } from '../session/record.ts';

/** How a note begins that a person should read: a file they have was not brought. */
export const OUTSIDE = 'left out, because it lies outside of the main checkout';

export interface FilesInput {
  readonly worktree: string;
  readonly mainCheckout: string;
  readonly plan: Pick<SetupPlan, 'copy' | 'link'>;
}

/**
 * Copies and links the listed files and directories (`.env`, `node_modules`) from the main checkout into the worktree.
 * What is already there is left alone; what is missing in the main checkout is left out.
 * @returns one line for each that was left out
 * So is what leads out of the main checkout once every link is followed.
 * @throws ConduxtError `setup-path-refused` before anything is done, for a path that is not below the repository root,
 *   or leads out of the worktree
 */
export async function bringFiles({ worktree, mainCheckout, plan }: FilesInput): Promise<readonly string[]> {
  const from = await realpath(mainCheckout);
  const to = await realpath(worktree);
  const wanted = [
    ...plan.copy.map((path) => ({ path: checked(path), how: 'copy' as const })),
    ...plan.link.map((path) => ({ path: checked(path), how: 'link' as const })),
  ];
  for (const { path } of wanted) {
    // Written through, a link in the worktree could reach any file of the user.
    const elsewhere = await placeOutside(to, dirname(path));
    if (elsewhere !== null) throw pathRefused(path, `in the worktree it leads to ${elsewhere}`);
  }
  const notes: string[] = [];
  for (const { path, how } of wanted) {
    const source = join(from, path);
    const target = join(to, path);
    // Read through, it could bring any file of the user to the agent; but a person may keep their `.env` elsewhere.
    const elsewhere = await placeOutside(from, path);
    if (elsewhere !== null) notes.push(`${OUTSIDE}: ${path} leads to ${elsewhere}`);
    else if (!(await exists(source))) notes.push(`left out: ${path} is not in the main checkout`);
    else if (!(await exists(target))) await bring(source, target, how);
  }
  return notes;
}

/** A path below the root, not the root itself, and nothing of git's. */
function checked(path: string): string {
  const normal = normalize(path).replace(/\/+$/, '');
  const first = normal.split(sep)[0];
  if (isAbsolute(path) || first === '..' || first === '.' || first === '' || first === '.git' || path.includes('\0')) {
    throw pathRefused(path, 'it must lie below the repository root');
  }
  return normal;
}

/** Where a path below `root` leads to once every link is followed, when that is outside; else null. */
async function placeOutside(root: string, path: string): Promise<string | null> {
  const real = await nearestReal(join(root, path));
  const offset = relative(root, real);
  return offset === '..' || offset.startsWith(`..${sep}`) || isAbsolute(offset) ? real : null;
}

/** The real path, of the closest existing parent when it does not exist itself. */
async function nearestReal(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR') throw error;
    // A link whose target is missing has no real path, but would be followed when written to.
    if (await exists(path)) return join(sep, 'nowhere');
    return nearestReal(dirname(path));
  }
}

async function bring(source: string, target: string, how: 'copy' | 'link'): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  if (how === 'link') return symlink(source, target);
  // Links inside a copied directory stay links; they are not followed while copying.
  if ((await lstat(source)).isDirectory()) {
    return cp(source, target, { recursive: true, force: false, errorOnExist: false, verbatimSymlinks: true });
  }
  return copyFile(await realpath(source), target, constants.COPYFILE_EXCL);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}

const pathRefused = (path: string, why: string): Error =>
  refused('setup-path-refused', `The set-up path ${JSON.stringify(path)} is refused: ${why}.`, {
    remedy: 'Change worktree.copy or worktree.link in conduxt.json.',
    facts: { path },
  });
