import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  MAX_RETURNS,
  placeOf,
  settleUnknown,
  type HeardHistory,
  type TurnEvidence,
} from '../../src/route/settle-unknown.ts';
import type { CallbackResult } from '../../src/session/callback.ts';

const missing: CallbackResult = { type: 'missing' };
const valid: CallbackResult = {
  type: 'valid',
  callback: { taskId: 'fix', nonce: 'n', status: 'completed', summary: 'done' } as never,
};
const nothing: TurnEvidence = {
  cancelRequested: false,
  isOver: false,
  callback: missing,
  isSignOfLife: false,
  history: null,
  worktreeTouched: false,
  returns: 0,
};
const remembers = (prompt: 'there' | 'missing' | 'unclear', callback: CallbackResult = missing) => ({
  history: { prompt, callback },
});

describe('a turn of which nobody saw the end', () => {
  const cases: readonly [string, Partial<TurnEvidence>, string][] = [
    ['without evidence is unknown', {}, 'unknown'],
    ['is done by a callback that was written down', { callback: valid }, 'done transcript'],
    ['is done by a callback in the history', remembers('there', valid), 'done history'],
    ['is unknown when the history has the prompt and no end', remembers('there'), 'unknown, known'],
    ['is given back when the history ends before it', remembers('missing'), 'return'],
    ['but not where nobody can tell of a worktree', { ...remembers('missing'), worktreeTouched: null }, 'unknown'],
    ['nor when a sign of it was seen', { ...remembers('missing'), isSignOfLife: true }, 'unknown'],
    ['nor when the worktree changed since', { ...remembers('missing'), worktreeTouched: true }, 'unknown'],
    ['nor again and again', { ...remembers('missing'), returns: MAX_RETURNS }, 'unknown'],
    ['nor when its task has ended, or the session was stopped', { ...remembers('missing'), isOver: true }, 'cancelled'],
    [
      'which changes nothing of what the agent has done',
      { ...remembers('there', valid), isOver: true },
      'done history',
    ],
    ['is done by that callback also where the prompt is not to be seen', remembers('unclear', valid), 'done history'],
    ['is unknown when the history says neither', remembers('unclear'), 'unknown'],
    ['is over when somebody had cancelled it', { ...remembers('there', valid), cancelRequested: true }, 'cancelled'],
  ];
  for (const [name, evidence, expected] of cases) {
    it(name, () => {
      const found = settleUnknown({ ...nothing, ...evidence });
      const words =
        found.type === 'done'
          ? `done ${found.by}`
          : found.type === 'unknown' && found.isKnown
            ? 'unknown, known'
            : found.type;
      assert.equal(words, expected);
    });
  }
});

describe('the place of a prompt in a history', () => {
  const cases: readonly [string, Partial<HeardHistory>, string][] = [
    ['is there once it was found', { ours: 1, last: 'ours' }, 'there'],
    ['is there also when others follow it', { ours: 1, last: 'other' }, 'there'],
    ['is missing behind the one before it', { last: 'the-one-before' }, 'missing'],
    ['is missing in a conversation in which nothing was said yet', { isFirst: true }, 'missing'],
    ['is unclear when a history that should hold something is empty', {}, 'unclear'],
    ['is unclear behind words of somebody else', { last: 'other' }, 'unclear'],
    ['is unclear when the same words were handed before', { ours: 1, oursBefore: 1, last: 'ours' }, 'unclear'],
    ['also when they never arrived, or are gone', { oursBefore: 1, last: 'the-one-before' }, 'unclear'],
    ['also where nothing is replayed', { oursBefore: 1, isFirst: true }, 'unclear'],
    ['is unclear when more was done than by the turn before', { last: 'the-one-before', isAtWork: true }, 'unclear'],
    ['is unclear when no prompts are replayed, and words or tools are', { isFirst: true, isAtWork: true }, 'unclear'],
    ['is unclear when the history may go on', { last: 'the-one-before', isWhole: false }, 'unclear'],
    ['also when nothing has come of it yet', { isFirst: true, isWhole: false }, 'unclear'],
    ['is there also when it may go on', { ours: 1, last: 'ours', isWhole: false }, 'there'],
    ['is there when they were said once more', { ours: 2, oursBefore: 1, last: 'ours' }, 'there'],
    ['is unclear when words that were said before are gone', { ours: 1, oursBefore: 2, last: 'ours' }, 'unclear'],
  ];
  for (const [name, heard, expected] of cases) {
    it(name, () => {
      const nothingHeard = {
        ours: 0,
        oursBefore: 0,
        last: 'none',
        isFirst: false,
        isAtWork: false,
        isWhole: true,
      } as const;
      assert.equal(placeOf({ ...nothingHeard, ...heard }), expected);
    });
  }
});
