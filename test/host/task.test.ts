import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { tryLock } from '../../src/lock/file-lock.ts';
import type { Script, Step } from '../../src/rehearsal/fault-agent/script.ts';
import { deriveState } from '../../src/session/derive-state.ts';
import { Scratch } from './scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const breakIt: Step = { type: 'shell', command: "echo 6 > sum.txt && git commit -qam 'fix: wrong'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };

describe('a task', () => {
  it('goes from its prompt to a verified pull request', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({ prompts: [{ steps: [{ type: 'thought', text: 'hm' }, fix, done] }] });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.reason], ['completed', 'verified by its tests']);
    const { delivery } = task.view().folded;
    assert.deepEqual(delivery.receipt?.verdict, { type: 'green' });
    assert.equal(delivery.receipt?.commit, scratch.git('rev-parse', 'fix/task-1'));
    assert.equal(
      execFileSync('git', ['rev-parse', 'fix/task-1'], { cwd: scratch.remote, encoding: 'utf8' }).trim(),
      delivery.receipt?.commit,
    );
    assert.ok(delivery.pullRequest);
    const file = new URL(delivery.pullRequest.url);
    assert.match(readFileSync(file, 'utf8'), /sh test\.sh/);
    assert.equal(scratch.git('status', '--porcelain'), '', "the person's own checkout is untouched");
    assert.equal(scratch.git('rev-parse', '--abbrev-ref', 'HEAD'), 'main');
    const [prompt] = task.prompts();
    assert.match(prompt ?? '', /Make the sum 4\.[\s\S]*callback-json/);
  });

  it('is parked while the quota of its model is used up, and goes on by itself', async (t) => {
    const scratch = new Scratch(t);
    const message = 'You have hit your usage limit. Try again in 1 second.';
    const used: Step = { type: 'answer', error: { code: -32603, message } };
    const task = scratch.task({ prompts: [{ steps: [used] }, { steps: [fix, done] }] });
    await task.host();
    const parked = await task.untilType('task-parked');
    assert.match(parked.reason, /^quota: You have hit your usage limit/);
    assert.equal(deriveState(task.view().folded, task.record, true), 'parked');
    const [ended] = [task.journal().find((record) => record.type === 'turn-ended')];
    assert.ok(ended?.type === 'turn-ended' && ended.failure === 'quota' && ended.retryAt !== undefined);
    const aheadMs = Date.parse(parked.until) - Date.parse(ended.retryAt);
    assert.equal(aheadMs, 2_000, 'a little after the time that the agent named');
    const ends = await task.untilType('task-ended');
    assert.ok(ends.type === 'task-ended' && ends.end === 'completed');
    assert.ok(Date.parse(ends.at) >= Date.parse(parked.until), 'not before its time');
    assert.match(task.prompts()[1] ?? '', /could not be finished \(quota: [\s\S]*Make the sum 4/);
    assert.equal(task.view().folded.life.remindersUsed, 0);
  });

  it('is sent back with the failing part while its tests are red, and completes when they pass', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({ prompts: [{ steps: [breakIt, done] }, { steps: [fix, done] }] });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.match(task.prompts()[1] ?? '', /0 passed, 1 failed/);
    assert.equal(task.view().folded.life.fixRoundsUsed, 1);
    assert.equal((await task.untilType('baseline-checked')).receipt.verdict.type, 'red', 'the base was red as well');
    assert.match(task.prompts()[1] ?? '', /already red before your change/);
    assert.deepEqual(scratch.git('worktree', 'list').split('\n').length, 2, 'the scratch worktree is gone');
  });

  it('fails after two fix rounds in which nothing was committed', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({ prompts: [{ steps: [breakIt, done] }, { match: '.', steps: [done] }] });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, task.prompts().length], ['failed', 3]);
    assert.match(end.reason, /two fix rounds committed nothing/);
    assert.match(task.prompts()[2] ?? '', /nothing was committed since/);
  });

  it('forgets no worktree of a person when it compares with the base commit', async (t) => {
    const scratch = new Scratch(t);
    const elsewhere = path.join(scratch.root, 'on-a-disk-that-is-away');
    scratch.git('worktree', 'add', '-q', '--detach', elsewhere);
    rmSync(elsewhere, { recursive: true });
    const task = scratch.task({ prompts: [{ steps: [breakIt, done] }, { steps: [fix, done] }] });
    await task.host();
    await task.untilType('task-ended');
    await task.untilType('baseline-checked');
    assert.match(scratch.git('worktree', 'list'), /on-a-disk-that-is-away/);
  });

  it('fails when no fix round is left, and keeps the worktree', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({ prompts: [{ match: '.', steps: [breakIt, done] }] }, { task: { fixRounds: 0 } });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.equal(end.end, 'failed');
    assert.match(end.reason, /no fix rounds left/);
    assert.ok(existsSync(task.record.cwd));
    assert.equal(task.types().includes('step-finished') && task.view().folded.delivery.pullRequest, null);
  });

  it('is never completed by words alone: uncommitted work goes back to the agent', async (t) => {
    const scratch = new Scratch(t);
    const edit: Step = { type: 'shell', command: 'echo 4 > sum.txt' };
    const task = scratch.task({ prompts: [{ steps: [edit, done] }, { steps: [fix, done] }] });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    const verdicts = task
      .journal()
      .flatMap((record) => (record.type === 'verification-finished' ? [record.receipt.verdict.type] : []));
    assert.deepEqual(verdicts, ['dirty', 'green']);
  });

  it('is reminded of a missing callback twice, with what was wrong, then fails', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({
      prompts: [
        { steps: [fix, { type: 'text', text: 'All done!' }] },
        { steps: [{ type: 'text', text: '```callback-json\n{"task_id": 5}\n```' }] },
        { match: '.', steps: [{ type: 'text', text: 'Really.' }] },
      ],
    });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.equal(end.end, 'failed');
    assert.match(task.prompts()[1] ?? '', /without a callback-json block/);
    assert.match(task.prompts()[2] ?? '', /"task_id" was wrong/);
    assert.equal(task.prompts().length, 3);
  });

  it('takes no callback that carries the nonce of an earlier turn', async (t) => {
    const scratch = new Scratch(t);
    const stale = (nonce: string): Step => ({
      type: 'text',
      text:
        '```callback-json\n' +
        JSON.stringify({ task_id: '{{task_id}}', nonce, status: 'completed', summary: '' }) +
        '\n```',
    });
    const task = scratch.task({ prompts: [{ steps: [fix, stale('an-old-one')] }, { steps: [done] }] });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.match(task.prompts()[1] ?? '', /nonce/);
  });

  it('asks a person what the agent wants to know and goes on with the answer', async (t) => {
    const scratch = new Scratch(t);
    const ask: Step = { type: 'callback', status: 'need_clarification', fields: { summary: 'Four or five?' } };
    const task = scratch.task({ prompts: [{ steps: [ask] }, { match: 'Four, please', steps: [fix, done] }] });
    await task.host();
    const opened = await task.untilType('decision-opened');
    assert.equal(opened.decision.question, 'Four or five?');
    assert.equal(task.view().state, 'needs-person');
    await task.call({ op: 'answer', decisionId: opened.decision.id, answer: 'Four, please' });
    assert.equal((await task.untilType('task-ended')).end, 'completed');
  });

  it('without a test command asks a person instead of passing silently', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({ prompts: [{ steps: [fix, done] }] }, { task: { verify: { type: 'missing' } } });
    await task.host();
    const gate = await task.untilType('decision-opened');
    assert.equal(gate.decision.kind, 'gate');
    await task.call({ op: 'answer', decisionId: gate.decision.id, answer: 'deliver' });
    assert.equal((await task.untilType('task-ended')).end, 'delivered');
  });

  it('that was finished is reopened by a word and pushes to the same pull request', async (t) => {
    const scratch = new Scratch(t);
    const more: Step = { type: 'shell', command: "echo more > more.txt && git add -A && git commit -qm 'more'" };
    const task = scratch.task({ prompts: [{ steps: [fix, done] }, { match: 'Also', steps: [more, done] }] });
    await task.host();
    await task.untilType('task-ended');
    await task.tell('Also add more');
    await task.untilType('task-ended', 2);
    const pulls = task
      .journal()
      .flatMap((record) =>
        record.type === 'step-finished' && record.outcome.type === 'pull-request' ? [record.outcome] : [],
      );
    assert.equal(pulls.length, 2);
    assert.deepEqual([pulls[0]?.created, pulls[1]?.created], [true, false]);
    assert.equal(pulls[0]?.url, pulls[1]?.url);
    assert.equal(pulls[1]?.updated, 'body');
    const text = readFileSync(new URL(pulls[1].url), 'utf8');
    const commit = scratch.git('rev-parse', 'fix/task-1');
    assert.match(text, new RegExp(`^commit: ${commit}$`, 'm'));
    assert.match(text, new RegExp(`\\| Commit \\| .${commit}. \\|`));
    assert.match(text, /- `more\.txt` added/);
  });

  it('names a rewritten test script and a test that was moved away as changed judges', async (t) => {
    const scratch = new Scratch(t);
    mkdirSync(path.join(scratch.repo, 'test'));
    writeFileSync(path.join(scratch.repo, 'test', 'a.test.js'), 'a\nb\nc\n');
    scratch.git('add', '-A');
    scratch.git('commit', '-qm', 'A test');
    const cheat =
      "echo 'echo 1 passed, 0 failed' > test.sh && git mv test/a.test.js notes.txt && git commit -qam 'fix'";
    const task = scratch.task({ prompts: [{ steps: [{ type: 'shell', command: cheat }, done] }] });
    await task.host();
    await task.untilType('task-ended');
    const { receipt, pullRequest } = task.view().folded.delivery;
    assert.deepEqual(receipt?.changedJudges, ['test.sh', 'test/a.test.js']);
    assert.ok(pullRequest);
    assert.match(
      readFileSync(new URL(pullRequest.url), 'utf8'),
      /## Changed judges[^]*- `test\.sh`\n- `test\/a\.test\.js`/,
    );
  });

  it("keeps the secrets of a copied .env out of the pull request, whatever the agent's words", async (t) => {
    const scratch = new Scratch(t);
    writeFileSync(path.join(scratch.repo, '.env'), 'export API_PASS="hunter2hunter2"\nPORT=8080\n');
    const says: Step = {
      type: 'callback',
      status: 'completed',
      fields: { summary: 'It uses hunter2hunter2 on 8080.' },
    };
    const task = scratch.task(
      { prompts: [{ steps: [fix, says] }] },
      { task: { setup: { commands: [], from: 'none', copy: ['.env'], link: [], timeoutMs: 10_000 } } },
    );
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    const { pullRequest } = task.view().folded.delivery;
    assert.ok(pullRequest);
    assert.match(readFileSync(new URL(pullRequest.url), 'utf8'), /It uses \[redacted:API_PASS\] on 8080\./);
    assert.doesNotMatch(readFileSync(task.paths.journal, 'utf8'), /hunter2hunter2/);
  });

  it('can be verified again by hand, and says when its tests fail now', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({ prompts: [{ steps: [fix, done] }] });
    await task.host();
    await task.untilType('task-ended');
    const green = await task.call({ op: 'step', step: 'verify' });
    assert.equal('receipt' in green && green.receipt.verdict.type, 'green');
    writeFileSync(path.join(task.record.cwd, 'sum.txt'), '7\n');
    const dirty = await task.call({ op: 'step', step: 'verify' });
    assert.equal('receipt' in dirty && dirty.receipt.verdict.type, 'dirty');
    assert.equal(task.view().state, 'completed', 'looking again changes no outcome');
  });

  it('whose set-up fails says so and never starts the agent', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task(
      { prompts: [{ steps: [fix, done] }] },
      {
        task: {
          setup: {
            commands: [{ type: 'shell', line: 'echo no such package >&2; exit 3' }],
            from: 'config',
            copy: [],
            link: [],
            timeoutMs: 10_000,
          },
        },
      },
    );
    await task.host();
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.code], ['failed', 'set-up-failed']);
    assert.equal(task.types().includes('agent-started'), false);
    assert.match((await task.untilType('setup-finished')).excerpt, /no such package/);
  });

  it('whose agent cannot be started fails with the reason after a second try', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({
      start: [
        { type: 'stderr', text: 'license expired' },
        { type: 'exit', code: 3 },
      ],
    });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.code], ['failed', 'agent-unavailable']);
    assert.equal(task.agentRecords('start').length, 2);
  });

  it('that was to come after another waits for it', async (t) => {
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const first = scratch.task(
      { prompts: [{ steps: [{ type: 'wait-for-file', path: goOn }, fix, done] }] },
      { name: 'first' },
    );
    const second = scratch.task({ prompts: [{ steps: [fix, done] }] }, { name: 'second', task: { after: ['first'] } });
    await first.host();
    await second.host();
    await second.untilType('task-waiting');
    assert.equal(second.types().includes('agent-started'), false);
    writeFileSync(goOn, '');
    assert.equal((await second.untilType('task-ended')).end, 'completed');
    assert.ok(first.view().folded.life.ended);
  });

  it('goes on waiting while the other one is retried', async (t) => {
    const scratch = new Scratch(t);
    const first = scratch.task({ prompts: [{ match: '.', steps: [{ type: 'hang' }] }] }, { name: 'first' });
    const second = scratch.task({ prompts: [{ steps: [fix, done] }] }, { name: 'second', task: { after: ['first'] } });
    await first.host();
    await second.host();
    await second.untilType('task-waiting');
    assert.deepEqual([second.view().state, second.view().folded.life.waitsFor], ['waiting', ['first']]);
    // What `retry` does: it holds the name, stops the old session, and gives the name to a new one.
    mkdirSync(path.join(scratch.home, 'repos/demo-12345678/removing'), { recursive: true });
    const lock = await tryLock(path.join(scratch.home, 'repos/demo-12345678/removing/first.lock'));
    assert.ok(lock);
    await first.call({ op: 'stop' });
    // Each of these makes it look again.
    for (let look = 0; look < 5; look += 1) await second.call({ op: 'cancel', scope: 'turn' });
    const again = scratch.task({ prompts: [{ steps: [fix, done] }] }, { name: 'again' });
    writeFileSync(path.join(scratch.home, 'repos/demo-12345678/names/first'), again.record.id);
    lock.release();
    await again.host();
    assert.equal((await second.untilType('task-ended')).end, 'completed');
  });
});

