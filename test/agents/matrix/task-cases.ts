import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { profileFor } from '../../../src/agents/profiles.ts';
import type { DrivenAgent } from '../driven.ts';
import { ENDLESS, endlessIn, workOf } from '../driven-rig.ts';
import type { Rule, Step } from '../model-script.ts';
import { ModelServer, type ModelServerOptions } from '../model-server.ts';
import { Shop } from '../shop.ts';
import type { MatrixCase } from './case.ts';

/** The built program with an agent: from issue 78 to a pull request, and what may happen on the way. */

const edit: Step = {
  text: 'I will mend the cart.',
  use: {
    type: 'shell',
    // Once, however often it is done.
    command: `sed -i '/ 100/!s|full \\* percent)|(full * percent) / 100)|' src/cart.js && git diff --stat`,
  },
};
const tests: Step = { text: 'Now the tests.', use: { type: 'shell', command: 'npm test' } };
const COMMIT = 'git commit --quiet --all --message "fix: take a discount in percent"';
/** The repository of a worktree lies outside of it, where a sandbox does not let it write. */
const commit: Step = { use: { type: 'shell', command: COMMIT, escalate: true } };
const LAST_WORDS = 'The discount is right now.';
const done: Step = {
  text: LAST_WORDS,
  callback: { status: 'completed', files_changed: ['src/cart.js'], summary: 'Divided by 100.' },
};
const ISSUE = /A discount of 10 percent makes the total negative/;
const issue: Rule = { match: ISSUE, steps: [edit, tests, commit, done] };
/** A reminder of how a task ends: the words it was steered with came without that. */
const reminded: Rule = { match: /The task has not ended/, steps: [done] };
const write = (name: string): Step => ({
  use: {
    type: 'shell',
    command: `echo ${name} >> told.txt && git add -A && git commit -qm "docs: ${name}"`,
    escalate: true,
  },
});
const note = (name: string): Rule => ({ match: new RegExp(`write ${name}`), steps: [write(name), done] });
/** The newest words pick the rule: what goes into the turn of the issue takes its place. */
const steered: Rule = { match: /write first/, steps: [edit, write('first'), done] };
/** Stays in a command of the issue's turn. */
const stuck: Rule = { match: ISSUE, steps: [edit, { use: ENDLESS }, done] };

