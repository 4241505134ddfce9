import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import type { FreshMode, TaskSpec } from '../../src/session/record.ts';
import { Scratch, type LiveSession } from './scratch.ts';

const shell = (command: string): Step => ({ type: 'shell', command });
const fix = shell("echo 4 > sum.txt && git commit -qam 'fix: the sum'");
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };

const verifying = (line: string, fresh?: FreshMode): Partial<TaskSpec> => ({
  verify: {
    type: 'command',
    command: { type: 'shell', line },
    from: 'flag',
    runner: null,
    timeoutMs: 20_000,
    ...(fresh === undefined ? {} : { fresh }),
  },
});
const IN_MODULES =
  'cat sum.txt node_modules/sum.txt 2>/dev/null | grep -qx 4 && echo "1 passed, 0 failed" || { echo "0 passed, 1 failed"; exit 1; }';
const hide = shell(
  'mkdir -p node_modules; echo 4 > node_modules/sum.txt; echo n > n.txt; git add n.txt; git commit -qm n',
);

function ignoring(scratch: Scratch, pattern: string): void {
  writeFileSync(path.join(scratch.repo, '.gitignore'), `${pattern}\n`);
  scratch.git('add', '-A');
  scratch.git('commit', '-qm', 'Ignore');
}

const receiptOf = (task: LiveSession) => task.view().folded.delivery.receipt;
const bodyOf = (task: LiveSession): string => {
  const url = task.view().folded.delivery.pullRequest?.url;
  assert.ok(url !== undefined, task.hostLog());
  return readFileSync(new URL(url), 'utf8');
};

