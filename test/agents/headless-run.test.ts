import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { markedPids } from '../../src/process/marker.ts';
import { killMarked } from '../process/kill-marked.ts';
import { claudeHome, codexHome, opencodeHome, piHome, type AgentHome } from './agent-homes.ts';
import type { Rule, Step } from './model-script.ts';
import { ModelServer } from './model-server.ts';
import { CLAUDE_CODE, CODEX_CLI, notInstalled, OPENCODE, PI, type PinnedAgent } from './pinned-agents.ts';
import { Shop } from './shop.ts';

/** The same way as over ACP, with the agents' own programs as they run without a terminal: a process for each prompt. */

const edit: Step = {
  use: { type: 'shell', command: `sed -i 's|full \\* percent)|(full * percent) / 100)|' src/cart.js` },
};
const commit: Step = {
  use: { type: 'shell', command: 'git commit --quiet --all --message "fix: take a discount in percent"' },
};
const comment: Step = {
  use: {
    type: 'shell',
    command: `echo '// in percent' >> src/cart.js && git commit --quiet --all --message "docs: say in what"`,
  },
};
const done: Step = {
  text: 'The discount is right now.',
  callback: { status: 'completed', summary: 'The discount was not divided by 100.' },
};
const issue: Rule = { match: /A discount of 10 percent makes the total negative/, steps: [edit, commit, done] };
const more: Rule = { match: /Say in a comment what it is/, steps: [comment, done] };
const stuck: Rule = { ...issue, steps: [edit, { text: 'Thinking about it', hang: true }] };
const recover: Rule = { match: /^conduxt was interrupted|Your last turn was interrupted/, steps: [commit, done] };

const SLOW = process.env['SLOW_TESTS'] === '1' ? false : 'takes long: npm run test:agents';

interface Driven {
  readonly agent: PinnedAgent;
  readonly name: string;
  readonly home: AgentHome;
  /** Beside approve-all. */
  readonly modes: readonly string[];
}
const DRIVEN: readonly Driven[] = [
  { agent: PI, name: 'pi', home: piHome(200), modes: ['approve-reads', 'deny-all'] },
  { agent: CLAUDE_CODE, name: 'claude', home: claudeHome(CLAUDE_CODE), modes: ['approve-reads', 'deny-all'] },
  { agent: CODEX_CLI, name: 'codex', home: codexHome(CODEX_CLI), modes: ['approve-reads'] },
  { agent: OPENCODE, name: 'opencode', home: opencodeHome, modes: ['approve-reads', 'deny-all'] },
];