export const TASK_CASES: readonly MatrixCase[] = [
  {
    row: 'issue to pull request',
    it: 'turns issue 78 into a verified pull request and leaves nothing running',
    run: async (t, agent) => {
      const { shop } = await start(t, agent, [issue]);
      const { output } = await shop.expect(0, ...runWith(agent));
      assert.match(output, /completed/);
      assert.deepEqual(
        shop.records('turn-ended').map(({ verdict, callback }) => [verdict, callback.type]),
        [['done', 'valid']],
      );
      assertDelivered(shop);
      await shop.stop();
      return 'yes';
    },
  },
  {
    row: 'second prompt while busy',
    it: 'gets what it is told while it is busy after its turn, once and in order',
    run: async (t, agent) => {
      const gate = Promise.withResolvers<void>();
      const { shop, server } = await start(t, agent, [note('first'), note('second'), issue], {
        before: ({ tools }) => (tools.length > 0 ? gate.promise : undefined),
      });
      await shop.expect(0, ...runWith(agent), '--no-wait');
      await shop.until('it is busy', () => workOf(server).length === 1);
      for (const name of ['first', 'second']) {
        const { output } = await shop.expect(0, 'tell', 'issue-78', `Also write ${name} into a file.`);
        assert.match(output, /queued/);
      }
      assert.equal(shop.records('prompt-handed').length, 1, 'nothing is handed over while a turn runs');
      gate.resolve();
      await shop.expect(0, 'wait', 'issue-78');
      assert.equal(shop.records('turn-ended').filter(({ verdict }) => verdict === 'done').length, 3);
      assert.equal(readFileSync(path.join(shop.worktree, 'told.txt'), 'utf8'), 'first\nsecond\n');
      await shop.stop();
      return 'queued, then done in order';
    },
  },
  {
    row: 'tell --steer while busy',
    it: 'gets what it is steered with once, and conduxt says whether that was in the running turn',
    run: async (t, agent) => {
      const steers = profileFor(agent.pinned.name).acp?.steer === true;
      const gate = Promise.withResolvers<void>();
      const { shop, server } = await start(t, agent, [reminded, steered, issue], {
        before: ({ tools }) => (tools.length > 0 ? gate.promise : undefined),
      });
      await shop.expect(0, ...runWith(agent), '--no-wait');
      await shop.until('it is busy', () => workOf(server).length === 1);
      const { output } = await shop.expect(0, 'tell', 'issue-78', '--steer', 'Also write first into a file.');
      assert.match(output, steers ? /took it into its running turn/ : /queued/);
      gate.resolve();
      await shop.expect(0, 'wait', 'issue-78');
      assert.equal(readFileSync(path.join(shop.worktree, 'told.txt'), 'utf8'), 'first\n', 'once');
      const handed = shop.records('prompt-handed').map(({ promptId }) => promptId);
      const told = shop.records('prompt-queued').find(({ kind }) => kind === 'user')?.promptId ?? '';
      assert.equal(handed.includes(told), !steers, 'what went into the turn is not handed over again');
      await shop.stop();
      return steers ? 'into the turn' : 'queued instead';
    },
  },
  {
    row: 'tell --interrupt in a command',
    it: 'is interrupted in the middle of a command, which ends, and goes on with what it is told',
    run: async (t, agent) => {
      const { shop } = await start(t, agent, [reminded, steered, stuck]);
      await untilInCommand(shop, agent);
      const { output } = await shop.expect(0, 'tell', 'issue-78', '--interrupt', 'Also write first into a file.');
      assert.match(output, /the running turn is being ended; this goes next/);
      await shop.expect(0, 'wait', 'issue-78');
      assert.deepEqual(endlessIn(shop.worktree), [], 'the command has ended');
      assert.equal(readFileSync(path.join(shop.worktree, 'told.txt'), 'utf8'), 'first\n', 'once');
      const [first, second] = shop.records('turn-ended').map(({ verdict }) => verdict);
      assert.deepEqual([first, second], ['cancelled', 'done']);
      const isResumed = shop.records('agent-session').length > 1;
      await shop.stop();
      return isResumed ? 'yes; the agent is resumed' : 'yes';
    },
  },
  {
    row: 'kill -9 in a command',
    it: 'goes on to the pull request when it is killed in the middle of a command, knowing what it was asked',
    run: async (t, agent) => {
      const rules = [stuck];
      const { shop, server } = await start(t, agent, rules);
      await untilInCommand(shop, agent);
      // Interrupted, or (qwen) ended by what outlived its killed leader for a moment.
      rules.unshift({ match: /conduxt was interrupted|The task has not ended/, steps: [commit, done] });
      process.kill(shop.records('agent-started')[0]?.process.pid ?? 0, 'SIGKILL');
      await shop.until('the command has ended', () => endlessIn(shop.worktree).length === 0);
      await shop.expect(0, 'wait', 'issue-78');
      const continuity = shop.records('agent-session').map((record) => record.continuity);
      assert.equal(continuity.length, 2);
      assert.equal(continuity[1] !== 'new', agent.resumes);
      assertDelivered(shop);
      const last = workOf(server).at(-1);
      if (agent.resumes) assert.match(last?.earlier.join('\n') ?? '', ISSUE, 'the conversation is back');
      else assert.match(last?.prompt ?? '', ISSUE, 'it is told what it forgot');
      await shop.stop();
      return agent.resumes ? `nothing left, \`${continuity[1] ?? ''}\`` : 'nothing left, new conversation with a brief';
    },
  },
  {
    row: 'finished while its host was dead',
    it: 'is believed by its own history what it finished while nobody listened, and nothing is said twice',
    run: async (t, agent) => {
      const gate = Promise.withResolvers<void>();
      const { shop, server } = await start(t, agent, [reminded, { ...issue, steps: [edit, commit, done] }], {
        before: ({ round }) => (round === 2 ? gate.promise : undefined),
      });
      await shop.expect(0, ...runWith(agent), '--no-wait');
      await shop.until('its last words are due', () => workOf(server).some(({ round }) => round === 2));
      const host = shop.records('host-started')[0]?.process.pid ?? 0;
      // Frozen, it hears nothing more; the agent goes on, and keeps what it says.
      process.kill(host, 'SIGSTOP');
      gate.resolve();
      if (agent.resumes) await shop.until('the agent has kept its last words', () => isKept(shop, LAST_WORDS));
      process.kill(host, 'SIGKILL');
      await shop.expect(0, 'watchdog', '--once');
      await shop.expect(0, 'wait', 'issue-78');
      const [first] = shop.records('turn-ended');
      assertDelivered(shop);
      const handed = shop.records('prompt-handed').length;
      await shop.stop();
      if (first?.settledBy !== 'history') return handed === 1 ? 'unheard' : 'unknown, asked to look first';
      assert.equal(handed, 1);
      return 'settled by its history';
    },
  },
  {
    row: 'stop in a command',
    it: 'leaves nothing behind when its session is stopped in the middle of a command',
    run: async (t, agent) => {
      const { shop } = await start(t, agent, [stuck]);
      await untilInCommand(shop, agent);
      await shop.stop();
      assert.deepEqual(endlessIn(shop.worktree), []);
      return 'nothing left';
    },
  },
];