describe('a pass that git does not carry', () => {
  it('goes back to the agent: what the tests need is ignored and only in its worktree', async (t) => {
    const scratch = new Scratch(t);
    ignoring(scratch, 'node_modules');
    const task = scratch.task(
      { prompts: [{ steps: [hide, done] }, { steps: [fix, done] }] },
      { task: verifying(IN_MODULES) },
    );
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    const first = (await task.untilType('verification-finished')).receipt;
    assert.deepEqual([first.verdict.type, first.fresh?.result], ['red', 'red']);
    assert.match(
      task.prompts()[1] ?? '',
      /green in your worktree, red in a fresh checkout of the commit: something the tests need is not committed \([^)]*node_modules\/sum\.txt/,
    );
    assert.match(task.prompts()[1] ?? '', /0 passed, 1 failed/);
    const last = receiptOf(task);
    assert.deepEqual([last?.verdict.type, last?.fresh?.result], ['green', 'green']);
    assert.match(
      bodyOf(task),
      /1 passed, 0 failed, 0 skipped; also in a fresh checkout \(files that git does not track changed/,
    );
    assert.equal(scratch.git('worktree', 'list').split('\n').length, 2, 'the scratch worktree is gone');
  });

  it('is said and not held against the work when the base commit lacks the same', async (t) => {
    const scratch = new Scratch(t);
    ignoring(scratch, 'dist');
    const build = shell('mkdir dist && echo "sh test.sh" > dist/run.sh');
    const task = scratch.task({ prompts: [{ steps: [build, fix, done] }] }, { task: verifying('sh ./dist/run.sh') });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    const receipt = receiptOf(task);
    assert.deepEqual([receipt?.verdict.type, receipt?.fresh?.result], ['green', 'unjudged']);
    assert.match(receipt?.fresh?.why ?? '', /dist\/run\.sh/);
    assert.match(bodyOf(task), /a fresh checkout could not judge it/);
  });

  it('is no pass when no fresh checkout can be made: the agent sees to that, and its commit is red', async (t) => {
    const scratch = new Scratch(t);
    ignoring(scratch, 'node_modules');
    const plant = shell(
      'd=$(git rev-parse --git-common-dir)/worktrees/checkout; mkdir -p $d; : > $d/commondir; for f in locked gitdir HEAD; do echo x > $d/$f; done',
    );
    const task = scratch.task({ prompts: [{ steps: [hide, plant, done] }] }, { task: verifying(IN_MODULES) });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.equal(end.end, 'failed');
    assert.match(
      end.reason,
      /^its tests pass only in the worktree .* no fresh checkout .*conduxt verify.*git worktree add/,
    );
    const { receipt } = await task.untilType('verification-finished');
    assert.deepEqual([receipt.verdict.type, receipt.fresh?.result], ['not-runnable', 'unjudged']);
    assert.equal(scratch.git('ls-remote', 'origin', `refs/heads/fix/${task.record.name}`), '');
    await assert.rejects(task.call({ op: 'step', step: 'pull-request' }), /do not pass/);
  });

  it('is confirmed by a second try when the first fresh checkout fails', async (t) => {
    const scratch = new Scratch(t);
    ignoring(scratch, 'node_modules');
    const bin = path.join(scratch.root, 'bin');
    mkdirSync(bin);
    const failsOnce = `case "$*" in *--detach*) [ -e ${bin}/failed ] || { touch ${bin}/failed; exit 1; };; esac`;
    writeFileSync(path.join(bin, 'git'), `#!/bin/sh\n${failsOnce}\nPATH=\${PATH#*:}\nexec git "$@"\n`, { mode: 0o755 });
    scratch.env['PATH'] = `${bin}:${scratch.env['PATH']}`;
    const task = scratch.task({ prompts: [{ steps: [hide, fix, done] }] }, { task: verifying(IN_MODULES) });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(receiptOf(task)?.fresh?.result, 'green');
    assert.ok(existsSync(path.join(bin, 'failed')));
  });

  it('is confirmed when the tests changed tracked files, and they are named', async (t) => {
    const scratch = new Scratch(t);
    const note = shell('echo y > y && git add y && git commit -qm y');
    const generated = scratch.task(
      { prompts: [{ steps: [note, done] }] },
      { task: verifying('grep -qx 4 sum.txt || { echo 4 > sum.txt; grep -q y y; } && sh test.sh') },
    );
    await generated.host();
    assert.equal((await generated.untilType('task-ended')).end, 'completed');
    const receipt = receiptOf(generated);
    assert.deepEqual([receipt?.changedByTests, receipt?.fresh?.result], [['sum.txt'], 'green']);
    assert.match(bodyOf(generated), /## Changed by the tests[^]*- `sum\.txt`/);
  });

  it('is only said to be one when fresh checkouts are switched off', async (t) => {
    const scratch = new Scratch(t);
    ignoring(scratch, 'node_modules');
    const task = scratch.task({ prompts: [{ steps: [hide, done] }] }, { task: verifying(IN_MODULES, 'never') });
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal(receiptOf(task)?.fresh?.result, 'off');
    assert.match(bodyOf(task), /not confirmed in a fresh checkout, which is switched off/);
  });
});

describe('work in a submodule', () => {
  const allow = ['-c', 'protocol.file.allow=always'];
  const fill = `git ${allow.join(' ')} submodule update -q --init`;
  function withSubmodule(t: TestContext): Scratch {
    const scratch = new Scratch(t);
    const library = path.join(scratch.root, 'library');
    scratch.git('clone', '-q', scratch.repo, library);
    scratch.git(...allow, 'submodule', '--quiet', 'add', library, 'sub');
    writeFileSync(path.join(scratch.repo, 'test.sh'), 'grep -qx 4 sub/sum.txt && echo "1 passed, 0 failed"\n');
    scratch.git('add', '-A');
    scratch.git('commit', '-qm', 'Submodule');
    return scratch;
  }
  const cases = [
    {
      what: 'that nobody committed',
      command: `${fill}; echo 4 > sub/sum.txt; echo x > y; git add y; git commit -qm x`,
      says: /uncommitted changes: sub\/sum\.txt/,
    },
    {
      what: 'at a commit that the repository does not name',
      command: `${fill}; (cd sub; echo 4 > sum.txt; git commit -qam s); echo x > y; git add y; git commit -qm x`,
      says: /uncommitted changes: sub$/,
    },
    {
      what: 'at a commit that nobody else can have',
      command: `${fill}; (cd sub; echo 4 > sum.txt; git commit -qam s); git add sub; git commit -qm x`,
      says: /uncommitted changes: sub \(its commit [0-9a-f]{10} is at none of its remotes\)/,
    },
  ];
  for (const { what, command, says } of cases) {
    it(`is no pass: ${what}`, async (t) => {
      const scratch = withSubmodule(t);
      const task = scratch.task({ prompts: [{ steps: [shell(command), done] }] }, { task: { fixRounds: 0 } });
      await task.host();
      const end = await task.untilType('task-ended');
      assert.equal(end.end, 'failed');
      assert.match(end.reason.replace(/ \(no fix.*/, '').replace(/;.*/, ''), says);
    });
  }

  it('is a pass when it is where the commit says, at its remote', async (t) => {
    const scratch = withSubmodule(t);
    const command = `${fill}; (cd sub; echo 4 > sum.txt; git commit -qam s; git push -q origin HEAD:refs/heads/four); git add sub; git commit -qm x`;
    const task = scratch.task({ prompts: [{ steps: [shell(command), done] }] });
    await task.host();
    const end = await task.untilType('task-ended');
    assert.equal(end.end, 'completed', end.reason);
  });
});

describe('a pass that git carries', () => {
  it('costs no second run, unless that was asked for', async (t) => {
    const scratch = new Scratch(t);
    ignoring(scratch, '__pycache__');
    const cache = shell('mkdir __pycache__ && echo x > __pycache__/a.pyc');
    const count = `echo run >> ${path.join(scratch.root, 'runs')}; sh test.sh`;
    const runs = (): number => readFileSync(path.join(scratch.root, 'runs'), 'utf8').split('\n').length - 1;
    const simple = scratch.task({ prompts: [{ steps: [cache, fix, done] }] }, { task: verifying(count) });
    await simple.host();
    assert.equal((await simple.untilType('task-ended')).end, 'completed');
    assert.deepEqual([receiptOf(simple)?.fresh, runs()], [undefined, 1]);
    const always = scratch.task({ prompts: [{ steps: [fix, done] }] }, { task: verifying(count, 'always') });
    await always.host();
    assert.equal((await always.untilType('task-ended')).end, 'completed');
    assert.deepEqual([receiptOf(always)?.fresh?.result, runs()], ['green', 3]);
  });
});
