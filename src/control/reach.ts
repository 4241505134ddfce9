import { closeSync, constants, openSync } from 'node:fs';
import path from 'node:path';

/** Longer socket paths are cut off or refused by the system: 104 bytes on macOS, 108 on Linux (measured). */
export const MAX_SOCKET_BYTES = 100;

/** What to hand to `listen` or `connect` for a socket, as long as it is not released. */
export interface Reach {
  readonly address: string;
  /** Safe to call twice. */
  release(): void;
}

/**
 * A short way to a socket whose own path is longer than the system takes: through the open descriptor of its directory.
 * It lies in the session then, wherever that is. A runtime directory would depend on the environment: a shell, cron and
 * a timer of one user differ in it, it is not there before the first login, and in `/tmp` others can take its name.
 * @throws the system's error (ENOENT, ENOTDIR) where the directory is not there.
 */
export function reach(socketPath: string): Reach {
  if (process.platform !== 'linux' || Buffer.byteLength(socketPath) <= MAX_SOCKET_BYTES) {
    return { address: socketPath, release: () => {} };
  }
  const fd = openSync(path.dirname(socketPath), constants.O_RDONLY | constants.O_DIRECTORY);
  let isOpen = true;
  return {
    address: `/proc/self/fd/${fd}/${path.basename(socketPath)}`,
    release() {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}