describe('a task whose worktree was cleaned up', () => {
  it('refuses the steps by hand, and names the way on', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({ prompts: [{ steps: [fix, done] }] });
    await task.host();
    await task.untilType('task-ended');
    scratch.git('worktree', 'remove', '--force', task.record.cwd);
    for (const step of ['verify', 'pull-request'] as const)
      await assert.rejects(task.call({ op: 'step', step }), { code: 'worktree-gone', exitCode: 6, remedy: /retry/ });
  });
});

describe('a task whose worktree is removed in the middle of its turn', () => {
  it('fails at the end of that turn with the reason, and pays for no other', async (t) => {
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const task = scratch.task({
      prompts: [
        {
          match: '.',
          steps: [
            { type: 'text', text: 'x' },
            { type: 'wait-for-file', path: goOn },
          ],
        },
      ],
    });
    await task.host();
    await task.untilType('prompt-accepted');
    rmSync(task.record.cwd, { recursive: true });
    writeFileSync(goOn, '');
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, task.prompts().length], ['failed', 1]);
    assert.match(end.reason, /its worktree .* was removed; begin again with conduxt retry task-1/);
    await task.untilType('notified');
    assert.equal(task.view().state, 'failed');
  });
});

describe('a task that ends before its agent was given anything', () => {
  it('because the task it comes after was stopped, ends once, and a tell names retry', async (t) => {
    const scratch = new Scratch(t);
    const first = scratch.task({ prompts: [{ match: '.', steps: [{ type: 'hang' }] }] }, { name: 'first' });
    const second = scratch.task({ prompts: [{ steps: [fix, done] }] }, { name: 'second', task: { after: ['first'] } });
    await first.host();
    await second.host();
    await second.untilType('task-waiting');
    await first.call({ op: 'stop' });
    const end = await second.untilType('task-ended');
    assert.deepEqual([end.end, end.code], ['failed', 'dependency-failed']);
    await second.untilType('notified');
    await assert.rejects(second.tell('go on'), { code: 'task-never-began', exitCode: 6, remedy: /retry second/ });
    assert.equal(second.view().state, 'failed');
    assert.deepEqual(
      second.types().filter((type) => type === 'task-ended' || type === 'notified' || type === 'prompt-dropped'),
      ['prompt-dropped', 'task-ended', 'notified'],
    );
    assert.deepEqual(second.prompts(), []);
  });

  it('because its worktree cannot be made, ends once', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({ prompts: [{ steps: [fix, done] }] }, { name: 'blocked' });
    mkdirSync(task.record.cwd, { recursive: true });
    writeFileSync(path.join(task.record.cwd, 'thesis.txt'), 'years of work');
    await task.host();
    await task.untilType('notified');
    await assert.rejects(task.tell('go on'), { code: 'task-never-began' });
    assert.equal(task.types().filter((type) => type === 'task-ended').length, 1);
    assert.equal(readFileSync(path.join(task.record.cwd, 'thesis.txt'), 'utf8'), 'years of work');
  });
});

