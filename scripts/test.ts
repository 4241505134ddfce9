/**
 * `npm test`: formatting, lint, types, build, then every test; the last line is `N passed, N failed, N skipped`.
 *
 *   npm test                              everything
 *   npm test -- test/queue test/a.test.ts  only these files or folders (and the build)
 *   npm run test:faults                   test/faults in full (every seed, every system call), with its figures
 *   npm run test:faults -- test/faults/resume.test.ts   one of them
 *   npm run test:agents                   installs the real agents it can, then test/agents with its slow tests, and prints
 *                                         a table of agents against cases
 *
 * A check that fails counts as one failed test. Exit code 1 when anything failed.
 */
import { spawn } from 'node:child_process';
import { globSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { runTestFile, type FileResult } from './test-file.ts';

const root = join(import.meta.dirname, '..');
/** A file with tests that hang is ended after this long; the slowest honest one takes 30 s, of agents some minutes, on 2 cores. */
const FILE_TIMEOUT_MS = process.argv.includes('--faults')
  ? 2_500_000
  : process.argv.includes('--agents')
    ? 1_800_000
    : 180_000;
const STAGE_TIMEOUT_MS = 300_000;
/** One more than cores: tests of processes mostly wait. Real agents do not: they compute when they start. */
const CONCURRENCY = availableParallelism() + (process.argv.includes('--agents') ? 0 : 1);

/** What the tests start must not see how the tests were started (npm, an agent, a session of conduxt). */
function cleanEnvironment(): Record<string, string> {
  const dropped = /^(npm_|CONDUXT_|CLAUDECODE$|CLAUDE_CODE_|NODE_OPTIONS$|NODE_TEST_|INIT_CWD$|FORCE_COLOR$|GIT_)/;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !dropped.test(name)) kept[name] = value;
  }
  return { ...kept, NO_COLOR: '1' };
}

const agents = process.argv.includes('--agents');
const faults = process.argv.includes('--faults');
const env = {
  ...cleanEnvironment(),
  // Hundreds of hosts and commands start from the same sources: a quarter of all the work was to compile them.
  NODE_COMPILE_CACHE: join(root, '.test-cache', 'compiled'),
  ...(agents ? { SLOW_TESTS: '1' } : {}),
  ...(faults ? { FAULTS: 'all', FAULT_SEEDS: process.env['FAULT_SEEDS'] ?? '10000' } : {}),
};

/** Runs a check and prints its output only when it fails. */
async function stage(name: string, args: readonly string[]): Promise<boolean> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => printed.push(chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), STAGE_TIMEOUT_MS);
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
    child.once('error', () => resolve(null));
  });
  clearTimeout(timer);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (code !== 0) console.log(Buffer.concat(printed).toString('utf8').trimEnd());
  return code === 0;
}

const bin = (path: string): string => join('node_modules', path);
const checks = {
  format: ['format', [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']],
  lint: ['lint', [bin('eslint/bin/eslint.js'), '.']],
  types: ['types', [bin('typescript/bin/tsc'), '--noEmit']],
  build: ['build', ['scripts/build.ts']],
} as const;

/** Returns how many failed. Lint takes longest, so it has a core of its own. */
async function runChecks(all: boolean): Promise<number> {
  const build = await stage(...checks.build);
  if (!all) return build ? 0 : 1;
  const others = async (): Promise<boolean[]> => [await stage(...checks.types), await stage(...checks.format)];
  const results = await Promise.all([stage(...checks.lint), others()]);
  return [build, ...results.flat()].filter((ok) => !ok).length;
}

function testFiles(paths: readonly string[], agents: boolean): string[] {
  const every = globSync('test/**/*.test.ts', { cwd: root }).sort();
  const isAgentTest = (file: string): boolean => file.startsWith(join('test', 'agents') + '/');
  if (paths.length === 0) return agents ? every.filter(isAgentTest) : every;
  const wanted = paths.map((path) => relative(root, join(process.cwd(), path)));
  return wanted.flatMap((path) => {
    const isFolder = statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() === true;
    const found = isFolder
      ? every.filter((file) => file.startsWith(path + '/'))
      : every.filter((file) => file === path);
    if (found.length === 0) console.log(`note: no test file at ${path}`);
    return found;
  });
}

/** Runs all files, two at a time, and calls `show` as each ends. */
async function runFiles(files: readonly string[], show: (result: FileResult) => void): Promise<void> {
  const stop = new AbortController();
  const interrupted = (signal: NodeJS.Signals): void => {
    stop.abort();
    console.log(`interrupted by ${signal}`);
  };
  // The files lead process groups of their own, which a terminal's Ctrl-C does not reach.
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const waiting = [...files];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined && !stop.signal.aborted; file = waiting.shift()) {
      show(await runTestFile(file, { cwd: root, env, timeoutMs: FILE_TIMEOUT_MS, signal: stop.signal }));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

const SLOWEST = 10;
const totals = { passed: 0, failed: 0, skipped: 0 };
const skipped: string[] = [];
const slow: { readonly name: string; readonly ms: number }[] = [];

function showFile({ file, records, output, problem }: FileResult): void {
  for (const record of records) {
    // Before the counts: a figure is no test.
    if (record.outcome === 'figure') {
      if (faults) console.log(`figure ${file}: ${record.detail}`);
      continue;
    }
    totals[record.outcome] += 1;
    const name = `${file} > ${record.name}`;
    if (record.outcome === 'passed') slow.push({ name, ms: record.ms });
    if (record.outcome === 'skipped') skipped.push(`${name}: ${record.detail}`);
    if (record.outcome === 'failed') console.log(`\nFAILED ${name}\n${record.detail}`);
  }
  if (problem !== null) {
    totals.failed += 1;
    console.log(`\nFAILED ${file}: ${problem}`);
  }
  const failed = problem !== null || records.some((record) => record.outcome === 'failed');
  if (failed && output.trim() !== '') console.log(`--- printed by ${file}:\n${output.trimEnd()}\n---`);
  if (records.length === 0 && problem === null) console.log(`note: ${file} holds no test`);
}

const args = process.argv.slice(2);
const paths = args.filter((arg) => !arg.startsWith('--'));

if (faults && paths.length === 0) paths.push('test/faults');

// A cell is of this run, or of no run.
if (agents && paths.length === 0) rmSync(join(root, '.test-cache', 'agent-matrix'), { recursive: true, force: true });

totals.failed += await runChecks(paths.length === 0 && !agents);
await runFiles(testFiles(paths, agents), showFile);

if (process.platform !== 'linux')
  skipped.push('processes and mounts that a file leaves behind: looked for on Linux only');
if (skipped.length > 0) console.log(`\nskipped:\n${skipped.map((line) => `  ${line}`).join('\n')}`);
if (slow.length > SLOWEST) {
  slow.sort((a, b) => b.ms - a.ms);
  const lines = slow.slice(0, SLOWEST).map(({ name, ms }) => `  ${(ms / 1000).toFixed(1).padStart(5)} s  ${name}`);
  console.log(`\nslowest:\n${lines.join('\n')}`);
}
if (agents) {
  // Only now: it reads the program's sources, which may be what is broken.
  const { printTable } = await import('./agent-table.ts');
  printTable();
}
process.exitCode = totals.failed === 0 ? 0 : 1;
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
