import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { startTimeOf } from '../../src/process/identity.ts';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { Scratch, waitFor, type LiveSession } from './scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'done' } };
const asks: Step = { type: 'callback', status: 'need_clarification', fields: { summary: 'which?' } };

const gone = (session: LiveSession, pid: number): Promise<void> =>
  waitFor(
    session.paths.dir,
    () => startTimeOf(pid) === null,
    20_000,
    () => `host ${pid} stays:\n${session.hostLog()}`,
  );

describe('a branch of a person', () => {
  it('that the agent moved to its own commit is named everywhere, with the way back', async (t) => {
    const scratch = new Scratch(t);
    scratch.git('branch', 'topic');
    scratch.git('branch', 'other');
    const from = scratch.git('rev-parse', 'topic');
    const move: Step = { type: 'shell', command: 'git update-ref refs/heads/topic HEAD' };
    const task = scratch.task({ prompts: [{ steps: [fix, move, done] }] });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    const { receipt, pullRequest } = task.view().folded.delivery;
    const to = scratch.git('rev-parse', 'fix/task-1');
    assert.deepEqual(receipt?.movedBranches, [{ branch: 'topic', from, to }]);
    assert.ok(pullRequest);
    const back = `update-ref refs/heads/topic ${from} ${to}`;
    assert.ok(readFileSync(new URL(pullRequest.url), 'utf8').includes(`git ${back}`));
    scratch.git(...back.split(' '));
    const again = await task.call({ op: 'step', step: 'verify' });
    assert.equal('receipt' in again && again.receipt.movedBranches, undefined);
  });
});

describe('a commit that git is told to show as another one', () => {
  it('is verified and delivered as what it is', async (t) => {
    const scratch = new Scratch(t);
    const swap =
      'echo 4 > sum.txt && git commit -qam good && good=$(git rev-parse HEAD) && git reset -q --hard HEAD~1 && ' +
      'echo 6 > sum.txt && git commit -qam bad && git replace $(git rev-parse HEAD) $good && git reset -q --hard';
    const task = scratch.task(
      { prompts: [{ match: '.', steps: [{ type: 'shell', command: swap }, done] }] },
      { task: { fixRounds: 0 } },
    );
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'failed');
    assert.equal((await task.untilType('verification-finished')).receipt.verdict.type, 'dirty');
  });
});

describe('what cannot be done', () => {
  it('because the agent broke git in its worktree fails the task once, with the reason', async (t) => {
    const scratch = new Scratch(t);
    // The commit's own object: git finds the repository, and not what HEAD names.
    const command =
      'git commit -q --allow-empty -m n && head=$(git rev-parse HEAD) && rest=${head#??} && ' +
      'rm -f "$(git rev-parse --git-common-dir)/objects/${head%$rest}/$rest"';
    const task = scratch.task({ prompts: [{ steps: [{ type: 'shell', command }, done] }] });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.equal(end.end, 'failed');
    assert.match(end.reason, /^verify could not be done: /);
    assert.equal(task.types().filter((type) => type === 'host-started').length, 1, 'the host did not die of it');
  });

  it('for want of a journal ends the host for good, also before the time limit of its task', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task(
      { prompts: [{ steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] }] },
      { limits: { taskTimeoutMs: 600_000 } },
    );
    const pid = await task.host();
    await task.untilType('prompt-accepted');
    // Another host has begun: whatever this one still writes would overwrite what that one acknowledges.
    writeFileSync(path.join(task.paths.epochs, '000002'), '');
    await assert.rejects(task.call({ op: 'cancel', scope: 'turn' }));
    await task.killAgent();
    await gone(task, pid);
  });

  it('because a neighbour cannot be read is done without it', async (t) => {
    const scratch = new Scratch(t);
    const other = scratch.task({ prompts: [] }, { name: 'other' });
    const whole = readFileSync(other.paths.record);
    writeFileSync(other.paths.record, '{"schemaVersion": 1, "na');
    const task = scratch.task({ prompts: [{ steps: [fix, done] }] });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.equal(end.end, 'completed', `${end.reason}\n${task.hostLog()}`);
    assert.ok(task.view().folded.delivery.pullRequest);
    writeFileSync(other.paths.record, whole);
  });
});

