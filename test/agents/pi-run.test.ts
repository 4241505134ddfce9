import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { piHome, type AgentHome } from './agent-homes.ts';
import type { Rule, Step } from './model-script.ts';
import { ModelServer, type SeenRequest } from './model-server.ts';
import { notInstalled, PI } from './pinned-agents.ts';
import { Shop } from './shop.ts';

/** The whole way with an agent we did not write: issue, worktree, edit, the project's tests, commit, receipt, PR. */

const look: Step = { text: 'I will look at the cart.', use: { type: 'read', path: 'src/cart.js' } };
const edit: Step = {
  use: { type: 'edit', path: 'src/cart.js', oldText: 'full * percent)', newText: '(full * percent) / 100)' },
};
const tests: Step = { text: 'Now the tests.', use: { type: 'shell', command: 'npm test' } };
const commit: Step = {
  use: { type: 'shell', command: 'git commit --quiet --all --message "fix: take a discount in percent"' },
};
const done: Step = {
  text: 'The discount is right now.',
  callback: {
    status: 'completed',
    files_changed: ['src/cart.js'],
    test_results: { passed: 4, failed: 0, skipped: 0 },
    summary: 'The discount was not divided by 100.',
  },
};

const recover: Rule = { match: /^conduxt was interrupted/, steps: [commit, done] };
const goOn: Rule = { match: /The model is back/, steps: [tests, commit, done] };
const issue: Rule = {
  match: /A discount of 10 percent makes the total negative/,
  steps: [look, edit, tests, commit, done],
};

const stuck: Rule = { ...issue, steps: [look, edit, { text: 'Thinking about the tests', hang: true }] };

/** Beside other real agents everything takes longer. */
const TIMEOUT_MS = process.env['SLOW_TESTS'] === '1' ? 600_000 : 120_000;

