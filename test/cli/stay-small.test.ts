import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

const MODULE = path.resolve(import.meta.dirname, '../../src/cli/stay-small.ts');

test('a command that stays small has nothing compiled for speed', () => {
  const program =
    'function sum(n) { let all = 0; for (let at = 0; at < n; at += 1) all += at % 7; return all; }' +
    'for (let round = 0; round < 2_000; round += 1) sum(1_000);' +
    'const isCompiled = (%GetOptimizationStatus(sum) & ((1 << 5) | (1 << 6))) !== 0;' +
    'console.log(isCompiled);';
  const run = (before: string): string =>
    execFileSync(
      process.execPath,
      [
        '--allow-natives-syntax',
        // Compiled where it is asked for, so that a busy machine makes no difference.
        '--single-threaded',
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '-e',
        before + program,
      ],
      { encoding: 'utf8' },
    ).trim();
  assert.equal(run(''), 'true');
  assert.equal(run(`const { staySmall } = await import(${JSON.stringify(MODULE)}); staySmall();`), 'false');
});