/** Whether a file of the agent's, in the home of its user, holds the words. */
const isKept = (shop: Shop, words: string): boolean =>
  readdirSync(path.join(shop.root, 'home'), { recursive: true, withFileTypes: true }).some((entry) => {
    if (!entry.isFile()) return false;
    try {
      return readFileSync(path.join(entry.parentPath, entry.name)).includes(words);
    } catch {
      return false; // Replaced by a newer one, this moment.
    }
  });

const runWith = ({ pinned }: DrivenAgent): readonly string[] => ['run', 'fix issue #78', '--agent', pinned.name];

/** Begins the task and waits until it is in its endless command. */
async function untilInCommand(shop: Shop, agent: DrivenAgent): Promise<void> {
  await shop.expect(0, ...runWith(agent), '--no-wait');
  await shop.until('it is in a command', () => endlessIn(shop.worktree).length > 0);
  await shop.until('conduxt knows', () => shop.records('prompt-accepted').length === 1);
}

function assertDelivered(shop: Shop): void {
  const head = shop.git('rev-parse', 'fix/issue-78');
  const receipt = shop.records('verification-finished').at(-1)?.receipt;
  assert.deepEqual([receipt?.verdict.type, receipt?.commit], ['green', head]);
  assert.equal(shop.records('task-ended').at(-1)?.end, 'completed');
  assert.equal(shop.gitIn(shop.remote, 'rev-parse', 'fix/issue-78'), head, 'the branch is at the remote');
  assert.equal(shop.git('log', '--format=%s', 'main..fix/issue-78'), 'fix: take a discount in percent');
  assert.equal(shop.pullRequests().length, 1);
}

async function start(
  t: TestContext,
  agent: DrivenAgent,
  rules: readonly Rule[],
  options: Omit<ModelServerOptions, 'rules'> = {},
): Promise<{ readonly shop: Shop; readonly server: ModelServer }> {
  const server = await ModelServer.start({ ...options, rules });
  t.after(() => server.close());
  return { shop: new Shop(t, server.url, undefined, agent.home, SLOWEST_MS), server };
}

/** gemini needs 12 s for its start on a busy machine, twice in the longest case. */
const SLOWEST_MS = 180_000;
