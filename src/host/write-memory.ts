import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { refused, systemCode } from '../errors.ts';
import { waitForLock } from '../lock/file-lock.ts';
import { makePrivateDirectory, replaceFile } from '../store/durable-files.ts';
import { repoPaths } from '../store/paths.ts';
import { activeTasksJson, renderMemorySection, replaceSection } from '../views/memory-section.ts';
import type { HostContext } from './context.ts';
import { MemoryEntries } from './memory-entries.ts';

const LOCK_POLL_MS = 50;

/**
 * Renders MEMORY.md and active-tasks.json of the session's repository from the journals of all its sessions, as they are
 * now. Safe at any time and from several processes, which take turns; when `signal` aborts first, nothing is written.
 * @param known what the caller read for an earlier write
 * @throws `memory-outside`, `memory-not-text` (exit 6), `state-unwritable`.
 */
export async function writeMemory(
  { home, runtimeDir, record, redact }: Pick<HostContext, 'home' | 'runtimeDir' | 'record' | 'redact'>,
  signal?: AbortSignal,
  known = new MemoryEntries(),
): Promise<void> {
  if (record.repo === null || record.kind === 'ask' || record.hooks.memoryOff === true) return;
  const paths = repoPaths(home, record.repo.key);
  makePrivateDirectory(paths.dir);
  const lock = await waitForLock(paths.memoryLock, {
    pollMs: LOCK_POLL_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  if (lock === null) return;
  try {
    const entries = known.of(home, runtimeDir, record.repo.key);
    const named = record.hooks.memoryFile ?? paths.memory;
    // A link to the file is kept: what it leads to is rewritten.
    const file = existsSync(named) ? realpathSync(named) : named;
    if (record.hooks.memoryFile !== null) requireInside(record.repo.root, file);
    makePrivateDirectory(path.dirname(file));
    const before = readOrEmpty(file);
    const after = replaceSection(before, redact(renderMemorySection(entries)));
    if (after !== before) replaceFile(file, after, modeOf(file));
    const tasks = redact(activeTasksJson(entries));
    if (tasks !== readOrEmpty(paths.activeTasks)) replaceFile(paths.activeTasks, tasks);
  } finally {
    lock.release();
  }
}

/** A link in the repository must not lead the section into some other file of the user. */
function requireInside(root: string, file: string): void {
  const realRoot = realpathSync(root);
  let place = existsSync(file) ? file : path.dirname(file);
  while (!existsSync(place)) place = path.dirname(place);
  const real = realpathSync(place);
  if (real !== realRoot && !real.startsWith(realRoot + path.sep)) {
    throw refused('memory-outside', `The memory file ${file} leads to ${real}, outside of the repository.`, {
      remedy: 'Change "memory" in the configuration.',
    });
  }
}

/** A file that people keep in their repository stays as readable as it was; ours is private. */
function modeOf(file: string): number {
  return existsSync(file) ? statSync(file).mode & 0o777 : 0o600;
}

function readOrEmpty(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (isUtf8(bytes)) return bytes.toString('utf8');
    throw refused('memory-not-text', `The memory file ${file} is not UTF-8 text, so it is left as it is.`, {
      remedy: 'Convert it, or set "memory" to another file.',
    });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}
