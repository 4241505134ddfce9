import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import type { JournalRecord } from '../../src/session/events.ts';
import { requireSameGitConfig } from '../../src/cli/clean/same-git-config.ts';
import { openRepository } from '../../src/git/repository.ts';
import { taskSpec } from '../session/samples.ts';
import { Scratch, type LiveSession } from './scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };
const shell = (command: string): Step => ({ type: 'shell', command });

/** Every way in which the agent's words could be executed by a git that is not the agent's own. */
const plant = (mark: string): string =>
  [
    `printf '#!/bin/sh\\ntouch ${mark}-$1\\ncat\\n' > ../evil.sh && chmod +x ../evil.sh && evil=$(realpath ../evil.sh)`,
    'common=$(git rev-parse --git-common-dir)',
    'git config filter.evil.clean "$evil filter"',
    'git config filter.evil.smudge "$evil smudge"',
    'mkdir -p "$common/info" && echo "* filter=evil diff=evil merge=evil" > "$common/info/attributes"',
    'git config diff.evil.textconv "$evil textconv"',
    'git config diff.external "$evil external"',
    'git config merge.evil.driver "$evil driver"',
    'git config core.fsmonitor "$evil fsmonitor"',
    'git config core.sshCommand "$evil ssh"',
    'git config credential.helper "!$evil credential"',
    'git config url."ext::$evil instead".insteadOf ../remote.git',
    'for hook in pre-push post-checkout reference-transaction post-index-change; do printf "#!/bin/sh\\n$evil $hook\\n" > "$common/hooks/$hook"; chmod +x "$common/hooks/$hook"; done',
  ].join(' && ');

const marksOf = (scratch: Scratch): string[] =>
  execFileSync('find', [scratch.root, '-maxdepth', '1', '-name', 'mark-*', '-printf', '%f\n'], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name !== '');

const opened = async (task: LiveSession, nth = 1): Promise<JournalRecord & { type: 'decision-opened' }> =>
  task.untilType('decision-opened', nth);

/** What `conduxt clean` asks before its git looks at the work. */
const mayClean = async (scratch: Scratch, task: LiveSession): Promise<void> =>
  requireSameGitConfig(await openRepository(scratch.repo, scratch.env), { view: task.view(), task: taskSpec() });

/** A step ran only where it says so. */
const steps = (task: LiveSession): string[] =>
  task.journal().flatMap((record) => (record.type === 'step-finished' ? [record.step] : []));

