import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'node:test';
import type { Rule } from './model-script.ts';
import { ModelServer } from './model-server.ts';
import { notInstalled, PI } from './pinned-agents.ts';
import { DEFAULT_PACE, Shop } from './shop.ts';

const OUTAGE_MS = 60_000;

const whyNot = (): string | false => {
  if (process.env['SLOW_TESTS'] !== '1') return 'takes two minutes: npm run test:agents';
  return notInstalled(PI) ?? false;
};

const steps: Rule['steps'] = [
  { use: { type: 'edit', path: 'src/cart.js', oldText: 'full * percent)', newText: '(full * percent) / 100)' } },
  { use: { type: 'shell', command: 'git commit --quiet --all --message "fix: take a discount in percent"' } },
  { callback: { status: 'completed', summary: 'The discount was not divided by 100.' } },
];

describe('an agent whose model is out of reach for a minute', { skip: whyNot(), timeout: 400_000 }, () => {
  it('is given time and finishes by itself, with nothing done twice', async (t) => {
    const server = await ModelServer.start({
      // Matches the task and the reminders alike: the model goes on wherever it is asked again.
      rules: [{ match: /discount|callback/, steps }],
      ttlMs: 400_000,
    });
    t.after(() => server.close());
    const shop = new Shop(t, server.url, DEFAULT_PACE);
    server.goAway();
    await shop.expect(0, 'run', 'fix issue #78', '--agent', 'pi', '--no-wait');
    await shop.until('the agent met the outage', () => shop.transcript().includes('attempt 1/3'));
    // The outage itself is the fact under test.
    await delay(OUTAGE_MS);
    await server.comeBack();
    await shop.expect(0, 'wait', 'issue-78');
    assert.equal(shop.records('task-ended').at(-1)?.end, 'completed');
    assert.ok(shop.records('task-parked').length > 0);
    assert.equal(shop.git('rev-list', '--count', 'main..fix/issue-78'), '1');
    await shop.stop();
  });
});
