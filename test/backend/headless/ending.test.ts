import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endingOf, type RunFacts } from '../../../src/backend/headless/ending.ts';

const facts: RunFacts = {
  end: { type: 'end', stopReason: 'end_turn', problem: null },
  problem: null,
  hasBegun: true,
  exitCode: 0,
  signal: null,
  lingered: false,
  endsByExit: false,
  stderr: '',
  unknownConversation: null,
  usage: null,
};
const silent = { ...facts, end: null };

const TABLE: readonly (readonly [what: string, facts: RunFacts, type: string, words: RegExp])[] = [
  ['a good end and exit code 0 is a result', facts, 'result', /end_turn/],
  ['an exit code is not masked by a good end', { ...facts, exitCode: 3 }, 'error', /exited with code 3 although/],
  [
    'a death by a signal is not masked by a good end',
    { ...facts, exitCode: null, signal: 'SIGKILL' },
    'lost',
    /SIGKILL/,
  ],
  [
    'one that lingers after its end and is ended by us has ended well',
    { ...facts, exitCode: null, signal: 'SIGTERM', lingered: true },
    'result',
    /end_turn/,
  ],
  [
    'a failed end is the error, whatever the exit code',
    { ...facts, end: { type: 'end', stopReason: 'end_turn', problem: '401 no key' } },
    'error',
    /^401 no key$/,
  ],
  ['an exit without an end is unknown, never done', silent, 'lost', /without a word about the end/],
  ['so is a death in the middle of the work', { ...silent, exitCode: 1, stderr: 'panic' }, 'lost', /code 1.*panic/],
  ['so is one whose exit nobody has seen', { ...silent, exitCode: null }, 'lost', /unknown/],
  [
    'one that never began says why on stderr',
    { ...silent, hasBegun: false, exitCode: 2, stderr: 'unknown option --x' },
    'error',
    /unknown option/,
  ],
  [
    'an error it told and left with is the error',
    { ...silent, exitCode: 1, problem: '429 slow down' },
    'error',
    /^429 slow down$/,
  ],
  ['a plain program has ended its turn when it exits with 0', { ...silent, endsByExit: true }, 'result', /end_turn/],
  ['and only then', { ...silent, endsByExit: true, exitCode: 1, stderr: 'no' }, 'lost', /code 1/],
  [
    'a conversation that is not there is lost, not broken off',
    {
      ...silent,
      hasBegun: false,
      exitCode: 1,
      stderr: 'Error: Session not found',
      unknownConversation: /Session not found/,
    },
    'conversation-lost',
    /Session not found/,
  ],
  [
    'once it has begun, such words are the work’s',
    { ...silent, exitCode: 1, stderr: 'Session not found', unknownConversation: /Session not found/ },
    'lost',
    /code 1/,
  ],
];

describe('the end of a headless run', () => {
  for (const [what, run, type, words] of TABLE) {
    it(what, () => {
      const ending = endingOf(run);
      assert.equal(ending.type, type);
      const text =
        'why' in ending ? ending.why : ending.type === 'error' ? ending.error.message : JSON.stringify(ending);
      assert.match(text, words);
    });
  }
});
