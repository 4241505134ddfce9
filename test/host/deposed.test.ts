import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { startTimeOf } from '../../src/process/identity.ts';
import { markedPids } from '../../src/process/marker.ts';
import { Scratch, waitFor } from './scratch.ts';

it('a host that was frozen and replaced by one that could not end it writes nothing when it wakes, ends its agent and leaves', async (t) => {
  const scratch = new Scratch(t);
  const session = scratch.plain({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] }] });
  await session.tell('go');
  await session.untilType('prompt-accepted');
  const host = await session.host();
  process.kill(host, 'SIGSTOP');
  // On this machine the next host ends it first, by its identity. From another one, over a shared directory, it cannot:
  // it takes the next epoch, which is all that the frozen one will find.
  const epoch = session.journal().at(-1)?.epoch ?? 0;
  writeFileSync(path.join(session.paths.epochs, String(epoch + 1).padStart(6, '0')), '');
  const before = readFileSync(session.paths.journal, 'utf8');
  process.kill(host, 'SIGCONT');
  await assert.rejects(session.call({ op: 'cancel', scope: 'turn' }));
  await waitFor(
    scratch.root,
    () => startTimeOf(host) === null,
    20_000,
    () => `the deposed host lives on. Its log:\n${session.hostLog()}`,
  );
  assert.equal(readFileSync(session.paths.journal, 'utf8').slice(0, before.length), before);
  const after = session.journal().filter((record) => record.epoch === epoch);
  assert.equal(after.length, before.trimEnd().split('\n').length, 'it wrote under its old epoch');
  await waitFor(
    scratch.root,
    () => markedPids(session.record.id).length === 0,
    20_000,
    () => 'its agent lives on',
  );
});
