import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { changedSince } from '../../src/verify/uncarried.ts';

/** Writes the files until the clock of the file system has moved on, so that `sinceMs` lies before or after them. */
function place(t: TestContext): { root: string; write: (...paths: string[]) => number } {
  const root = mkdtempSync(join(tmpdir(), 'conduxt-uncarried-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const write = (...paths: string[]): number => {
    const last = join(root, 'clock');
    for (const path of paths) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), 'x');
    }
    writeFileSync(last, '');
    const written = statSync(last).ctimeMs;
    while (statSync(last).ctimeMs <= written) writeFileSync(last, '');
    return written;
  };
  return { root, write };
}

describe('what changed since the set-up', () => {
  it('is named, also when its times were set back, and what is as it was is not', async (t) => {
    const { root, write } = place(t);
    const since = write('node_modules/a/index.js', 'node_modules/b/index.js', '.env');
    assert.deepEqual(await changedSince(root, ['node_modules/', '.env'], since, 9), []);
    write('node_modules/b/index.js');
    utimesSync(join(root, 'node_modules/b/index.js'), 0, 0);
    assert.deepEqual(await changedSince(root, ['node_modules/', '.env'], since, 9), ['node_modules/b/index.js']);
    write('.env', 'dist/a.js', 'dist/b.js');
    assert.equal((await changedSince(root, ['node_modules/', '.env', 'dist/'], since, 3)).length, 3);
    assert.deepEqual(await changedSince(root, ['gone', 'gone/'], since, 3), []);
  });

  it('leaves out what tools keep for themselves', async (t) => {
    const { root, write } = place(t);
    const caches = [
      'pkg/__pycache__/a.pyc',
      '.pytest_cache/v/x',
      'node_modules/.cache/x',
      'node_modules/.vite/results.json',
      'coverage/index.html',
      'rust/target/debug/a.o',
      'npm-debug.log',
      'a.tsbuildinfo',
    ];
    write(...caches, 'rust/Cargo.toml', 'target/a.o', 'node_modules/.bin/x', 'build/x.js');
    const roots = ['pkg/', '.pytest_cache/', 'coverage/', 'rust/target/', 'npm-debug.log', 'a.tsbuildinfo'];
    assert.deepEqual(await changedSince(root, roots, 0, 9), []);
    const found = await changedSince(root, ['node_modules/', 'target/', 'build/'], 0, 9);
    assert.deepEqual(found.toSorted(), ['build/x.js', 'node_modules/.bin/x', 'target/a.o']);
  });

  it('follows no link, and enters no repository', async (t) => {
    const { root, write } = place(t);
    write('elsewhere/a', 'nested/.git/index');
    const since = write();
    symlinkSync(join(root, 'elsewhere'), join(root, 'link'));
    write('elsewhere/a', 'nested/.git/index');
    assert.deepEqual(await changedSince(root, ['link', 'nested/'], since, 9), ['link']);
  });
});
