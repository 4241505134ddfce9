import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { bootId, identityOf, isAlive, startTimeOf } from '../../src/process/identity.ts';
import { markedPids } from '../../src/process/marker.ts';
import { bystander, cleanEnv, until } from './scratch.ts';

const linux = process.platform === 'linux';

test('a living process has one identity for as long as it lives', () => {
  const identity = identityOf(process.pid);
  assert.deepEqual(identity, { pid: process.pid, startTime: startTimeOf(process.pid), bootId: bootId() });
  assert.deepEqual(identityOf(process.pid), identity);
  assert.equal(identity !== null && isAlive(identity), true);
});

test('a process that ended has no identity, and its record is not alive', async (t) => {
  const child = bystander(t, cleanEnv());
  const identity = identityOf(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(identityOf(child.pid ?? 0), null);
  assert.equal(identity !== null && isAlive(identity), false);
});

test('a record of another boot or another start is not alive', () => {
  const identity = identityOf(process.pid);
  assert.ok(identity !== null);
  assert.equal(isAlive({ ...identity, bootId: 'another' }), false);
  assert.equal(isAlive({ ...identity, startTime: '1' }), false);
});

test('the marker finds exactly the processes of its session', { skip: !linux }, async (t) => {
  const session = `s-${randomUUID()}`;
  const first = bystander(t, { CONDUXT_SESSION: session, ...cleanEnv() });
  const last = bystander(t, { ...cleanEnv(), CONDUXT_SESSION: session });
  bystander(t, cleanEnv({ CONDUXT_SESSION: `${session}-b` }));
  bystander(t, cleanEnv({ NOT_CONDUXT_SESSION: session }));
  await until('both are found', () => markedPids(session).length === 2);
  assert.deepEqual(
    markedPids(session).sort((a, b) => a - b),
    [first.pid, last.pid].sort((a = 0, b = 0) => a - b),
  );
});
