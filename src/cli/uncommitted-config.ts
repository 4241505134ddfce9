import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { BaseTree } from '../git/tree.ts';

/**
 * The configuration is read from a commit. What else stands in the checkout has no effect, which surprises whoever has
 * just edited it: said in one sentence, or null when file and commit agree.
 */
export async function uncommittedConfig(root: string, tree: BaseTree, label: string): Promise<string | null> {
  const [inCheckout, committed] = [await textOf(path.join(root, 'conduxt.json')), await tree.read('conduxt.json')];
  if (inCheckout === null || inCheckout === committed) return null;
  const how = committed === null ? 'is not committed' : 'has changes that are not committed';
  return `conduxt.json ${how} on ${label}, and only what is committed there counts`;
}

/** Null also for what is no file or cannot be read: it has no effect either way. */
async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return null;
  }
}
