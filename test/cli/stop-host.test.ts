import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isAlive } from '../../src/process/identity.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import { Machine } from '../e2e/scratch.ts';

it('stop ends when its host is gone, so that the name is free at once', async (t) => {
  const machine = new Machine(t);
  machine.agent({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] });
  await machine.ok('start', 'helper', '--no-wait');
  const { host } = foldSession(machine.journal('helper')).life;
  assert.ok(host !== null);
  await machine.ok('stop', 'helper');
  assert.equal(isAlive(host.process), false, 'it lives on');
  await machine.ok('start', 'helper', '--no-wait');
  await machine.ok('stop', 'helper');
});
