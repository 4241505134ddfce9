import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { requireBubblewrap } from '../../src/process/bubblewrap.ts';
import { scratchDir } from './scratch.ts';

test('a sandbox that is not installed is said to be missing, never left out', async (t) => {
  const dir = await scratchDir(t);
  await assert.rejects(requireBubblewrap({ PATH: dir }, '/'), {
    code: 'sandbox-missing',
    exitCode: 5,
    remedy: /--sandbox none/,
  });
});

test('a sandbox that the kernel forbids is said to be unusable, in its own words', async (t) => {
  const dir = await scratchDir(t);
  await writeFile(path.join(dir, 'bwrap'), '#!/bin/sh\necho "No permissions to create new namespace" >&2\nexit 1\n');
  await chmod(path.join(dir, 'bwrap'), 0o755);
  await assert.rejects(requireBubblewrap({ PATH: dir }, '/'), {
    code: 'sandbox-unusable',
    message: /No permissions to create/,
  });
});
