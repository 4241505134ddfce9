#!/usr/bin/env node
/**
 * The program's first file. It is also read by Nodes that are too old for the rest, so it uses old syntax only and loads
 * the command line only when this machine can run it. Node's modules are asked for where they are needed: an import
 * would fail on an old Node before the first line runs, and has Node load all that hangs on the module.
 */
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
  const module = process.getBuiltinModule('node:module');
  const fs = process.getBuiltinModule('node:fs');
  const os = process.getBuiltinModule('node:os');
  const path = process.getBuiltinModule('node:path');
  try {
    const cache = process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
    if (!path.isAbsolute(cache)) return;
    // Whoever else could write there could have us run code of theirs.
    fs.mkdirSync(path.join(cache, 'conduxt'), { recursive: true, mode: 0o700 });
    module.enableCompileCache(path.join(cache, 'conduxt', 'compiled'));
  } catch {
    // No home directory: starting takes a little longer, nothing else.
  }
}

/** Resolves with the exit code. The verbs that are typed all day are tried in a file of their own first. */
function runVerb(argv: readonly string[]): Promise<number> {
  const isHot = argv[0] === 'tell' || argv[0] === 'status' || argv[0] === 'ls' || argv[0] === 'cancel';
  if (!isHot) return import('./main.ts').then(({ main }) => main(argv));
  return import('./hot.ts').then(({ hot, processIo }) => {
    const io = processIo();
    return hot(argv, io).then((code) =>
      code === null ? import('./main.ts').then(({ main }) => main(argv, io)) : code,
    );
  });
}

if (process.platform === 'win32') {
  end(2, 'Windows is not supported; run conduxt inside WSL.');
} else if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  end(2, 'Node ' + OLDEST.join('.') + ' or newer is needed; this is Node ' + process.versions.node + '.');
} else if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  // Node's own stream for it takes a tenth of the time.
  process.getBuiltinModule('node:fs').writeSync(1, ownVersion + '\n');
} else {
  keepCompiledCode();
  const argv = process.argv.slice(2);
  runVerb(argv).then(
    (exitCode) => {
      process.exitCode = exitCode;
    },
    (error: unknown) => end(70, 'Internal error: ' + String(error instanceof Error ? error.stack : error)),
  );
}