for (const { agent, name, home, modes } of DRIVEN) {
  // In `npm test` the lightest must do.
  const skip = notInstalled(agent) ?? (agent !== PI ? SLOW : false);
  const run = ['run', 'fix issue #78', '--agent', name, '--backend', 'headless'];

  async function start(t: TestContext, rules: Rule[]): Promise<{ shop: Shop; server: ModelServer }> {
    const server = await ModelServer.start({ rules });
    t.after(() => server.close());
    return { shop: new Shop(t, server.url, undefined, home), server };
  }

  describe(`conduxt run with ${name} headless`, { skip, timeout: SLOW === false ? 900_000 : 180_000 }, () => {
    it('turns issue 78 into a pull request, and a tell goes on in exactly the same conversation', async (t) => {
      const { shop, server } = await start(t, [more, issue]);
      const { output } = await shop.expect(0, ...run);
      assert.match(output, /over headless[\s\S]*completed/);
      const [turn] = shop.records('turn-ended');
      assert.deepEqual([turn?.verdict, turn?.callback.type, turn?.toolCalls], ['done', 'valid', 2]);
      assert.equal(shop.records('verification-finished').at(-1)?.receipt.verdict.type, 'green');
      assert.equal(shop.pullRequests().length, 1);
      const [opened] = shop.records('agent-session');
      assert.match(opened?.nativeId ?? '', /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|ses_\w+)$/);
      await shop.until('its process is gone', () => shop.records('agent-exited').length === 1);
      assert.deepEqual(markedPids(path.basename(shop.session ?? '')), []);

      await shop.expect(0, 'tell', 'issue-78', 'Say in a comment what it is.', '--wait');
      assert.deepEqual(
        shop.records('agent-session').map(({ nativeId, continuity }) => [nativeId, continuity]),
        [
          [opened?.nativeId, 'new'],
          [opened?.nativeId, 'resumed'],
        ],
      );
      assert.ok((server.requests.at(-1)?.userTexts ?? 0) > 1, 'it remembers');
      assert.deepEqual(
        shop.records('turn-ended').map(({ verdict }) => verdict),
        ['done', 'done'],
      );
      assert.equal(shop.git('rev-list', '--count', 'main..fix/issue-78'), '2');
      assert.equal(shop.gitIn(shop.remote, 'rev-parse', 'fix/issue-78'), shop.git('rev-parse', 'fix/issue-78'));
      assert.equal(shop.pullRequests().length, 1);
      await shop.stop();
    });

    for (const mode of modes) {
      it(`changes nothing under ${mode}`, { skip: SLOW }, async (t) => {
        const write: Step = { use: { type: 'shell', command: 'echo mine > forbidden.txt' } };
        const { shop, server } = await start(t, [{ match: /Write a file/, steps: [write, { text: 'I tried.' }] }]);
        const asking = ['ask', 'Write a file.', '--agent', name, '--backend', 'headless', '--permissions', mode];
        const { output } = await shop.expect(0, ...asking);
        // A title: without a single tool (pi under deny-all) it looks like no work to the scripted model.
        assert.match(output, /I tried|No tool for|A scripted title/);
        assert.ok(server.requests.length > 0);
        assert.equal(existsSync(path.join(shop.repo, 'forbidden.txt')), false);
      });
    }

    it('is refused what no agent may do, and its work goes on', { skip: SLOW }, async (t) => {
      const push: Step = { use: { type: 'shell', command: 'git push --force origin HEAD:main; echo tried' } };
      const { shop } = await start(t, [{ ...issue, steps: [edit, commit, push, done] }]);
      const before = shop.gitIn(shop.remote, 'rev-parse', 'main');
      await shop.expect(0, ...run);
      assert.equal(shop.gitIn(shop.remote, 'rev-parse', 'main'), before);
      assert.equal(shop.records('task-ended').at(-1)?.end, 'completed');
      const told = shop.records('milestone').map(({ text }) => text);
      // Their hooks tell us; the others hear it from git alone.
      if (['claude', 'codex'].includes(name)) assert.match(told.join('\n'), /refused: Bash \(.*main/);
      await shop.stop();
    });

    it('is continued in its own conversation, by its id, when it was killed', { skip: SLOW }, async (t) => {
      const { shop, server } = await start(t, [recover, stuck]);
      await shop.expect(0, ...run, '--no-wait');
      await untilStuck(shop, server);
      killMarked(path.basename(shop.session ?? ''));
      await shop.expect(0, 'wait', 'issue-78');
      await assertRecovered(shop, server);
    });

    it('ends with its host, and the next host goes on in its conversation', { skip: SLOW }, async (t) => {
      const { shop, server } = await start(t, [recover, stuck]);
      await shop.expect(0, ...run, '--no-wait');
      await untilStuck(shop, server);
      process.kill(shop.records('host-started').at(-1)?.process.pid ?? 0, 'SIGKILL');
      await shop.expect(0, 'watchdog', '--once');
      await shop.expect(0, 'wait', 'issue-78');
      await assertRecovered(shop, server);
    });

    it('stops when it is cancelled, and leaves nothing behind', { skip: SLOW }, async (t) => {
      const { shop, server } = await start(t, [stuck]);
      await shop.expect(0, ...run, '--no-wait');
      await untilStuck(shop, server);
      await shop.expect(0, 'cancel', 'issue-78');
      await shop.until('the turn is over', () => shop.records('turn-ended').length === 1);
      assert.equal(shop.records('turn-ended')[0]?.verdict, 'cancelled');
      assert.deepEqual(markedPids(path.basename(shop.session ?? '')), []);
      await shop.stop();
    });
  });
}

/** The model thinks without an end, with an edit made and nothing committed. */
async function untilStuck(shop: Shop, server: ModelServer): Promise<void> {
  await shop.until('it is in the middle of it', () => server.requests.some(({ round }) => round === 1));
  await shop.until('conduxt knows', () => shop.records('prompt-accepted').length === 1);
  await shop.until('it has named its conversation', () => shop.records('agent-session').length === 1);
}

async function assertRecovered(shop: Shop, server: ModelServer): Promise<void> {
  assert.deepEqual(
    shop.records('turn-ended').map(({ verdict }) => verdict),
    ['unknown', 'done'],
  );
  const [first, second, ...others] = shop.records('agent-session');
  assert.deepEqual([second?.nativeId, second?.continuity, others.length], [first?.nativeId, 'resumed', 0]);
  assert.ok((server.requests.at(-1)?.userTexts ?? 0) > 1, 'it remembers');
  assert.equal(shop.records('task-ended').at(-1)?.end, 'completed');
  assert.equal(shop.pullRequests().length, 1);
  await shop.stop();
}
