import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { HEAP_FLAGS } from '../../src/control/start-host.ts';

test("a host's flags leave the code that Node has compiled in store of use to it", () => {
  const tagUnder = (...flags: string[]): string =>
    execFileSync(process.execPath, [...flags, '-p', 'require("node:v8").cachedDataVersionTag()'], { encoding: 'utf8' });
  assert.equal(tagUnder(...HEAP_FLAGS), tagUnder());
  assert.notEqual(tagUnder(...HEAP_FLAGS, '--optimize-for-size'), tagUnder());
});
