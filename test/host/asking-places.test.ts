import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AskingPlaces } from '../../src/host/asking-places.ts';

/** A place that somebody else may hold for a while. */
function place() {
  const seen: string[] = [];
  let free = Promise.withResolvers<void>();
  free.resolve();
  let isHeld = true;
  return {
    seen,
    isHeld: () => isHeld,
    takenByOthers: () => (free = Promise.withResolvers<void>()),
    lend: async () => {
      seen.push('lent');
      isHeld = false;
    },
    takeBack: async () => {
      await free.promise;
      if (!isHeld) seen.push('back');
      isHeld = true;
    },
  };
}

const never = new AbortController().signal;

describe('places that are lent while people are asked', () => {
  it('are back before the first of two answers reaches the agent, and stay while the other is open', async () => {
    const slot = place();
    const places = new AskingPlaces([slot]);
    const [one, two, three] = [0, 1, 2].map(() => Promise.withResolvers<string>());
    assert.ok(one && two && three);
    const first = places.without(never, () => one.promise);
    const second = places.without(never, () => two.promise);
    await Promise.resolve();
    assert.equal(slot.isHeld(), false);
    two.resolve('allow');
    assert.equal(await second, 'allow');
    assert.equal(slot.isHeld(), true, 'the agent goes on without its slot');
    const third = places.without(never, () => three.promise);
    assert.equal(slot.isHeld(), true, 'it was lent while the agent works');
    one.resolve('deny');
    three.resolve('deny');
    await Promise.all([first, third]);
    assert.deepEqual(slot.seen, ['lent', 'back']);
    assert.equal(await places.without(never, async () => (slot.isHeld() ? 'held' : 'lent')), 'lent');
  });

  it('are not lent again by a question that comes while an answer waits for them', async () => {
    const slot = place();
    const places = new AskingPlaces([slot]);
    const other = Promise.withResolvers<string>();
    const free = slot.takenByOthers();
    const answered = places.without(never, async () => 'allow');
    const open = places.without(never, () => other.promise);
    free.resolve();
    assert.equal(await answered, 'allow');
    assert.equal(slot.isHeld(), true);
    other.resolve('deny');
    await open;
  });

  it('are back before an answer that nobody had to be asked for', async () => {
    const slot = place();
    const places = new AskingPlaces([slot]);
    const asked = Promise.withResolvers<string>();
    const open = places.without(never, () => asked.promise);
    await places.goOn(never);
    assert.equal(slot.isHeld(), true);
    asked.resolve('allow');
    await open;
  });

  it('are all back before an answer that comes while they are being lent', async () => {
    const [lock, slot] = [place(), place()];
    const lent = Promise.withResolvers<void>();
    const slow = { ...lock, lend: () => lent.promise.then(() => lock.lend()) };
    const places = new AskingPlaces([slow, slot]);
    const asked = Promise.withResolvers<string>();
    const open = places.without(never, () => asked.promise);
    const allowed = places.goOn(never);
    lent.resolve();
    await allowed;
    await new Promise<void>((resolve) => setImmediate(resolve));
    assert.deepEqual([lock.isHeld(), slot.isHeld()], [true, true]);
    asked.resolve('allow');
    await open;
  });

  it('are not taken back for a turn that is over', async () => {
    const slot = place();
    const over = new AbortController();
    await new AskingPlaces([slot]).without(over.signal, async () => {
      over.abort();
      return null;
    });
    assert.equal(slot.isHeld(), false);
  });
});
