import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { repoPaths } from '../../src/store/paths.ts';
import { Scratch, waitFor } from './scratch.ts';

const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };

const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const untilText = (file: string, fits: RegExp): Promise<void> =>
  waitFor(
    path.dirname(file),
    () => fits.test(read(file)),
    10_000,
    () => `${file} never matched ${String(fits)}:\n${read(file)}`,
  );

describe('the memory of a repository', () => {
  it('tells every task from its start to its end, with all that is needed to make it again', async (t) => {
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const task = scratch.task({
      prompts: [{ steps: [{ type: 'text', text: 'x' }, { type: 'wait-for-file', path: goOn }, fix, done] }],
    });
    const paths = repoPaths(scratch.home, 'demo-12345678');
    mkdirSync(paths.dir, { recursive: true });
    await task.host();
    await untilText(paths.memory, /in-progress/);
    for (const fact of ['task-1', 'fix/task-1', task.record.cwd, 'fault', 'acp', 'conduxt status task-1']) {
      assert.ok(read(paths.memory).includes(fact), `${fact} is missing in:\n${read(paths.memory)}`);
    }
    writeFileSync(goOn, '');
    await untilText(paths.memory, /Status.{0,8}completed[\s\S]*file:\/\//);
    const tasks = JSON.parse(read(paths.activeTasks)) as unknown;
    assert.match(JSON.stringify(tasks), /"taskId":"task-1"/);
  });

  it('leaves what people wrote in the file of their repository as it is', async (t) => {
    const scratch = new Scratch(t);
    const memoryFile = path.join(scratch.repo, 'MEMORY.md');
    const before = '# Ours\r\n\r\nNotes with **words**.\r\n';
    writeFileSync(memoryFile, before, { mode: 0o644 });
    const task = scratch.task({ prompts: [{ steps: [fix, done] }] }, { record: { hooks: { notify: [], memoryFile } } });
    await task.host();
    await untilText(memoryFile, /In-Flight Tasks[\s\S]*Status.{0,8}completed/);
    assert.ok(read(memoryFile).startsWith(before));
  });
});

describe('notifications', () => {
  it('reach a command with the outcome, once, and a failing one changes nothing', async (t) => {
    const scratch = new Scratch(t);
    const told = path.join(scratch.root, 'told');
    const notify = [
      { type: 'command', argv: ['/bin/sh', '-c', 'exit 7'] },
      { type: 'command', argv: ['/bin/sh', '-c', `echo "$CONDUXT_TASK $CONDUXT_OUTCOME $CONDUXT_PR_URL" >> ${told}`] },
      { type: 'marker', path: path.join(scratch.root, 'marker') },
    ] as const;
    const task = scratch.task(
      { prompts: [{ steps: [fix, done] }] },
      { record: { hooks: { notify, memoryFile: null } } },
    );
    await task.host();
    const notified = await task.untilType('notified');
    assert.equal(task.view().state, 'completed');
    assert.match(read(told), /^.+ completed file:.+\n$/);
    assert.ok(existsSync(path.join(scratch.root, 'marker')));
    assert.equal(notified.problems.length, 1);
  });

  it('that take their time hold up neither a stop nor the next prompt, and are told all the same', async (t) => {
    const scratch = new Scratch(t);
    const goOn = path.join(scratch.root, 'go-on');
    const notify = [
      { type: 'command', argv: ['/bin/sh', '-c', `until [ -e '${goOn}' ]; do sleep 0.05; done`] },
    ] as const;
    const task = scratch.task(
      { prompts: [{ steps: [fix, done] }, { match: 'more', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] }] },
      { record: { hooks: { notify, memoryFile: null } } },
    );
    await task.host();
    await task.untilType('task-ended');
    await task.tell('more');
    await task.untilType('prompt-accepted', 2);
    await task.call({ op: 'stop' });
    assert.equal(task.types().includes('notified'), false);
    writeFileSync(goOn, '');
    await task.untilType('notified');
    await task.untilType('host-stopped');
  });
});
