import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { takeSlot, type Slot } from '../../src/host/slots.ts';

const root = mkdtempSync(path.join(tmpdir(), 'conduxt-slots-'));
after(() => rmSync(root, { recursive: true, force: true }));
let pools = 0;
const newPool = (): string => path.join(root, `pool-${(pools += 1)}`);

interface Asked {
  readonly slot: Promise<Slot | null>;
  readonly waited: Promise<string>;
  readonly stop: AbortController;
}
function ask(pool: string, ticket: string, agent = 'claude', limits = { perUser: 1, perAgent: 1 }): Asked {
  const stop = new AbortController();
  let told: (scope: string) => void = () => {};
  const waited = new Promise<string>((resolve) => (told = resolve));
  const slot = takeSlot(pool, agent, limits, { ticket, signal: stop.signal, onWait: async (scope) => told(scope) });
  return { slot, waited, stop };
}

describe('slots', () => {
  it('are taken at once while the pool has room', async () => {
    const pool = newPool();
    const limits = { perUser: 2, perAgent: 2 };
    const [a, b] = await Promise.all([
      ask(pool, 's-1', 'claude', limits).slot,
      ask(pool, 's-2', 'claude', limits).slot,
    ]);
    assert.ok(a !== null && b !== null);
    a.release();
    b.release();
  });

  it('make a task wait, say so, and start it when one is freed', async () => {
    const pool = newPool();
    const first = await ask(pool, 's-1').slot;
    const second = ask(pool, 's-2');
    assert.equal(await second.waited, 'agent');
    first?.release();
    const slot = await second.slot;
    assert.notEqual(slot, null);
    slot?.release();
  });

  it('go to the task that has waited longest', async () => {
    const pool = newPool();
    const holder = await ask(pool, 's-0').slot;
    const young = ask(pool, 's-2');
    await young.waited;
    const old = ask(pool, 's-1');
    await old.waited;
    holder?.release();
    const winner = await Promise.race([old.slot.then(() => 'old'), young.slot.then(() => 'young')]);
    assert.equal(winner, 'old');
    (await old.slot)?.release();
    (await young.slot)?.release();
  });

  it('of one agent do not hold up those who use another', async () => {
    const pool = newPool();
    const limits = { perUser: 3, perAgent: 1 };
    const first = await ask(pool, 's-1', 'claude', limits).slot;
    const blocked = ask(pool, 's-2', 'claude', limits);
    await blocked.waited;
    const other = await ask(pool, 's-3', 'codex', limits).slot;
    assert.notEqual(other, null);
    other?.release();
    blocked.stop.abort();
    assert.equal(await blocked.slot, null);
    first?.release();
  });

  it('are given up by a task that is cancelled while it waits, and the line moves on', async () => {
    const pool = newPool();
    const holder = await ask(pool, 's-0').slot;
    const cancelled = ask(pool, 's-1');
    await cancelled.waited;
    const next = ask(pool, 's-2');
    await next.waited;
    cancelled.stop.abort();
    assert.equal(await cancelled.slot, null);
    holder?.release();
    const slot = await next.slot;
    assert.notEqual(slot, null);
    slot?.release();
  });
});
