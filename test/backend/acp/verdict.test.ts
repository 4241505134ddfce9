import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../../../src/backend/acp/connection.ts';
import { judge, type Intent, type TurnFacts } from '../../../src/backend/acp/verdict.ts';

const stopped = (stopReason: unknown): Answer => ({ type: 'result', result: { stopReason } });
const failed: Answer = { type: 'error', error: { code: -32603, message: 'Internal error', data: { details: 'boom' } } };
const lost: Answer = { type: 'lost', why: 'the agent exited with code 1' };
const facts = (answer: Answer, intent: Intent = null, more: Partial<TurnFacts> = {}): TurnFacts => ({
  answer,
  intent,
  hasEvidence: true,
  lastMessage: 'It is done.',
  cancelExpired: false,
  ...more,
});

test('a turn that went its way is judged by the evidence and its stop reason', () => {
  assert.deepEqual(judge(facts(stopped('end_turn'))), { verdict: 'done', stopReason: 'end_turn' });
  assert.deepEqual(judge(facts(stopped('end_turn'), null, { hasEvidence: false })), {
    verdict: 'failed',
    failure: 'empty-turn',
    stopReason: 'end_turn',
  });
  // Nobody asked for a cancel: codex says this after a refused permission.
  assert.deepEqual(judge(facts(stopped('cancelled'))), { verdict: 'done', stopReason: 'cancelled' });
  for (const [stopReason, failure] of [
    ['refusal', 'refusal'],
    ['max_tokens', 'max-tokens'],
    ['max_turn_requests', 'max-turn-requests'],
  ]) {
    assert.deepEqual(judge(facts(stopped(stopReason))), { verdict: 'failed', failure, stopReason });
  }
});

test('unknown stop reasons and errors fail with the original text', () => {
  assert.deepEqual(judge(facts(stopped('error'))), {
    verdict: 'failed',
    failure: 'unknown-stop-reason',
    stopReason: 'error',
    detail: '{"stopReason":"error"}',
  });
  assert.deepEqual(judge(facts({ type: 'result', result: null })), {
    verdict: 'failed',
    failure: 'unknown-stop-reason',
    stopReason: null,
    detail: 'null',
  });
  assert.deepEqual(judge(facts(failed)), {
    verdict: 'failed',
    failure: 'agent-error',
    stopReason: null,
    detail: 'Internal error: {"details":"boom"} (-32603)',
  });
  const login: Answer = { type: 'error', error: { code: -32000, message: 'log in' } };
  assert.equal(judge(facts(login)).failure, 'auth-required');
});

test('after a cancel of ours the turn is cancelled, whatever the agent says', () => {
  for (const answer of [stopped('cancelled'), stopped('end_turn'), stopped('weird'), failed, lost]) {
    assert.equal(judge(facts(answer, 'cancel')).verdict, 'cancelled', JSON.stringify(answer));
    assert.equal(judge(facts(answer, 'cancel', { hasEvidence: false })).verdict, 'cancelled');
  }
  assert.equal(judge(facts(lost, 'cancel', { cancelExpired: true })).failure, 'cancel-timeout');
});

test('a turn that we ended for its time has failed, whatever the agent says', () => {
  for (const intent of ['no-first-sign', 'turn-timeout'] as const) {
    for (const answer of [stopped('cancelled'), stopped('end_turn'), failed, lost]) {
      const { verdict, failure } = judge(facts(answer, intent));
      assert.deepEqual([verdict, failure], ['failed', intent]);
    }
  }
});

test('an agent that died in the turn leaves its outcome unknown', () => {
  assert.deepEqual(judge(facts(lost)), {
    verdict: 'unknown',
    failure: 'agent-exited',
    stopReason: null,
    detail: 'the agent exited with code 1',
  });
});
