import path from 'node:path';
import { MAX_SOCKET_BYTES } from '../control/reach.ts';
import { sha256 } from '../text/sha256.ts';

/** Where one session keeps its files (README, "Files"). All absolute; directories 0700, files 0600. */
export interface SessionPaths {
  readonly dir: string;
  readonly record: string;
  readonly journal: string;
  readonly transcript: string;
  readonly prompts: string;
  readonly hostLog: string;
  readonly lock: string;
  readonly epochs: string;
  /** Private scratch of the session's runs: test logs, callback files. */
  readonly run: string;
  readonly socket: string;
}

/** @param runtimeDir for sockets where a long path can in no way be reached (`control/reach.ts`: not on Linux) */
export function sessionPaths(
  home: string,
  id: string,
  runtimeDir: string,
  platform: NodeJS.Platform = process.platform,
): SessionPaths {
  const dir = path.join(home, 'sessions', id);
  // Not joined by Node, which takes every part to pieces: `status` does this for a hundred sessions.
  const socket = `${dir}/control.sock`;
  return {
    dir,
    record: `${dir}/session.json`,
    journal: `${dir}/journal.ndjson`,
    transcript: `${dir}/transcript.ndjson`,
    prompts: `${dir}/prompts`,
    hostLog: `${dir}/host.log`,
    lock: `${dir}/host.lock`,
    epochs: `${dir}/epochs`,
    run: `${dir}/run`,
    socket:
      platform === 'linux' || Buffer.byteLength(socket) <= MAX_SOCKET_BYTES
        ? socket
        : path.join(runtimeDir, `${shortHash(dir)}.sock`),
  };
}

const shortHash = (text: string): string => sha256(text).slice(0, 16);

export const promptFile = (paths: Pick<SessionPaths, 'prompts'>, promptId: string): string =>
  path.join(paths.prompts, `${promptId}.txt`);

/** `repos/<key>/`: what the sessions of one repository share. */
export interface RepoPaths {
  readonly dir: string;
  readonly names: string;
  readonly archive: string;
  readonly memory: string;
  readonly activeTasks: string;
  readonly pullRequests: string;
  readonly memoryLock: string;
}

export function repoPaths(home: string, key: string): RepoPaths {
  const dir = path.join(home, 'repos', key);
  return {
    dir,
    names: path.join(dir, 'names'),
    archive: path.join(dir, 'archive'),
    memory: path.join(dir, 'MEMORY.md'),
    activeTasks: path.join(dir, 'active-tasks.json'),
    pullRequests: path.join(dir, 'prs'),
    memoryLock: path.join(dir, 'memory.lock'),
  };
}

/** The folder of sessions that belong to no repository (`ask` elsewhere). */
export const NO_REPOSITORY = 'no-repository';