describe('work that looks done and is not', () => {
  const cases: readonly { what: string; command: string; says: RegExp }[] = [
    {
      what: 'the fix is hidden from git by skip-worktree',
      command:
        'git update-index --skip-worktree sum.txt && echo 4 > sum.txt && echo n > n.txt && git add n.txt && git commit -qm n',
      says: /uncommitted changes: sum\.txt/,
    },
    {
      what: 'the fix is hidden from git by assume-unchanged',
      command: 'git update-index --assume-unchanged sum.txt && echo 4 > sum.txt && git commit -q --allow-empty -m n',
      says: /uncommitted changes: sum\.txt/,
    },
    {
      what: 'a file the tests need is hidden by info/exclude',
      command:
        'echo helper.txt >> "$(git rev-parse --git-common-dir)/info/exclude" && echo h > helper.txt && echo 4 > sum.txt && git commit -qam n',
      says: /uncommitted changes: helper\.txt/,
    },
    {
      what: 'the work is on another branch',
      command: 'git checkout -qb elsewhere && echo 4 > sum.txt && git commit -qam n',
      says: /the worktree is on elsewhere, not on fix\//,
    },
    {
      what: 'the work is on no branch',
      command: 'git checkout -q --detach && echo 4 > sum.txt && git commit -qam n',
      says: /the worktree is on no branch/,
    },
    {
      what: 'the branch lost its base',
      command:
        'git checkout -q --orphan new && echo 4 > sum.txt && git commit -qam n && git branch -M new "$(cat ../branch)"',
      says: /no longer contains the commit it began at/,
    },
    {
      what: 'only an empty commit was made',
      command: 'git commit -q --allow-empty -m n',
      says: /changes nothing compared with the base/,
    },
  ];
  for (const { what, command, says } of cases) {
    it(`is no pass: ${what}`, async (t) => {
      const scratch = new Scratch(t);
      const task = scratch.task(
        { prompts: [{ steps: [{ type: 'shell', command }, done] }] },
        { task: { fixRounds: 0 } },
      );
      mkdirSync(path.dirname(task.record.cwd), { recursive: true });
      writeFileSync(path.join(path.dirname(task.record.cwd), 'branch'), task.record.task?.branch ?? '');
      await task.host();
      const end = await task.untilType('task-ended');
      assert.equal(end.end, 'failed', end.reason);
      assert.match(end.reason, says);
      assert.equal(task.types().includes('step-finished') && task.view().folded.delivery.pushedCommit !== null, false);
    });
  }

  it('is a pass when only a person ignores a file', async (t) => {
    const scratch = new Scratch(t);
    mkdirSync(path.join(scratch.root, '.config', 'git'), { recursive: true });
    writeFileSync(path.join(scratch.root, '.config', 'git', 'ignore'), '*.swp\n');
    delete scratch.env['GIT_CONFIG_GLOBAL'];
    const task = scratch.task({ prompts: [{ steps: [{ type: 'shell', command: 'echo x > a.swp' }, fix, done] }] });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
  });
});

describe('a cancel', () => {
  it('that comes while the turn’s end is being written counts, whatever the agent said', async (t) => {
    const scratch = new Scratch(t);
    const ending = path.join(scratch.root, 'ending');
    const task = scratch.task({
      prompts: [
        {
          steps: [{ type: 'text', text: 'x' }, { type: 'write-file', path: ending }, fix, done],
          onCancel: { answer: 'ignore' },
        },
      ],
    });
    await task.host();
    await task.untilFile(ending);
    await task.call({ op: 'cancel', scope: 'turn' });
    await task.untilType('turn-routed');
    assert.equal(task.view().folded.turns.last?.routed?.type, 'nothing');
    assert.equal(task.types().includes('steps-planned'), false, 'nothing is delivered after a cancel');
  });

  it('of the task during a push leaves what has happened in the journal', async (t) => {
    const scratch = new Scratch(t);
    const pushing = path.join(scratch.root, 'pushing');
    const goOn = path.join(scratch.root, 'go-on');
    const hook = path.join(scratch.remote, 'hooks', 'pre-receive');
    writeFileSync(hook, `#!/bin/sh\ntouch ${pushing}\nwhile [ ! -e ${goOn} ]; do sleep 0.02; done\n`, { mode: 0o755 });
    const task = scratch.task({ prompts: [{ steps: [fix, done] }] });
    await task.host();
    await task.untilFile(pushing);
    await task.call({ op: 'cancel', scope: 'task' });
    writeFileSync(goOn, '');
    await task.until('push finished', (record) => record.type === 'step-finished' && record.step === 'push');
    assert.ok(task.view().folded.delivery.pushedCommit);
    assert.equal(task.view().folded.life.ended?.end, 'cancelled');
  });
});

describe('an agent that has forgotten its conversation', () => {
  it('is given the task again with what a person said meanwhile', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({
      resume: { supported: true, error: { code: -32002, message: 'gone' } },
      prompts: [
        {
          steps: [
            { type: 'text', text: 'x' },
            { type: 'wait-for-file', path: path.join(scratch.root, 'die') },
            { type: 'exit', code: 1 },
          ],
        },
        { match: 'tabs', steps: [fix, done] },
      ],
    });
    await task.host();
    await task.untilType('prompt-accepted');
    await task.tell('use tabs please');
    writeFileSync(path.join(scratch.root, 'die'), '');
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.match(task.prompts()[1] ?? '', /could not be resumed[\s\S]*Make the sum 4\.[\s\S]*use tabs please/);
  });
});