describe('conduxt run with pi', { skip: notInstalled(PI) ?? false, concurrency: 2, timeout: TIMEOUT_MS }, () => {
  it('turns issue 78 into a pull request and leaves nothing running', async (t) => {
    const { shop } = await start(t, [issue]);
    const { output } = await shop.expect(0, 'run', 'fix issue #78', '--agent', 'pi');
    assert.match(output, /completed/);

    const [opened] = shop.records('agent-session');
    assert.deepEqual([opened?.continuity, opened?.agentVersion], ['new', '0.0.34']);
    const [turn, ...more] = shop.records('turn-ended');
    assert.deepEqual([turn?.verdict, turn?.callback.type, turn?.toolCalls, more.length], ['done', 'valid', 4, 0]);

    const head = shop.git('rev-parse', 'fix/issue-78');
    const receipt = shop.records('verification-finished').at(-1)?.receipt;
    assert.deepEqual([receipt?.verdict.type, receipt?.commit], ['green', head]);
    assert.deepEqual(receipt?.counts, { passed: 4, failed: 0, skipped: 0 });
    assert.equal(shop.records('task-ended').at(-1)?.end, 'completed');

    assert.equal(shop.gitIn(shop.remote, 'rev-parse', 'fix/issue-78'), head, 'the branch is at the remote');
    assert.equal(shop.git('log', '--format=%s', 'main..fix/issue-78'), 'fix: take a discount in percent');
    assert.equal(shop.gitIn(shop.worktree, 'status', '--porcelain'), '');
    const [pullRequest, ...others] = shop.pullRequests();
    assert.equal(others.length, 0);
    assert.match(pullRequest ?? '', /^branch: "?fix\/issue-78/m);
    assert.match(pullRequest ?? '', /4 passed/);
    assert.ok(pullRequest?.includes(head.slice(0, 7)), 'the pull request names the commit that was tested');

    await shop.stop();
  });

  it('is what auto takes when the agents before it are not logged in, and it says why', async (t) => {
    const server = await ModelServer.start({ rules: [issue] });
    t.after(() => server.close());
    const shop = new Shop(t, server.url, undefined, besideOthers);
    const { output } = await shop.expect(0, 'run', 'fix issue #78', '--agent', 'auto');
    assert.match(output, /agent +pi 0\.0\.34 over acp \(the first one logged in, in the built-in order\)/);
    assert.equal(shop.records('task-ended').at(-1)?.end, 'completed');
    assert.equal(shop.pullRequests().length, 1);
    await shop.stop();
  });

  it('finishes in the same turn when the model is out of reach for a while', async (t) => {
    const { shop, server } = await start(t, [issue], goAwayOnce(3));
    const running = shop.expect(0, 'run', 'fix issue #78', '--agent', 'pi');
    await shop.until('pi finds the model gone a second time', () => shop.transcript().includes('attempt 2/3'));
    await server.comeBack();
    await running;
    assert.equal(shop.records('prompt-handed').length, 1);
    assert.equal(shop.git('rev-list', '--count', 'main..fix/issue-78'), '1');
    assert.equal(shop.pullRequests().length, 1);
    await shop.stop();
  });

  it('fails with the reason when the model stays away, keeps the work, and takes it up again when told to', async (t) => {
    const { shop, server } = await start(t, [goOn, issue], goAwayOnce(2));
    const failed = await shop.expect(1, 'run', 'fix issue #78', '--agent', 'pi');
    const end = shop.records('task-ended').at(-1);
    assert.ok(end?.end === 'failed');
    assert.ok(end.reason !== '' && failed.output.includes(end.reason), failed.output);
    assert.equal(shop.pullRequests().length, 0);
    const cart = readFileSync(path.join(shop.worktree, 'src', 'cart.js'), 'utf8');
    assert.match(cart, /\/ 100/, 'what the agent had done is still there');

    await server.comeBack();
    await shop.expect(0, 'tell', 'issue-78', 'The model is back, go on.', '--wait');
    assert.equal(shop.records('task-ended').at(-1)?.end, 'completed');
    assert.equal(shop.records('verification-finished').at(-1)?.receipt.verdict.type, 'green');
    assert.equal(shop.pullRequests().length, 1);
    assert.ok((server.requests.at(-1)?.userTexts ?? 0) > 1, 'in the same conversation');
    await shop.stop();
  });

  it('survives kill -9 of its host: the agent goes with it, the next host resumes its conversation', async (t) => {
    const { shop, server } = await start(t, [recover, stuck]);
    await untilStuck(shop);
    process.kill(pidOf(shop.records('host-started')), 'SIGKILL');
    await shop.until('nothing runs any more', () => shop.processes().length === 0);
    await shop.expect(0, 'watchdog', '--once');
    await shop.expect(0, 'wait', 'issue-78');
    assertRecovered(shop, server);
    await shop.stop();
  });

  it('survives kill -9 of the agent: it is started again, knows what it was doing, and finishes', async (t) => {
    const { shop, server } = await start(t, [recover, stuck]);
    await untilStuck(shop);
    process.kill(pidOf(shop.records('agent-started')), 'SIGKILL');
    await shop.expect(0, 'wait', 'issue-78');
    assertRecovered(shop, server);
    assert.equal(shop.records('host-started').length, 1);
    await shop.stop();
  });
});

/** pi's user has Claude's and codex' adapters as well, and never logged in with them. */
const besideOthers: AgentHome = (home, place) => {
  const { PATH = '', ...rest } = piHome(200)(home, place);
  const bin = path.join(home, 'bin');
  mkdirSync(bin);
  for (const name of ['claude-agent-acp', 'codex-acp']) {
    writeFileSync(path.join(bin, name), '#!/bin/sh\nexit 1\n');
    chmodSync(path.join(bin, name), 0o755);
  }
  return { ...rest, PATH: [bin, PATH].join(path.delimiter) };
};

/** Begins the task and waits until the model thinks without an end, with an edit made and nothing committed. */
async function untilStuck(shop: Shop): Promise<void> {
  await shop.expect(0, 'run', 'fix issue #78', '--agent', 'pi', '--no-wait');
  await shop.until('pi is in the middle of it', () => shop.transcript().includes('Thinking about'));
}

const pidOf = ([record]: readonly { readonly process: { readonly pid: number } }[]): number => {
  assert.ok(record);
  return record.process.pid;
};

function assertRecovered(shop: Shop, server: ModelServer): void {
  assert.deepEqual(
    shop.records('agent-session').map(({ continuity }) => continuity),
    ['new', 'loaded'],
  );
  assert.deepEqual(
    shop.records('turn-ended').map(({ verdict, callback }) => [verdict, callback.type]),
    [
      ['unknown', 'missing'],
      ['done', 'valid'],
    ],
  );
  assert.equal(server.requests.at(-1)?.userTexts, 2, 'pi remembers what it was asked first');
  assert.equal(shop.records('verification-finished').at(-1)?.receipt.verdict.type, 'green');
  assert.equal(shop.records('task-ended').at(-1)?.end, 'completed');
  assert.equal(shop.pullRequests().length, 1);
}

interface Scene {
  readonly shop: Shop;
  readonly server: ModelServer;
}

type Before = (server: ModelServer, seen: SeenRequest) => void;

async function start(t: TestContext, rules: readonly Rule[], before: Before = () => {}): Promise<Scene> {
  const server: ModelServer = await ModelServer.start({ rules, before: (seen) => before(server, seen) });
  t.after(() => server.close());
  return { shop: new Shop(t, server.url), server };
}

/** The network breaks when the model is asked for this step, and stays broken until somebody mends it. */
function goAwayOnce(round: number): Before {
  let gone = false;
  return (server, seen) => {
    if (gone || seen.round !== round) return;
    gone = true;
    server.goAway();
  };
}
