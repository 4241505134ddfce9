import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAwaiting, isTerminal, readPhase, withPhase } from '../../src/callback/phase.ts';
import { phases, type Phase } from '../../src/session/words.ts';
import { routeTurn, type RouteBudget } from '../../src/route/route-turn.ts';
import type { CallbackResult } from '../../src/session/callback.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import { ended, handed, journalOf, queued } from '../session/samples.ts';

const ids = { nonce: 'n0nce', taskId: 'issue-78' };
const missing: CallbackResult = { type: 'missing' };
const malformed: CallbackResult = { type: 'malformed', problem: 'not valid JSON' };
const valid: Extract<CallbackResult, { readonly type: 'valid' }> = {
  type: 'valid',
  callback: { task_id: ids.taskId, nonce: ids.nonce, status: 'completed', summary: 'by callback' },
};

describe('a phase file', () => {
  const table: readonly [string, string | null][] = [
    ['done', 'done'],
    ['PHASE:done', 'done'],
    ['phase: done', 'done'],
    ['  PHASE:failed \t\r\nReason: no way\n', 'failed'],
    ['escalate\nwhich one?', 'escalate'],
    ['awaiting_ci', 'awaiting_ci'],
    ['AWAITING_REVIEW', 'awaiting_review'],
    ['', null],
    ['\ndone', null],
    ['   \n', null],
    ['done done', 'problem'],
    ['finished', 'problem'],
    ['PHASE:', null],
  ];
  for (const [text, expected] of table) {
    it(`that holds ${JSON.stringify(text)} is ${expected ?? 'nothing'}`, () => {
      const read = readPhase(text);
      assert.equal(read === null ? null : read.type === 'problem' ? 'problem' : read.phase, expected);
    });
  }

  it('says no other phase, whatever stands below its first line', () => {
    fc.assert(
      fc.property(fc.constantFrom(...phases), fc.string(), (phase, rest) => {
        const read = readPhase(`PHASE:${phase}\n${rest}`);
        assert.ok(read?.type === 'phase' && read.phase === phase);
      }),
    );
  });

  it('is an end for the agent with four of its words', () => {
    assert.deepEqual(phases.filter(isTerminal), ['done', 'merged', 'failed', 'escalate']);
  });
});

const plenty: RouteBudget = {
  fixRoundsLeft: 3,
  remindersLeft: 2,
  recoveriesLeft: 3,
  reminderPauseMs: 0,
  promptOwed: false,
  waits: 0,
  nowMs: 0,
  onCrash: 'retry',
};
const spent: RouteBudget = { ...plenty, remindersLeft: 0, recoveriesLeft: 0 };

type Death = 'lives' | 'died';

/** What a turn causes that ended with this phase and callback. A death without a last word is an unknown outcome. */
function consequence(phase: Phase | 'none' | 'other', callback: CallbackResult, death: Death, budget: RouteBudget) {
  const text = phase === 'none' ? null : `PHASE:${phase}\n`;
  const isLost =
    phase === 'crashed' || (death === 'died' && (phase === 'none' || phase === 'other' || !isTerminal(phase)));
  const end = isLost
    ? ({ verdict: 'unknown', failure: 'agent-exited', callback: missing } as const)
    : { callback: withPhase(callback, text, ids) };
  const { last } = foldSession(journalOf([queued('a'), handed('a'), ended('a', end)])).turns;
  assert.ok(last);
  const decision = routeTurn(last, budget);
  return decision.type === 'end' ? decision.end : decision.type;
}

describe('the end of a turn by phase', () => {
  // Phase; what follows while the agent lives; when it died; when it lives and nothing is left of the budgets.
  const table: readonly [Phase | 'none' | 'other', string, string, string][] = [
    ['done', 'deliver', 'deliver', 'deliver'],
    ['merged', 'deliver', 'deliver', 'deliver'],
    ['failed', 'failed', 'failed', 'failed'],
    ['escalate', 'clarify', 'clarify', 'clarify'],
    ['awaiting_review', 'deliver', 'recover', 'deliver'],
    ['awaiting_ci', 'deliver', 'recover', 'deliver'],
    ['crashed', 'recover', 'recover', 'failed'],
    ['none', 'remind', 'recover', 'failed'],
    ['other', 'remind', 'recover', 'failed'],
  ];
  for (const [phase, lives, died, without] of table) {
    it(`${phase}: ${lives}; after a death: ${died}; at the end of all budgets: ${without}`, () => {
      assert.equal(consequence(phase, missing, 'lives', plenty), lives);
      assert.equal(consequence(phase, malformed, 'lives', plenty), lives, 'a damaged callback does not hide it');
      assert.equal(consequence(phase, missing, 'died', plenty), died);
      assert.equal(consequence(phase, missing, 'lives', spent), without);
    });
  }

  it('gives way to a valid callback, but says with one that is completed what it waits for', () => {
    for (const phase of phases) {
      const result = withPhase(valid, phase, ids);
      if (isAwaiting(phase)) assert.deepEqual(result, { ...valid, callback: { ...valid.callback, phase } });
      else assert.equal(result, valid);
      const failed: CallbackResult = { ...valid, callback: { ...valid.callback, status: 'failed' } };
      assert.equal(withPhase(failed, phase, ids), failed);
    }
  });

  it('that waits is carried on in the place of a callback', () => {
    for (const phase of phases) {
      const result = withPhase(missing, phase, ids);
      const carried = result.type === 'valid' ? result.callback.phase : undefined;
      assert.equal(carried, isAwaiting(phase) ? phase : undefined);
    }
  });

  it('tells people the words below it, and says so when there are none', () => {
    const summary = (text: string): string => {
      const result = withPhase(missing, text, ids);
      assert.ok(result.type === 'valid');
      return result.callback.summary;
    };
    assert.equal(summary('PHASE:failed\nReason: the API is gone\n'), 'Reason: the API is gone');
    assert.match(summary('failed'), /only its phase: failed/);
    assert.match(summary('escalate'), /asks for a person/);
  });

  it('of another word is quoted to the agent, unless its callback has a problem of its own', () => {
    const result = withPhase(missing, 'PHASE:finished', ids);
    assert.ok(result.type === 'malformed');
    assert.match(result.problem, /"finished" is none of done, merged/);
    assert.equal(withPhase(malformed, 'PHASE:finished', ids), malformed);
  });

  it('is nothing without a file, and from an empty one', () => {
    assert.equal(withPhase(missing, null, ids), missing);
    assert.equal(withPhase(missing, '\n', ids), missing);
  });
});
