import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { isAlive } from '../../src/process/identity.ts';
import type { ProcessIdentity } from '../../src/session/events.ts';
import { act, type Target } from '../../src/watchdog/act.ts';
import type { Action } from '../../src/watchdog/verdict.ts';
import { Scratch, waitFor, type LiveSession } from '../host/scratch.ts';

const HANGS = { prompts: [{ match: '.', steps: [{ type: 'text', text: 'working' }, { type: 'hang' }] }] } as const;

const hostOf = (session: LiveSession): ProcessIdentity => {
  const { host } = session.view().folded.life;
  assert.ok(host !== null);
  return host.process;
};
const hostsOf = (session: LiveSession): number => session.types().filter((type) => type === 'host-started').length;

/** A session at work whose host is frozen, and what a look that sensed it so would do. */
async function frozen(t: TestContext): Promise<{ session: LiveSession; target: Target; action: Action }> {
  const scratch = new Scratch(t);
  const session = scratch.plain({ prompts: [...HANGS.prompts] });
  await session.tell('work');
  await session.untilType('prompt-accepted');
  const host = hostOf(session);
  process.kill(host.pid, 'SIGSTOP');
  const { socket, hostLog, journal } = session.paths;
  const address = { home: scratch.home, sessionId: session.record.id, socket, hostLog, journal };
  return {
    session,
    target: { record: session.record, address, env: scratch.env },
    action: { type: 'start-host', endFirst: { process: host, stuckIn: null }, why: 'it did not answer' },
  };
}

describe('what a look found silent a while ago', () => {
  it('is left alone when it answers again', async (t) => {
    const { session, target, action } = await frozen(t);
    const host = hostOf(session);
    process.kill(host.pid, 'SIGCONT');
    assert.equal(await act(target, action), 'needless');
    assert.ok(isAlive(host));
    assert.equal(hostsOf(session), 1);
  });

  it('is left alone when somebody has replaced it: its place is no reason to end the next one', async (t) => {
    const { session, target, action } = await frozen(t);
    const first = hostOf(session);
    process.kill(first.pid, 'SIGKILL');
    await waitFor(
      session.paths.dir,
      () => !isAlive(first),
      5000,
      () => 'the first host lives on',
    );
    await session.host();
    assert.equal(await act(target, action), 'needless');
    assert.ok(isAlive(hostOf(session)));
    assert.equal(hostsOf(session), 2);
  });

  it('is ended and replaced when it is silent still', async (t) => {
    const { session, target, action } = await frozen(t);
    const first = hostOf(session);
    assert.deepEqual(await act(target, action), { problem: null });
    assert.ok(!isAlive(first));
    assert.equal(hostsOf(session), 2);
  });

  it('in one turn for too long is left alone when that turn is over, although it answered then, too', async (t) => {
    const { session, target } = await frozen(t);
    const host = hostOf(session);
    process.kill(host.pid, 'SIGCONT');
    const stuckIn = (turnId: string): Action => ({
      type: 'start-host',
      endFirst: { process: host, stuckIn: turnId },
      why: 'its turn is beyond its limit',
    });
    assert.equal(await act(target, stuckIn('an-earlier-turn')), 'needless');
    assert.ok(isAlive(host));
    assert.deepEqual(await act(target, stuckIn(session.view().folded.turns.open?.turnId ?? '')), { problem: null });
    assert.ok(!isAlive(host));
  });
});
