import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { usedUp } from '../../src/session/budget.ts';
import type { Usage } from '../../src/session/events.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import { addTurn, leastTokens, noUsage } from '../../src/session/usage.ts';
import { ended, handed, journalOf, queued, sessionRecord } from './samples.ts';

const sumOf = (turns: readonly Usage[]): Usage => turns.reduce((sum, turn) => addTurn(sum, turn), noUsage()).usage;
const usd = (costAmount: number): Usage => ({ costAmount, costCurrency: 'USD' });

describe('the usage of several turns', () => {
  it('adds tokens, and takes the context as it was last', () => {
    const first = { inputTokens: 150, outputTokens: 60, totalTokens: 210, contextTokens: 90, contextSize: 1000 };
    const second = { inputTokens: 240, outputTokens: 20, contextTokens: 260, contextSize: 1000 };
    assert.deepEqual(sumOf([first, second]), {
      inputTokens: 390,
      outputTokens: 80,
      totalTokens: 470,
      contextTokens: 260,
      contextSize: 1000,
    });
  });

  it('takes a cost for the running total that agents report', () => {
    assert.deepEqual(sumOf([usd(0.0025), usd(0.006548)]), usd(0.006548));
    assert.deepEqual(sumOf([usd(0.1), {}, usd(0.3)]), usd(0.3));
  });

  it('counts anew where the agent did: after a new session, or in another currency', () => {
    assert.deepEqual(sumOf([usd(0.5), usd(0.2), usd(0.3)]), usd(0.8));
    const euro = sumOf([usd(0.5), { costAmount: 0.75, costCurrency: 'EUR' }]);
    assert.deepEqual(euro, { costAmount: 1.25, costCurrency: 'EUR' });
  });

  it('prefers what the host wrote down as the cost of the turn', () => {
    assert.deepEqual(sumOf([{ ...usd(7), turnCostAmount: 2 }]), usd(2));
  });

  it('never falls while turns are added', () => {
    const turn = fc.record(
      { inputTokens: fc.nat(), totalTokens: fc.nat(), costAmount: fc.double({ min: 0, max: 1e6, noNaN: true }) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(turn), (turns) => {
        let before = noUsage();
        for (const one of turns) {
          const after = addTurn(before, one);
          for (const name of ['inputTokens', 'totalTokens', 'costAmount'] as const)
            assert.ok((after.usage[name] ?? 0) >= (before.usage[name] ?? 0));
          before = after;
        }
      }),
    );
  });
});

describe('a budget', () => {
  const limits = (over: object) => ({ ...sessionRecord().limits, ...over });

  it('is used up when it is reached, and says what was spent', () => {
    const spent = { tokens: 1200, cost: 0.30000000000000004 };
    assert.equal(usedUp(spent, limits({})), null);
    assert.equal(usedUp(spent, limits({ maxTokens: 1201, maxCost: 1 })), null);
    assert.equal(usedUp(spent, limits({ maxTokens: 1200 })), '1200 tokens of at most 1200');
    assert.equal(usedUp(spent, limits({ maxCost: 0.3 })), 'a cost of 0.3, of at most 0.3');
  });

  it('counts the fill of the context where an agent reports nothing else', () => {
    assert.equal(leastTokens({ contextTokens: 64 }), 64);
    assert.equal(leastTokens({ contextTokens: 64, inputTokens: 100, outputTokens: 5 }), 105);
  });

  it('begins anew when a person takes up a task that has ended, and not with prompts of our own', () => {
    const turn = (id: string, kind: 'user' | 'fix') => [
      queued(id, { kind }),
      handed(id),
      ended(id, { usage: { totalTokens: 100 } }),
    ];
    const over = { type: 'task-ended', end: 'failed', reason: 'x' } as const;
    const spentAfter = (...events: Parameters<typeof journalOf>[0]) =>
      foldSession(journalOf(events)).turns.spent.tokens;
    assert.equal(spentAfter(...turn('p-1', 'user'), ...turn('p-2', 'fix')), 200);
    assert.equal(spentAfter(...turn('p-1', 'user'), over), 100);
    assert.equal(spentAfter(...turn('p-1', 'user'), over, queued('p-2', { kind: 'fix' })), 100);
    assert.equal(spentAfter(...turn('p-1', 'user'), over, ...turn('p-2', 'user')), 100);
    const more = { type: 'answered', answer: 'more', by: 'person' } as const;
    const granted = { type: 'decision-ended', decisionId: 'budget-t-1', end: more } as const;
    assert.equal(spentAfter(...turn('p-1', 'user'), granted, queued('p-2')), 0);
  });
});
