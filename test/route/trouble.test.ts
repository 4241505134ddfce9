import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { errorShownAsAnswer, troubleIn } from '../../src/route/trouble.ts';

describe('the text of an error', () => {
  const table: readonly [string, string | null][] = [
    ["You've hit your usage limit. Upgrade to Pro or try again in 3 days 2 hours.", 'quota'],
    ['Claude AI usage limit reached|1763740800', 'quota'],
    ["You've hit your session limit · resets 3pm (Europe/Berlin)", 'quota'],
    ['429 {"error":{"code":"insufficient_quota"}}', 'quota'],
    ['You exceeded your current quota, please check your plan', 'quota'],
    ['Your credit balance is too low to access the API', 'quota'],
    ['429 Too Many Requests', 'rate-limit'],
    ['{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}} (529)', 'rate-limit'],
    ['Internal error: {"error":{"code":401,"type":"authentication_error","message":"bad key"}} (401)', 'auth-required'],
    ['Authentication required (-32000)', 'auth-required'],
    ['Invalid API key · Please run /login', 'auth-required'],
    ['stream disconnected before completion: error sending request', 'cut-stream'],
    ['TypeError: fetch failed', 'cut-stream'],
    ['the tool does not exist (-32603)', null],
    ['session 4290 is not there', null],
  ];
  for (const [text, expected] of table) {
    it(`${expected ?? 'none of these'}: ${text}`, () => assert.equal(troubleIn(text), expected));
  }
});

describe('the last message of a turn that ended well', () => {
  const table: readonly [string, string | null][] = [
    // codex-acp 2.6.0, recorded: its own warning, then the error, then end_turn.
    [
      'Warning: Model metadata for `lab-model` not found. Defaulting to fallback metadata.\n\nstream disconnected before completion: error sending request\n\n',
      'cut-stream',
    ],
    // pi-acp 0.0.34, recorded.
    [
      'Retrying (attempt 1/3, waiting 2s)...Retrying (attempt 2/3, waiting 4s)...Retrying (attempt 3/3, waiting 8s)...Retry finished, resuming.',
      'cut-stream',
    ],
    ['Info: /home/lab/.copilot/log\nError: Authentication failed for the provider', 'auth-required'],
    ['API Error: 500 internal server error', 'error-as-success'],
    ["You've reached your usage limit. It resets at 5pm.", 'quota'],
    ['Retrying (attempt 1/3, waiting 2s)...The discount is right now.', null],
    ['Warning: Model metadata for `x` not found.\n\nDone.', null],
    ['Error handling for rate limits is in place: 429 is retried.\n```callback-json\n{}\n```', null],
    [`Error handling is done. ${'It took a while. '.repeat(60)}`, null],
    ['I handle the usage limit now.', null],
    ['', null],
  ];
  for (const [text, expected] of table) {
    it(`${expected ?? 'an answer'}: ${text.slice(0, 70).replaceAll('\n', ' ')}`, () =>
      assert.equal(errorShownAsAnswer(text), expected));
  }

  it('is always something, whatever it holds', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void errorShownAsAnswer(text)));
  });
});