describe('a time limit', () => {
  it('counts anew for a task that a person has reopened', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task(
      {
        prompts: [
          { steps: [fix, done] },
          { match: 'more', steps: [{ type: 'shell', command: 'git commit -q --allow-empty -m more' }, done] },
        ],
      },
      { limits: { taskTimeoutMs: 10_000 } },
    );
    await task.host();
    const first = await task.untilType('task-ended');
    const later = Date.parse(first.at) + 10_000;
    await waitFor(
      task.paths.dir,
      () => Date.now() > later,
      15_000,
      () => 'the clock stands still',
    );
    await task.killHost();
    await task.tell('more');
    assert.equal((await task.untilType('task-ended', 2)).end, 'completed');
  });
});

describe('a question to a person', () => {
  const asking = async (t: TestContext, limits = {}): Promise<{ task: LiveSession; pid: number; id: string }> => {
    const scratch = new Scratch(t);
    const script = { prompts: [{ steps: [asks] }, { match: 'Yes', steps: [fix, done] }] };
    const task = scratch.task(script, { limits });
    const pid = await task.host();
    const { decision } = await task.untilType('decision-opened');
    await task.untilType('notified');
    return { task, pid, id: decision.id };
  };

  it('keeps no host when nobody answers; the answer starts one', async (t) => {
    const { task, pid, id } = await asking(t, { hostIdleMs: 300 });
    await gone(task, pid);
    assert.equal(task.view().state, 'needs-person');
    await task.call({ op: 'answer', decisionId: id, answer: 'Yes' });
    assert.equal((await task.untilType('task-ended')).end, 'completed');
  });

  it('about a permission is told to people while it can be answered', async (t) => {
    const scratch = new Scratch(t);
    const told = path.join(scratch.root, 'told');
    const argv = ['/bin/sh', '-c', `echo "$CONDUXT_OUTCOME" >> ${told}`];
    const session = scratch.plain(
      {
        prompts: [
          {
            steps: [
              {
                type: 'permission',
                toolCall: { toolCallId: 'c1', title: 'rm', kind: 'execute' },
                options: [{ optionId: 'y', kind: 'allow_once', name: 'y' }],
              },
            ],
          },
        ],
      },
      { record: { permissions: 'ask', hooks: { notify: [{ type: 'command', argv }], memoryFile: null } } },
    );
    await session.tell('go');
    const { decision } = await session.untilType('decision-opened');
    await session.untilType('notified');
    assert.equal(readFileSync(told, 'utf8').trim(), 'needs-person');
    await session.call({ op: 'answer', decisionId: decision.id, answer: 'allow' });
    await session.untilType('turn-ended');
    assert.equal(session.types().filter((type) => type === 'notified').length, 1);
  });

  it('is not asked any more when the session was stopped or the task cancelled', async (t) => {
    for (const end of [{ op: 'stop' }, { op: 'cancel', scope: 'task' }] as const) {
      const { task, id } = await asking(t);
      await task.call(end);
      assert.equal(task.view().folded.life.decisions.size, 0);
      await assert.rejects(task.call({ op: 'answer', decisionId: id, answer: 'Yes' }), { exitCode: 6 });
      assert.equal(task.types().filter((type) => type === 'prompt-queued').length, 1);
    }
  });

  it('stays open when its answer could not be written, and can be answered again', async (t) => {
    const { task, id } = await asking(t);
    renameSync(task.paths.prompts, `${task.paths.prompts}.away`);
    await assert.rejects(task.call({ op: 'answer', decisionId: id, answer: 'Yes' }), { exitCode: 74 });
    renameSync(`${task.paths.prompts}.away`, task.paths.prompts);
    await task.call({ op: 'answer', decisionId: id, answer: 'Yes' });
    assert.equal((await task.untilType('task-ended')).end, 'completed');
  });
});

describe('a damaged record', () => {
  it('never gives a task to its agent a second time', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({ prompts: [{ match: '.', steps: [fix, done] }] });
    await task.host();
    await task.untilType('notified');
    await task.killHost();
    const bytes = readFileSync(task.paths.journal);
    const at = bytes.indexOf('"prompt-queued"') + 3;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(task.paths.journal, bytes);
    await task.host();
    await task.call({ op: 'stop' });
    assert.equal(task.prompts().length, 1);
    assert.match(task.hostLog(), /the journal is damaged: \d+ bytes at offset \d+/);
    assert.ok(existsSync(task.record.cwd));
  });
});

describe('a model that the agent does not offer', () => {
  it('fails the task at once, with the list of those it does', async (t) => {
    const scratch = new Scratch(t);
    const options = [{ value: 'small', name: 'Small' }];
    const configOptions = [{ type: 'select', id: 'model', category: 'model', currentValue: 'small', options }];
    const task = scratch.task({ new: { result: { sessionId: 'n-1', configOptions } }, prompts: [] });
    const file = task.paths.record;
    const record = JSON.parse(readFileSync(file, 'utf8')) as { agent: object };
    writeFileSync(file, JSON.stringify({ ...record, agent: { ...record.agent, choices: { model: 'huge' } } }));
    await task.host();
    const end = await task.untilType('task-ended');
    assert.deepEqual([end.end, end.code], ['failed', 'agent-unavailable']);
    assert.match(end.reason, /offers no model "huge"\. It offers: small\./);
    assert.equal(task.agentRecords('start').length, 1, 'it is not tried again');
  });
});
