import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { AgentSession, Backend, TurnEnd } from '../../src/backend/backend.ts';
import { AgentSeat } from '../../src/host/agent-seat.ts';
import type { HostContext } from '../../src/host/context.ts';
import { followTurn } from '../../src/host/hand-prompt.ts';
import { queuePrompt } from '../../src/host/prompt-book.ts';
import { newPromptId, newTurnId } from '../../src/session/ids.ts';
import { nextHost, realContext } from './real-context.ts';

const never = new AbortController().signal;

/** An agent in the middle of a turn that ends when it is told to, and never by itself. */
function busyAgent(): Backend {
  const { promise: ended, resolve } = Promise.withResolvers<TurnEnd>();
  const session: AgentSession = {
    nativeId: 'one',
    continuity: 'new',
    agentVersion: null,
    process: { pid: 1, startTime: '1', bootId: '1' },
    capabilities: { resume: 'none', nativeId: 'same', steer: false, permissions: false, usage: false },
    prompt: () => assert.fail('it has its prompt'),
    steer: () => Promise.resolve('not-supported'),
    cancel: async () => resolve({ verdict: 'cancelled', stopReason: 'cancelled', messages: [], toolCalls: 0 }),
    follow: () => ended,
    close: () => assert.fail('it was courteous'),
    isGone: false,
    exited: new Promise(() => {}),
  };
  return { name: 'tmux', open: () => assert.fail('it lives'), adopt: () => Promise.resolve(session) };
}

/** A host that has just met the agent of the one before it, in the middle of a turn. */
async function met(t: TestContext, before: (context: HostContext) => Promise<unknown> = async () => {}) {
  const first = await realContext(t);
  const prompt = { promptId: newPromptId(), key: 'key', text: 'Look.', kind: 'user', urgent: false } as const;
  await queuePrompt(first, prompt);
  await first.log.append({ type: 'prompt-handed', promptId: prompt.promptId, turnId: newTurnId(), nonce: 'nonce' });
  await before(first);
  const context = await nextHost(t, first);
  const { limits } = context.record;
  const patience = { closePatienceMs: 100, termPatienceMs: 100, preferredOptionIds: [] };
  const spec = { ...limits, ...patience, sessionId: context.record.id, cwd: '/', command: '', args: [], env: {} };
  const answers = { permission: () => assert.fail(), dialog: () => assert.fail() };
  const seat = new AgentSeat(context, busyAgent(), spec, answers);
  await seat.sweep();
  const { open } = context.log.folded.turns;
  assert.ok(open !== null && seat.current !== null);
  return { context, seat, open };
}

const verdict = ({ log }: HostContext): string | undefined => log.folded.turns.last?.end.verdict;

describe('a turn that a host takes over from the one before it', { timeout: 20_000 }, () => {
  it('is ended when that was asked for before the host had met its agent, and is still being written down', async (t) => {
    const { context, seat, open } = await met(t);
    const written = context.log.append({ type: 'cancel-requested', turnId: open.turnId });
    assert.equal(open.cancelRequested, false);
    assert.equal(await followTurn(context, seat, open, never), true);
    await written;
    assert.equal(verdict(context), 'cancelled');
  });

  it('is ended when its session was stopped, also when the host before died of it', async (t) => {
    const { context, seat, open } = await met(t, ({ log }) => log.append({ type: 'session-stopped' }));
    assert.equal(await followTurn(context, seat, open, never), true);
    assert.equal(verdict(context), 'cancelled');
  });
});
