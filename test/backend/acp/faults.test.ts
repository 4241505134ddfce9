import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markedPids } from '../../../src/process/marker.ts';
import { FAULTS } from '../../../src/rehearsal/fault-agent/faults.ts';
import { ConduxtError } from '../../../src/errors.ts';
import { each, rig } from './rig.ts';

/** What becomes of a prompt to an agent with each of the published faults: `verdict`, or `verdict failure`. */
const TURNS: Readonly<Record<string, string>> = {
  none: 'done',
  'slow-start': 'agent-start-timeout',
  'no-start': 'agent-not-started',
  'silent-start': 'agent-start-timeout',
  'version-2': 'agent-protocol',
  'login-required': 'agent-login-required',
  'log-lines': 'done',
  'json-log-lines': 'done',
  'split-bytes': 'done',
  crlf: 'done',
  bom: 'done',
  'string-ids': 'done',
  'no-jsonrpc': 'done',
  'answers-twice': 'done',
  'huge-line': 'done',
  'drops-updates': 'done',
  'duplicates-updates': 'done',
  'reorders-updates': 'done',
  'slow-wire': 'done',
  'stops-reading': 'failed no-first-sign',
  'never-answers': 'failed no-first-sign',
  'silent-tool': 'failed turn-timeout',
  'empty-turn': 'failed empty-turn',
  'error-as-success': 'failed error-as-success',
  'cut-stream': 'done',
  'login-lost': 'failed auth-required',
  quota: 'failed quota',
  'rate-limit': 'failed rate-limit',
  'odd-stop-reason': 'failed unknown-stop-reason',
  'late-updates': 'done',
  'early-updates': 'done',
  'unknown-updates': 'done',
  'unknown-requests': 'done',
  'asks-permission': 'done',
  'allow-always-first': 'done',
  'two-rejects': 'done',
  'no-reject': 'done',
  'ignores-cancel': 'failed turn-timeout',
  'cancel-as-success': 'failed turn-timeout',
  'cancel-as-error': 'failed turn-timeout',
  'talks-after-cancel': 'failed turn-timeout',
  'dies-mid-turn': 'unknown agent-exited',
  'dies-mid-message': 'unknown agent-exited',
  'closes-stdout': 'unknown agent-exited',
  'stubborn-child': 'done',
  'slow-to-leave': 'done',
  'replay-before': 'done',
  'replay-after': 'done',
  'replay-split': 'done',
  'replay-new-ids': 'done',
  'replay-nothing': 'done',
  'lost-session': 'agent-session-lost',
};

test('every published fault leads to a named outcome, and leaves no process behind', async (t) => {
  assert.deepEqual(Object.keys(TURNS).sort(), Object.keys(FAULTS).sort());
  const waiting = Object.entries(TURNS);
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await meets(...next);
  };
  const meets = async (name: string, expected: string): Promise<void> => {
    const agent = await rig(t, FAULTS[name]?.script ?? {});
    const isLoaded = FAULTS[name]?.script.load !== undefined;
    // Short only where a limit is what is waited for: a busy machine takes seconds to start a program.
    const limits = {
      startTimeoutMs: expected === 'agent-start-timeout' ? 5_000 : 45_000,
      firstSignTimeoutMs: expected.endsWith('no-first-sign') ? 1_500 : 45_000,
      turnTimeoutMs: expected.endsWith('turn-timeout') ? 3_000 : 45_000,
      cancelTimeoutMs: 300,
    };
    const patience = { closePatienceMs: 100, termPatienceMs: 100 };
    const outcome = await agent
      .open({ ...limits, ...patience, resume: isLoaded ? 'native-1' : null })
      .then(async (session) => {
        const { verdict, failure } = await session.prompt({ turnId: 'a', text: 'hello' });
        await session.close();
        return failure === undefined ? verdict : `${verdict} ${failure}`;
      })
      .catch((error: unknown) => (error instanceof ConduxtError ? error.code : String(error)));
    assert.equal(outcome, expected, name);
    assert.deepEqual(markedPids(agent.spec.sessionId), [], name);
  };
  await each([1, 2, 3, 4, 5, 6], worker);
});
