import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { messageOf, systemCode, ioError } from '../errors.ts';
import type { FirstPrompt, SessionRecord } from '../session/record.ts';
import { createFile, makePrivateDirectory, replaceFile, syncDirectory } from './durable-files.ts';
import { NO_REPOSITORY, promptFile, repoPaths, sessionPaths, type SessionPaths } from './paths.ts';

export type CreateResult =
  | { readonly type: 'created'; readonly paths: SessionPaths }
  /** The name belongs to another session of the repository. */
  | { readonly type: 'taken'; readonly id: string };

/** Describes the text a session begins with; the text itself is given to `createSession`. */
export function describePrompt(promptId: string, kind: FirstPrompt['kind'], text: string): FirstPrompt {
  return {
    promptId,
    kind,
    bytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

/**
 * Makes a session durable under its name. The directory is complete and synced before it gets its place, and it has
 * its place before it gets its name: after a crash at any moment there is the whole session or none that anybody sees.
 * When this returns `created` the first prompt is on stable storage.
 */
export function createSession(
  home: string,
  runtimeDir: string,
  record: SessionRecord,
  promptText: string | null,
): CreateResult {
  const paths = sessionPaths(home, record.id, runtimeDir);
  const names = repoPaths(home, record.repo?.key ?? NO_REPOSITORY).names;
  const sessions = path.dirname(paths.dir);
  makePrivateDirectory(sessions);
  makePrivateDirectory(names);
  const building = path.join(sessions, `.new-${record.id}`);
  try {
    writeSession(building, record, promptText);
    renameSync(building, paths.dir);
    syncDirectory(sessions);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    if (systemCode(error) === undefined) throw error;
    throw ioError('state-unwritable', `The session could not be written to ${sessions}: ${messageOf(error)}.`, {
      remedy: 'Check free space and permissions, or set CONDUXT_HOME; nothing was started.',
      cause: error,
    });
  }
  const nameFile = path.join(names, record.name);
  if (createFile(nameFile, record.id)) return { type: 'created', paths };
  const holder = readFileSync(nameFile, 'utf8').trim();
  rmSync(paths.dir, { recursive: true, force: true });
  return { type: 'taken', id: holder };
}

function writeSession(directory: string, record: SessionRecord, promptText: string | null): void {
  mkdirSync(directory, { mode: 0o700 });
  chmodSync(directory, 0o700);
  for (const child of ['prompts', 'epochs', 'run']) mkdirSync(path.join(directory, child), { mode: 0o700 });
  if (record.firstPrompt !== null && promptText !== null) {
    replaceFile(promptFile({ prompts: path.join(directory, 'prompts') }, record.firstPrompt.promptId), promptText);
  }
  replaceFile(path.join(directory, 'session.json'), JSON.stringify(record, null, 2) + '\n');
}

/**
 * Gives the name of a finished session to a new one (`retry`): the old session keeps its directory and is listed
 * under `archive/<name>-<id>`.
 */
export function releaseName(home: string, repoKey: string, name: string, id: string): void {
  const paths = repoPaths(home, repoKey);
  makePrivateDirectory(paths.archive);
  createFile(path.join(paths.archive, `${name}-${id}`), id);
  const nameFile = path.join(paths.names, name);
  try {
    if (readFileSync(nameFile, 'utf8').trim() === id) rmSync(nameFile);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  syncDirectory(paths.names);
}
