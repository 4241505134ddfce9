/**
 * Bundles src/ into dist/: the program needs no packages when it is installed.
 *
 * - `conduxt.js`          the command: checks the Node it runs on, then loads one of these:
 * - `main.cjs`            the command line; a verb runs only the parts that it needs
 * - `hot.cjs`             the verbs that are typed all day, in one file
 * - `host.cjs`            one file: a host loads all its code at start, and an upgrade cannot pull files from under it
 * - `supervisor.js`      the program in every tmux pane; `terminal-hook.js`: what hooks of agents in terminals run
 * - `match-watcher.js`     tells a session when a command printed something (`exec --on-match`)
 * - `rehearsal-agent.js`, `fault-agent.js`   the bundled agents, one file each
 * - `THIRD-PARTY-LICENSES.txt`               of every package whose code is in one of these
 *
 * Pieces lie flat in dist/, so `new URL('./host.cjs', import.meta.url)` means the same in each of them.
 * Files are replaced one by one and only when they changed: what runs from dist/ meanwhile keeps a whole program.
 */
import { build, type BuildOptions, type Metafile, type OutputFile, type Plugin } from 'esbuild';
import { chmod, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** Its time is when the build began: sources changed since then make the build stale (see bootstrap.sh). Not in dist/, which is packed. */
const stamp = join(root, '.test-cache', 'built');

interface Entry {
  readonly name: string;
  readonly source: string;
  readonly options?: BuildOptions;
}

/**
 * An ES module that imports `node:fs` has Node load all that hangs on it, streams and promises, and look at every name
 * that it exports: a sixth of what `status` takes, a tenth of a host's start.
 */
const AS_COMMONJS: BuildOptions = {
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  define: { 'import.meta.url': '__fileUrl', 'import.meta.dirname': '__dirname' },
  banner: { js: "const __fileUrl=require('node:url').pathToFileURL(__filename).href;" },
};

/**
 * Modules of Node's that a short command, and a host in its first seconds, may not need: each is loaded with the first use
 * of one of its names. esbuild asks for them where the file begins that imports them.
 */
const LATER = ['node:crypto', 'node:fs/promises', 'node:child_process', 'node:net', 'node:timers/promises', 'node:v8'];
const LATER_BANNER =
  '"use strict";const __later=(name)=>{let loaded;return new Proxy({},{get:(_,key)=>(loaded??=require(name))[key]})};';
function withLater(code: string): string {
  const changed = code.replaceAll(/=require\("([\w:/]+)"\)/g, (all, name: string) =>
    LATER.includes(name) ? `=__later("${name}")` : all,
  );
  return changed === code ? code : LATER_BANNER + changed;
}

/** The command line stays in files of its own, loaded only on a Node that can read them. */
const commandLineStaysOutside: Plugin = {
  name: 'command-line-stays-outside',
  setup(b) {
    b.onResolve({ filter: /^\.\/(?:main|hot)\.ts$/ }, ({ path }) => ({
      path: path.replace(/\.ts$/, '.cjs'),
      namespace: 'required',
    }));
    b.onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({
      contents:
        "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);" +
        `export const { main, hot, processIo } = require('${path}');`,
    }));
  },
};

/** What is loaded later is not in `hot`: who asks for it there is sent to `main` (see `src/cli/hot.ts`). */
const nothingLater: Plugin = {
  name: 'nothing-later',
  setup(b) {
    b.onResolve({ filter: /^\./ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, namespace: 'later' } : undefined,
    );
    b.onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({
      contents: `throw Object.assign(new Error('${path} is not in hot'), { code: 'NOT_IN_HOT' });`,
    }));
  },
};

/** Packages in CommonJS call `require` for Node's own modules, which an ES module lacks. */
const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

