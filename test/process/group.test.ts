import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { endRecorded, endTree, startGroup, type GroupLeader } from '../../src/process/group.ts';
import { identityOf, isAlive } from '../../src/process/identity.ts';
import { groupMembers } from '../../src/process/members.ts';
import { bystander, cleanEnv, pidIn, program, runs, scratchDir, until } from './scratch.ts';

const linux = process.platform === 'linux';
const patience = { patienceMs: 0, termPatienceMs: 200 };

/** Writes its pid to the file named by its first argument; ignores TERM. */
const stubborn = `
  process.on('SIGTERM', () => {});
  const fs = require('node:fs');
  fs.writeFileSync(process.argv[2] + '.tmp', String(process.pid));
  fs.renameSync(process.argv[2] + '.tmp', process.argv[2]);
  setTimeout(() => {}, 60_000);`;

async function start(t: TestContext, text: string, args: readonly string[], session?: string): Promise<GroupLeader> {
  const dir = await scratchDir(t);
  const file = await program(dir, 'leader.cjs', text);
  const env = cleanEnv(session === undefined ? {} : { CONDUXT_SESSION: session });
  const leader = await startGroup(process.execPath, [file, ...args], { cwd: dir, env });
  t.after(() => leader.child.kill('SIGKILL'));
  return leader;
}

test('a program that does not exist rejects with the system code', async () => {
  await assert.rejects(startGroup('/nonexistent/agent', [], { cwd: '/', env: {} }), { code: 'ENOENT' });
});

test('a leader that leaves by itself within the patience is never signalled', async (t) => {
  const leader = await start(
    t,
    `process.on('SIGTERM', () => process.exit(99)); process.stdin.on('end', () => process.exit(7)).resume();`,
    [],
  );
  leader.child.stdin?.end();
  assert.deepEqual(await endTree(leader.identity, { sessionId: null, patienceMs: 10_000, termPatienceMs: 0 }), []);
  assert.deepEqual(await leader.exited, { exitCode: 7, signal: null });
});

test('a grandchild that ignores TERM is gone afterwards', { skip: !linux }, async (t) => {
  const dir = await scratchDir(t);
  const child = await program(dir, 'stubborn.cjs', stubborn);
  const pidFile = join(dir, 'pid');
  const leader = await start(
    t,
    `require('node:child_process').spawn(process.execPath, process.argv.slice(2)); setTimeout(() => {}, 60_000);`,
    [child, pidFile],
  );
  const pid = await pidIn(pidFile);
  assert.deepEqual(await endTree(leader.identity, { sessionId: null, ...patience }), []);
  assert.equal(runs(pid), false);
  assert.equal((await leader.exited).signal, 'SIGTERM');
});

test('what a wrapper leaves running when it is over is ended with its group', { skip: !linux }, async (t) => {
  const dir = await scratchDir(t);
  const child = await program(dir, 'stubborn.cjs', stubborn);
  const pidFile = join(dir, 'pid');
  // The wrapper is over at once, what it wraps lives on in its group.
  const leader = await start(
    t,
    `require('node:child_process').spawn(process.execPath, process.argv.slice(2), { stdio: 'ignore' }).unref();`,
    [child, pidFile],
  );
  const pid = await pidIn(pidFile);
  await leader.exited;
  assert.equal(runs(pid), true);
  assert.deepEqual(await endTree(leader.identity, { sessionId: null, ...patience }), []);
  assert.equal(runs(pid), false);
});

test('a leader that was over before anyone looked still has an identity', { skip: !linux }, async () => {
  const leader = await startGroup('/bin/true', [], { cwd: '/', env: {} });
  await leader.exited;
  assert.equal(leader.identity.pid, leader.child.pid);
  assert.match(leader.identity.startTime, /^\d+$/);
  assert.equal(isAlive(leader.identity), false);
});

test('a child that left the group with setsid is found by the marker', { skip: !linux }, async (t) => {
  const dir = await scratchDir(t);
  const child = await program(dir, 'stubborn.cjs', stubborn);
  const pidFile = join(dir, 'pid');
  const session = `s-${randomUUID()}`;
  const leader = await start(
    t,
    `require('node:child_process').spawn(process.execPath, process.argv.slice(2), { detached: true, stdio: 'ignore' });
     setTimeout(() => {}, 60_000);`,
    [child, pidFile],
    session,
  );
  const pid = await pidIn(pidFile);
  assert.deepEqual(groupMembers(leader.identity), [leader.identity.pid]);
  assert.deepEqual(await endTree(leader.identity, { sessionId: session, ...patience }), []);
  // What exits gives its environment back first, by which it is known, and becomes a zombie a moment later.
  await until('the end of the marked process', () => !runs(pid));
});

test('other sessions and unmarked processes are left alone', { skip: !linux }, async (t) => {
  const session = `s-${randomUUID()}`;
  const other = bystander(t, cleanEnv({ CONDUXT_SESSION: `${session}x` }));
  const unmarked = bystander(t, cleanEnv());
  const leader = await start(t, `setTimeout(() => {}, 60_000);`, [], session);
  await endTree(leader.identity, { sessionId: session, ...patience });
  assert.equal(runs(other.pid ?? 0), true);
  assert.equal(runs(unmarked.pid ?? 0), true);
});

test('a recorded process is ended while it is still that very process', { skip: !linux }, async (t) => {
  const child = bystander(t, cleanEnv());
  const identity = identityOf(child.pid ?? 0);
  assert.deepEqual(await endRecorded(identity, { sessionId: null, ...patience }), []);
  assert.equal(child.signalCode ?? (await once(child, 'exit'))[1], 'SIGTERM');
});

test('a number that belongs to another process by now is never signalled', { skip: !linux }, async (t) => {
  const child = bystander(t, cleanEnv());
  const identity = identityOf(child.pid ?? 0);
  assert.ok(identity !== null);
  const earlier = { ...identity, startTime: String(Number(identity.startTime) - 1) };
  const otherBoot = { ...identity, bootId: 'another' };
  for (const recorded of [earlier, otherBoot]) {
    assert.deepEqual(await endRecorded(recorded, { sessionId: null, ...patience }), []);
    assert.deepEqual(await endTree(recorded, { sessionId: null, ...patience }), []);
  }
  assert.deepEqual(await endTree({ ...identity, pid: 1 }, { sessionId: null, ...patience }), []);
  assert.equal(runs(identity.pid), true);
});

test('a session without any process ends at once', { skip: !linux }, async () => {
  const before = performance.now();
  assert.deepEqual(await endRecorded(null, { sessionId: 's-none', patienceMs: 5_000, termPatienceMs: 5_000 }), []);
  assert.ok(performance.now() - before < 2_000);
});

test('a zombie that nobody reaps does not count as alive', { skip: !linux }, async (t) => {
  const dir = await scratchDir(t);
  const pidFile = join(dir, 'pid');
  // The shell starts a background child, becomes a program that never waits, and so never reaps it.
  const leader = await startGroup(
    '/bin/sh',
    ['-c', `/bin/sh -c 'echo $$ > "$0"' "${pidFile}" & exec ${process.execPath} -e 'setTimeout(() => {}, 60_000)'`],
    { cwd: dir, env: cleanEnv() },
  );
  t.after(() => leader.child.kill('SIGKILL'));
  const pid = await pidIn(pidFile);
  await until('the child is a zombie or reaped', () => !runs(pid));
  await until('the leader has become the program', () => !groupMembers(leader.identity).includes(pid));
  assert.deepEqual(groupMembers(leader.identity), [leader.identity.pid]);
  assert.deepEqual(await endTree(leader.identity, { sessionId: null, ...patience }), []);
});
