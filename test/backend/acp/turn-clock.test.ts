import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turn } from '../../../src/backend/acp/turn.ts';
import type { Clock } from '../../../src/clock.ts';

/** Time that passes only when it is told to. */
class ManualClock implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly fn: () => void }[] = [];
  now = (): number => this.#now;
  monotonic = (): number => this.#now;
  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + ms, fn };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }
  get pending(): number {
    return this.#timers.length;
  }
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = next.at;
      this.#timers = this.#timers.filter((other) => other !== next);
      next.fn();
    }
    this.#now = end;
  }
}

const limits = { firstSignTimeoutMs: 1000, turnTimeoutMs: 10_000, silenceWarnMs: 300 };

function startTurn(): { clock: ManualClock; turn: Turn; told: string[]; wait: (waiting: boolean) => void } {
  const clock = new ManualClock();
  const told: string[] = [];
  let waiting = false;
  const turn = new Turn(
    'a',
    limits,
    {
      expired: (intent) => told.push(`${clock.now()} ${intent}`),
      notice: (notice) => {
        if (notice.type === 'silent') told.push(`${clock.now()} silent ${notice.forMs} ${notice.toolPending}`);
      },
      isWaitingForUs: () => waiting,
    },
    clock,
  );
  return { clock, turn, told, wait: (value) => (waiting = value) };
}
const message = { type: 'message', text: 'x', messageId: null } as const;
const tool = (status: string) => ({ type: 'tool', toolCallId: 't', title: null, kind: null, status }) as const;

test('silence is told again and again, with what is pending, and counted from the last sign', () => {
  const { clock, turn, told } = startTurn();
  turn.sent();
  clock.pass(200);
  turn.see(tool('in_progress'));
  clock.pass(900);
  turn.see(tool('completed'));
  clock.pass(400);
  assert.deepEqual(told, [
    '500 silent 300 true',
    '800 silent 600 true',
    '1100 silent 900 true',
    '1400 silent 300 false',
  ]);
});

test('while the agent waits for an answer of ours it is not silent', () => {
  const { clock, turn, told, wait } = startTurn();
  turn.sent();
  turn.see(message);
  wait(true);
  clock.pass(2000);
  assert.deepEqual(told, []);
  wait(false);
  clock.pass(300);
  assert.equal(told.length, 1);
});

test('the first sign has its own limit, which the first sign of life lifts', () => {
  const dead = startTurn();
  dead.turn.sent();
  dead.clock.pass(1500);
  assert.ok(dead.told.includes('1000 no-first-sign'));

  const alive = startTurn();
  alive.turn.sent();
  alive.clock.pass(999);
  assert.equal(alive.turn.see({ type: 'other', kind: 'available_commands_update' }), false);
  assert.equal(alive.turn.see(message), true);
  assert.equal(alive.turn.see(message), false);
  alive.clock.pass(9100);
  assert.deepEqual(
    alive.told.filter((what) => !what.includes('silent')),
    ['10000 turn-timeout'],
  );
});

test('once the turn is to end only the cancel limit counts, and after the end none', async () => {
  const { clock, turn, told } = startTurn();
  turn.sent();
  let cancelExpired = 0;
  turn.intend('cancel', 500, () => (cancelExpired += 1));
  turn.intend('turn-timeout', 1, () => assert.fail('the first intent counts'));
  clock.pass(60_000);
  assert.deepEqual([told, cancelExpired, turn.intent], [[], 1, 'cancel']);
  turn.settle({ type: 'lost', why: 'ended' });
  turn.settle({ type: 'result', result: { stopReason: 'end_turn' } });
  assert.deepEqual([(await turn.end).verdict, (await turn.end).failure], ['cancelled', 'cancel-timeout']);
  assert.equal(clock.pending, 0);

  const ended = startTurn();
  ended.turn.sent();
  ended.turn.settle({ type: 'result', result: { stopReason: 'end_turn' } });
  assert.equal(ended.clock.pending, 0);
});

test('a prompt that never left has failed, not vanished', async () => {
  const { turn, clock } = startTurn();
  turn.settle({ type: 'lost', why: 'the agent exited with code 1' });
  const end = await turn.end;
  assert.deepEqual([end.verdict, end.failure, end.detail], ['failed', 'agent-exited', 'the agent exited with code 1']);
  assert.equal(clock.pending, 0);
});