const ENTRIES: readonly Entry[] = [
  {
    name: 'conduxt',
    source: 'src/cli/bin.ts',
    options: { target: 'node14', plugins: [commandLineStaysOutside], banner: {} },
  },
  { name: 'main', source: 'src/cli/main.ts', options: AS_COMMONJS },
  {
    name: 'hot',
    source: 'src/cli/hot.ts',
    options: { ...AS_COMMONJS, banner: {}, plugins: [nothingLater], supported: { 'dynamic-import': false } },
  },
  { name: 'host', source: 'src/host/main.ts', options: AS_COMMONJS },
  { name: 'supervisor', source: 'src/tmux/supervisor.ts' },
  { name: 'terminal-hook', source: 'src/backend/terminal/hook-program.ts' },
  { name: 'match-watcher', source: 'src/placement/match-watcher.ts' },
  { name: 'scripted-tui', source: 'src/rehearsal/scripted-tui.ts' },
  { name: 'rehearsal-agent', source: 'src/rehearsal/rehearsal-agent.ts' },
  { name: 'fault-agent', source: 'src/rehearsal/fault-agent.ts' },
];

async function bundle(entry: Entry): Promise<{ files: OutputFile[]; metafile: Metafile }> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: { [entry.name]: entry.source },
    outdir: 'dist',
    chunkNames: '[name]-[hash]',
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    // Names stay: a stack trace in a bug report must be readable.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'eof',
    charset: 'ascii',
    banner: { js: REQUIRE_BANNER },
    logLevel: 'warning',
    ...entry.options,
    metafile: true,
    write: false,
  });
  return { files: result.outputFiles, metafile: result.metafile };
}

/**
 * One character outside of Latin-1 makes V8 keep a whole file in two bytes each: 1.2 MB more in every host. esbuild
 * escapes what stands in strings; the escape means the same in a regular expression.
 */
const inAscii = (code: string): string =>
  code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The directory of the package a bundled file came from, relative to the repository; null for our own files. */
function packageOf(input: string): string | null {
  const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
  return found?.[1] ?? null;
}

async function licenceText(directory: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(root, directory, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const names = (await readdir(join(root, directory))).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name));
  const texts = await Promise.all(names.sort().map((name) => readFile(join(root, directory, name), 'utf8')));
  const body =
    texts.length > 0 ? texts.map((text) => text.trim()).join('\n\n') : '(the package carries no licence text)';
  return `${manifest.name} ${manifest.version} (${manifest.license ?? 'licence not stated'})\n\n${body}\n`;
}

async function licences(metafiles: readonly Metafile[]): Promise<string> {
  // What was read but left out of every output needs no licence.
  const used = metafiles.flatMap((meta) =>
    Object.values(meta.outputs).flatMap((output) => Object.entries(output.inputs)),
  );
  const inputs = used.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([input]) => packageOf(input));
  const packages = [...new Set(inputs.filter((directory) => directory !== null))].sort();
  const texts = await Promise.all(packages.map(licenceText));
  return ['conduxt contains code of these packages.\n', ...texts].join(`\n${'-'.repeat(78)}\n\n`);
}

/** Replaces a file in one step, and leaves it alone when nothing changed. */
async function put(name: string, content: Uint8Array): Promise<void> {
  const path = join(dist, name);
  const old = await readFile(path).catch(() => null);
  if (old === null || !old.equals(content)) {
    const temporary = join(dist, `.${name}.${process.pid}`);
    await writeFile(temporary, content);
    await rename(temporary, path);
  }
  await chmod(path, name === 'conduxt.js' ? 0o755 : 0o644);
}

const startedAt = new Date();
const present = ENTRIES.filter((entry) => existsSync(join(root, entry.source)));
for (const entry of ENTRIES)
  if (!present.includes(entry)) console.error(`build: ${entry.source} is not there; skipped`);

// A bundle that fails (esbuild has printed why) leaves its old file; the others are written all the same.
const results = await Promise.allSettled(present.map(bundle));
const bundles = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
const complete = bundles.length === results.length;
const outputs = new Map(
  bundles.flatMap(({ files }) =>
    files.map((file) => [basename(file.path), Buffer.from(inAscii(withLater(file.text)))]),
  ),
);
outputs.set('THIRD-PARTY-LICENSES.txt', Buffer.from(await licences(bundles.map(({ metafile }) => metafile))));

await mkdir(dist, { recursive: true });
for (const [name, content] of outputs) await put(name, content);
if (complete) {
  for (const name of await readdir(dist)) {
    if (!outputs.has(name)) await rm(join(dist, name), { recursive: true, force: true });
  }
  await mkdir(dirname(stamp), { recursive: true });
  await writeFile(stamp, '');
  await utimes(stamp, startedAt, startedAt);
} else {
  process.exitCode = 1;
}
