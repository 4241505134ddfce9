import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Clock } from '../../src/clock.ts';
import { Spacing } from '../../src/watchdog/spacing.ts';

/** Time goes on only when it is told to; what is due by then is called, in its order. */
class ToldClock implements Clock {
  #now = 0;
  #due: { readonly at: number; readonly fn: () => void }[] = [];
  now = (): number => this.#now;
  monotonic = (): number => this.#now;
  after(ms: number, fn: () => void): () => void {
    const one = { at: this.#now + ms, fn };
    this.#due.push(one);
    return () => (this.#due = this.#due.filter((other) => other !== one));
  }
  async goTo(at: number): Promise<void> {
    for (;;) {
      // Whoever was called may go on before the next one is.
      await Promise.resolve();
      const next = this.#due.filter((one) => one.at <= at).toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#now = next.at;
      this.#due = this.#due.filter((one) => one !== next);
      next.fn();
    }
    this.#now = at;
  }
}

it('hosts are started so far apart, in their order, and the first one at once', async () => {
  const call = fc.record({ after: fc.nat(500) });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.array(call, { minLength: 1 }), async (ms, calls) => {
      const clock = new ToldClock();
      const spacing = new Spacing(ms, clock);
      const started: { readonly index: number; readonly at: number }[] = [];
      for (const [index, { after }] of calls.entries()) {
        await clock.goTo(clock.now() + after);
        const asked = clock.now();
        void spacing.wait().then(() => started.push({ index, at: clock.now() }));
        if (index === 0) {
          await clock.goTo(asked);
          assert.deepEqual(started, [{ index: 0, at: asked }]);
        }
      }
      await clock.goTo(1_000_000);
      assert.deepEqual(
        started.map(({ index }) => index),
        calls.map((_, index) => index),
      );
      for (const [index, { at }] of started.entries())
        assert.ok(index === 0 || at - (started[index - 1]?.at ?? 0) >= ms, `${at}`);
    }),
  );
});