describe('the files that other tasks also touch', () => {
  it('are those of work that is not merged yet', async (t) => {
    const scratch = new Scratch(t);
    const add = (line: string): Step => ({
      type: 'shell',
      command: `echo 4 > sum.txt && echo ${line} >> log.txt && git add -A && git commit -qm ${line}`,
    });
    const finished = async (name: string): Promise<readonly string[]> => {
      const task = scratch.task({ prompts: [{ steps: [add(name), done] }] }, { name });
      await task.host();
      assert.equal((await task.untilType('task-ended')).end, 'completed');
      return Object.keys(task.view().folded.delivery.pullRequest?.conflicts ?? {});
    };
    assert.deepEqual(await finished('one'), []);
    assert.deepEqual(await finished('two'), ['one']);
    scratch.git('merge', '-q', '--no-ff', '--no-edit', 'fix/one');
    assert.deepEqual(await finished('three'), ['two']);
  });
});

describe('tasks that wait for a slot', () => {
  it('get it by priority, then by age', async (t) => {
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const limits = { slotsPerUser: 1, slotsPerAgent: 1 };
    const script: Script = { prompts: [{ steps: [fix, done] }] };
    const holder = scratch.plain(
      {
        prompts: [
          {
            steps: [
              { type: 'text', text: 'x' },
              { type: 'wait-for-file', path: goOn },
            ],
          },
        ],
      },
      { limits },
    );
    await holder.tell('go');
    await holder.untilType('prompt-accepted');
    const usual = scratch.task(script, { name: 'usual', limits });
    const urgent = scratch.task(script, { name: 'urgent', limits, task: { priority: 5 } });
    for (const task of [usual, urgent]) {
      await task.host();
      await task.untilType('slot-waiting');
    }
    writeFileSync(goOn, '');
    await usual.untilType('slot-taken');
    assert.ok(urgent.types().includes('task-ended'), 'the urgent one was not first');
  });
});

describe("a task's own clock", () => {
  it('ends it as failed, with the reason, and leaves the worktree', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task(
      { prompts: [{ match: '.', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] }] },
      { limits: { taskTimeoutMs: 4000 } },
    );
    await task.host();
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.code], ['failed', 'timed-out']);
    assert.match(end.reason, /^not finished within 4\.0 s/);
    assert.equal((await task.untilType('turn-ended')).verdict, 'cancelled');
    assert.ok(existsSync(task.record.cwd));
  });
});
