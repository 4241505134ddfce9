import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ConduxtError, messageOf, systemCode, ioError } from '../errors.ts';
import { requireTrustedHome } from '../control/trusted-home.ts';
import { waitForLock } from '../lock/file-lock.ts';
import { readUmask } from '../process/umask.ts';
import type { FirstPrompt, SessionRecord } from '../session/record.ts';
import { sha256 } from '../text/sha256.ts';
import { createFile, makePrivateDirectory, replaceFile, syncDirectory } from './durable-files.ts';
import { NO_REPOSITORY, promptFile, repoPaths, sessionPaths, type RepoPaths, type SessionPaths } from './paths.ts';

/** Between two tries for the lock on a repository's names, which is held for a few writes. */
const LOCK_POLL_MS = 20;

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
    sha256: sha256(text),
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
  const paths = placeSession(home, runtimeDir, record, promptText);
  const nameFile = nameFileOf(home, record);
  if (createFile(nameFile, record.id)) return { type: 'created', paths };
  const holder = readFileSync(nameFile, 'utf8').trim();
  rmSync(paths.dir, { recursive: true, force: true });
  return { type: 'taken', id: holder };
}

/**
 * As `createSession`, under the name that `old` has: at no moment is the name free. The old session, if it is still
 * there, keeps its directory and is listed as `archive/<name>-<id>`. `taken` when the name is no longer `old`'s.
 */
export async function createSessionInPlaceOf(
  home: string,
  runtimeDir: string,
  record: SessionRecord,
  promptText: string | null,
  old: string,
): Promise<CreateResult> {
  const paths = placeSession(home, runtimeDir, record, promptText);
  const repo = repoPaths(home, record.repo?.key ?? NO_REPOSITORY);
  // Whoever makes a new name needs no lock: its link is made or refused. Whoever replaces one has to look first.
  const lock = await waitForLock(path.join(repo.dir, 'names.lock'), { pollMs: LOCK_POLL_MS });
  try {
    const holder = readFileSync(nameFileOf(home, record), 'utf8').trim();
    if (holder === old) {
      archive(repo, record.name, old);
      replaceFile(nameFileOf(home, record), record.id);
      return { type: 'created', paths };
    }
    rmSync(paths.dir, { recursive: true, force: true });
    return { type: 'taken', id: holder };
  } catch (error) {
    rmSync(paths.dir, { recursive: true, force: true });
    throw error;
  } finally {
    lock?.release();
  }
}

const nameFileOf = (home: string, record: SessionRecord): string =>
  path.join(repoPaths(home, record.repo?.key ?? NO_REPOSITORY).names, record.name);

/** The whole session in its place, not yet under a name. */
function placeSession(
  home: string,
  runtimeDir: string,
  record: SessionRecord,
  promptText: string | null,
): SessionPaths {
  requireTrustedHome(home);
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
    // It says by itself what could not be written, and what to do.
    if (error instanceof ConduxtError || systemCode(error) === undefined) throw error;
    throw ioError('state-unwritable', `The session could not be written to ${sessions}: ${messageOf(error)}.`, {
      remedy: 'Check free space and permissions, or set CONDUXT_HOME; nothing was started.',
      cause: error,
    });
  }
  return paths;
}

function archive(repo: RepoPaths, name: string, id: string): void {
  makePrivateDirectory(repo.archive);
  createFile(path.join(repo.archive, `${name}-${id}`), id);
}

function writeSession(directory: string, record: SessionRecord, promptText: string | null): void {
  mkdirSync(directory, { mode: 0o700 });
  chmodSync(directory, 0o700);
  for (const child of ['prompts', 'epochs', 'run']) mkdirSync(path.join(directory, child), { mode: 0o700 });
  if (record.firstPrompt !== null && promptText !== null) {
    replaceFile(promptFile({ prompts: path.join(directory, 'prompts') }, record.firstPrompt.promptId), promptText);
  }
  replaceFile(path.join(directory, 'session.json'), JSON.stringify({ ...record, umask: readUmask() }, null, 2) + '\n');
}

/** Frees the name of a session that is over (`ask`, `rehearse`): it keeps its directory and is listed in the archive. */
export function releaseName(home: string, repoKey: string, name: string, id: string): void {
  const repo = repoPaths(home, repoKey);
  archive(repo, name, id);
  const nameFile = path.join(repo.names, name);
  try {
    if (readFileSync(nameFile, 'utf8').trim() === id) rmSync(nameFile);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  syncDirectory(repo.names);
}
