import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../process/run.ts';
import { nodeSatisfies } from './node-version.ts';

const VERSION_TIMEOUT_MS = 5_000;

/**
 * Absolute path of a Node that `range` allows: the one conduxt runs on, which costs nothing to know, or else the first
 * in `directories`. Null when there is none.
 */
export async function nodeFor(range: string, directories: readonly string[]): Promise<string | null> {
  if (nodeSatisfies(process.versions.node, range)) return process.execPath;
  for (const directory of new Set(directories)) {
    const node = await realpath(path.join(directory, 'node')).catch(() => null);
    if (node === null) continue;
    const { exitCode, stdout } = await run(node, ['--version'], { cwd: '/', env: {}, timeoutMs: VERSION_TIMEOUT_MS });
    if (exitCode === 0 && nodeSatisfies(stdout.trim(), range)) return node;
  }
  return null;
}
