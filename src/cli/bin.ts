#!/usr/bin/env node
/**
 * The program's first file. It is also read by Nodes that are too old for the rest, so it uses old syntax only, takes
 * nothing by name from a module (a name that an old Node lacks would fail before the first line runs) and loads the
 * command line only when this machine can run it.
 */
import module from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { version as ownVersion } from '../version.ts';

/** The first Node line in which everything we use is there without a warning. */
const OLDEST = [22, 13] as const;

const version = process.versions.node.split('.').map(Number);
const major = version[0] || 0;
const minor = version[1] || 0;

function end(exitCode: number, sentence: string): void {
  process.stderr.write('conduxt: ' + sentence + '\n');
  process.exitCode = exitCode;
}

/**
 * Compiled code is kept for the next start. In the user's own cache directory: Node's default is a known name under the
 * shared temporary directory, where another user could have put compiled code of theirs first.
 */
function keepCompiledCode(): void {
  try {
    const cache = process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
    if (path.isAbsolute(cache)) module.enableCompileCache(path.join(cache, 'conduxt', 'compiled'));
  } catch {
    // No home directory: starting takes a little longer, nothing else.
  }
}

/** Null when `main` has to run it. */
function runHot(argv: readonly string[]): Promise<number | null> {
  const isHot = argv[0] === 'tell' || argv[0] === 'status' || argv[0] === 'ls' || argv[0] === 'cancel';
  return isHot ? import('./hot.ts').then(({ hot }) => hot(argv)) : Promise.resolve(null);
}

if (process.platform === 'win32') {
  end(2, 'Windows is not supported; run conduxt inside WSL.');
} else if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  end(2, 'Node ' + OLDEST.join('.') + ' or newer is needed; this is Node ' + process.versions.node + '.');
} else if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  process.stdout.write(ownVersion + '\n');
} else {
  keepCompiledCode();
  const argv = process.argv.slice(2);
  runHot(argv)
    .then((exitCode) => (exitCode === null ? import('./main.ts').then(({ main }) => main(argv)) : exitCode))
    .then(
      (exitCode) => {
        process.exitCode = exitCode;
      },
      (error: unknown) => end(70, 'Internal error: ' + String(error instanceof Error ? error.stack : error)),
    );
}
