import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { openFiles } from '../../src/process/open-files.ts';

describe('the open files of a process', () => {
  it('are told by their paths, and none of one that is not there', (t) => {
    if (process.platform !== 'linux') return t.skip('there is no /proc here');
    const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-open-')));
    t.after(() => rmSync(dir, { recursive: true }));
    const file = path.join(dir, 'a file');
    const descriptor = openSync(file, 'w');
    assert.ok(openFiles(process.pid).includes(file));
    closeSync(descriptor);
    assert.ok(!openFiles(process.pid).includes(file));
    assert.deepEqual(openFiles(2 ** 22 + 1), []);
  });
});