describe('what an agent plants in git’s configuration', () => {
  it('runs in none of our git calls, is a decision that names it, and denied ends the task', async (t) => {
    const scratch = new Scratch(t);
    const mark = path.join(scratch.root, 'mark');
    const task = scratch.task({ prompts: [{ steps: [fix, shell(plant(mark)), done] }] });
    await task.host();
    const { decision } = await opened(task);
    assert.equal(decision.kind, 'gate');
    assert.deepEqual(decision.choices, ['allow', 'deny', 'retry']);
    assert.match(decision.question, /^Git's configuration was changed while the agent worked: .*May conduxt's git run/);
    const changes = Object.values(decision.facts).join('\n');
    for (const what of ['filter.evil.clean', 'core.fsmonitor', 'diff.evil.textconv', 'insteadof', 'hooks/pre-push'])
      assert.ok(changes.includes(what), `${what} in ${changes}`);
    // People are told of it first; until then the host is at work.
    await task.untilType('notified');
    assert.equal(task.view().state, 'needs-person');
    await assert.rejects(task.call({ op: 'step', step: 'verify' }), { code: 'git-config-changed' });
    await task.call({ op: 'answer', decisionId: decision.id, answer: 'deny' });
    const end = await task.untilType('task-ended');
    assert.equal(end.end, 'failed');
    assert.match(end.reason, /was not allowed/);
    assert.deepEqual(steps(task), []);
    // The agent's own git may have run its own filter; ours, which came after, did not.
    const ours = marksOf(scratch).filter((name) => !/-(reference-transaction|post-index-change)$/.test(name));
    assert.deepEqual(ours, []);
    assert.ok(existsSync(task.record.cwd), 'the work is kept');
    await assert.rejects(mayClean(scratch, task), { code: 'git-config-changed' });
    execFileSync('git', ['status'], { cwd: task.record.cwd, env: scratch.env });
    assert.ok(
      marksOf(scratch).some((name) => /-(filter|fsmonitor)$/.test(name)),
      'a git without our care would have run it',
    );
  });

  it('is forgotten when the agent undoes it, as a person told it to', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({
      prompts: [
        { steps: [fix, shell('git config filter.evil.clean cat'), done] },
        { match: 'undo', steps: [shell('git config --unset filter.evil.clean'), done] },
      ],
    });
    await task.host();
    await opened(task);
    await task.tell('undo what you did to the configuration');
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(task.view().folded.gitConfig.pending, null);
    scratch.git('remote', 'add', 'later', '../later.git');
    await mayClean(scratch, task);
    const ends = task.journal().flatMap((record) => (record.type === 'decision-ended' ? [record.end.type] : []));
    assert.deepEqual(ends, ['withdrawn']);
  });

  it('goes on when a person allows it, and exactly that: more of it is another decision', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({
      prompts: [{ steps: [fix, shell('git remote add mirror ../mirror.git'), done] }],
    });
    await task.host();
    const first = await opened(task);
    assert.match(first.decision.question, /remote\.mirror\.url/);
    scratch.git('config', 'filter.late.clean', 'cat');
    await task.call({ op: 'answer', decisionId: first.decision.id, answer: 'allow' });
    const second = await opened(task, 2);
    assert.match(second.decision.question, /filter\.late\.clean/);
    assert.doesNotMatch(second.decision.question, /mirror/);
    scratch.git('config', '--unset', 'filter.late.clean');
    await task.call({ op: 'answer', decisionId: second.decision.id, answer: 'retry' });
    assert.equal((await task.untilType('task-ended')).end, 'completed');
  });

  it('is found when the tests plant it, between two calls of git', async (t) => {
    const scratch = new Scratch(t);
    const mark = path.join(scratch.root, 'mark-late');
    const sneaky = `echo 'git config filter.evil.clean "touch ${mark}; cat"; mkdir -p "$(git rev-parse --git-common-dir)/info"; echo "* filter=evil" > "$(git rev-parse --git-common-dir)/info/attributes"; touch sum.txt' >> test.sh && git commit -qam 'test: more'`;
    const task = scratch.task({ prompts: [{ steps: [fix, shell(sneaky), done] }] });
    await task.host();
    const { decision } = await opened(task);
    assert.match(decision.question, /filter\.evil\.clean/);
    assert.equal(existsSync(mark), false);
    assert.deepEqual(steps(task), []);
  });

  it('does not become the starting point of another task that begins meanwhile', async (t) => {
    const scratch = new Scratch(t);
    const gate = path.join(scratch.root, 'go-on');
    const planted = path.join(scratch.root, 'planted');
    const mark = path.join(scratch.root, 'mark');
    const evil = scratch.task({
      prompts: [
        {
          steps: [
            shell(plant(mark)),
            { type: 'write-file', path: planted },
            { type: 'wait-for-file', path: gate },
            done,
          ],
        },
      ],
    });
    await evil.host();
    await evil.untilFile(planted);
    const good = scratch.task({ prompts: [{ steps: [fix, done] }] });
    await good.host();
    const { decision } = await opened(good);
    assert.match(decision.question, /by another task that is not finished/);
    assert.equal(good.view().state, 'needs-person');
    assert.equal(existsSync(good.record.cwd), false, 'git worktree add would have run the filter');
    assert.deepEqual(
      marksOf(scratch).filter((name) => name.includes('smudge')),
      [],
    );
    await good.call({ op: 'answer', decisionId: decision.id, answer: 'deny' });
    assert.equal((await good.untilType('task-ended')).end, 'failed');
    writeFileSync(gate, '');
  });

  it('that leaves git unable to read the repository executes nothing: the task fails with the reason', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task({
      prompts: [{ steps: [fix, shell('echo "[broken" >> "$(git rev-parse --git-common-dir)/config"'), done] }],
    });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.match(end.reason, /^verify could not be done: .*bad config line/);
  });

  it('is what it was when set-up, not the agent, changed it; a hook manager is no surprise', async (t) => {
    const scratch = new Scratch(t);
    const task = scratch.task(
      { prompts: [{ steps: [fix, done] }] },
      {
        task: {
          setup: {
            commands: [{ type: 'shell', line: 'git config core.hooksPath .husky' }],
            from: 'config',
            copy: [],
            link: [],
            timeoutMs: 10_000,
          },
        },
      },
    );
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
  });

  it('is said in a session without a task, which runs no git of ours', async (t) => {
    const scratch = new Scratch(t);
    mkdirSync(path.join(scratch.root, 'other'));
    const session = scratch.plain({ prompts: [{ steps: [shell('git remote add other ../other')] }] });
    await session.host();
    await session.tell('add a remote');
    const milestone = await session.untilType('milestone');
    assert.match(milestone.text, /git's configuration was changed: .*remote\.other\.url/);
    await session.untilType('turn-ended');
    assert.equal(session.view().state, 'idle');
  });
});
