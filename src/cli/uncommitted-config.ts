import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** The repository's settings, at its root. */
export const CONFIG_FILE = 'conduxt.json';

/**
 * The configuration is read from a commit. What else stands in the checkout has no effect, which surprises whoever has
 * just edited it: said in one sentence, or null when file and commit agree.
 * @param committed its text in that commit; null when it is not there.
 */
export async function uncommittedConfig(root: string, committed: string | null, label: string): Promise<string | null> {
  const inCheckout = await textOf(path.join(root, CONFIG_FILE));
  if (inCheckout === null || inCheckout === committed) return null;
  const how = committed === null ? 'is not committed' : 'has changes that are not committed';
  return `${CONFIG_FILE} ${how} on ${label}, and only what is committed there counts`;
}

/** Null also for what is no file or cannot be read: it has no effect either way. */
async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return null;
  }
}
