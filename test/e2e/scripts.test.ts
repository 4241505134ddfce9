import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { Machine } from './scratch.ts';

const SCRIPTS = path.resolve(import.meta.dirname, '../../scripts');
const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };

function script(machine: Machine, name: string, ...args: string[]): { code: number | null; text: string } {
  const ran = spawnSync(path.join(SCRIPTS, name), args, { cwd: machine.repo, env: machine.env, encoding: 'utf8' });
  return { code: ran.status, text: ran.stdout + ran.stderr };
}

const memoryOf = (machine: Machine): string => {
  const [key = ''] = readdirSync(path.join(machine.state, 'repos'));
  return readFileSync(path.join(machine.state, 'repos', key, 'MEMORY.md'), 'utf8');
};

describe('the scripts setup, launch and watchdog', { concurrency: 2 }, () => {
  it('prepare a task, give it to an agent later, and look after it', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [fix, done] }] }, { verify: { command: 'sh test.sh' } });
    const worktree = machine.file('elsewhere/the-sum');
    const description = 'Fix the sum; "quotes" $(id) `ticks`';
    const setup = script(machine, 'setup.sh', 'the-sum', 'fix/sum', worktree, description, 'acpx');
    assert.equal(setup.code, 0, setup.text);
    assert.match(setup.text, /prepared/);
    assert.ok(existsSync(path.join(worktree, 'sum.txt')));
    assert.match(memoryOf(machine), /the-sum/);
    assert.deepEqual(
      machine.journal('the-sum').filter(({ type }) => type === 'agent-started' || type === 'prompt-queued'),
      [],
    );
    const { session } = await machine.json('status', 'the-sum');
    assert.partialDeepStrictEqual(session, {
      state: 'prepared',
      branch: 'fix/sum',
      directory: worktree,
      title: description,
    });
    assert.match(JSON.stringify(session), /conduxt run --name the-sum/);

    assert.equal(
      script(machine, 'setup.sh', 'the-sum', 'fix/sum', worktree, description).code,
      0,
      'it may be repeated',
    );

    const prompt = machine.file('prompt.md');
    writeFileSync(prompt, `${description}\n`);
    const launch = script(machine, 'launch.sh', 'the-sum', worktree, prompt, 'auto', 'auto');
    assert.equal(launch.code, 0, launch.text);
    await machine.ok('wait', 'the-sum');
    const ended = (await machine.json('status', 'the-sum'))['session'];
    assert.partialDeepStrictEqual(ended, { state: 'completed', branch: 'fix/sum', directory: worktree });
    assert.match(machine.git('log', '-1', '--format=%s', 'fix/sum'), /fix: the sum/);

    const watchdog = script(machine, 'watchdog.sh', '', '--json');
    assert.equal(watchdog.code, 0, watchdog.text);
    assert.equal(script(machine, 'watchdog.sh', 'the-sum').code, 0);
  });

  it('begin with the words of the set-up when no prompt file is given', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [fix, done] }] }, { verify: { command: 'sh test.sh' } });
    assert.equal(script(machine, 'setup.sh', 'the-sum', '-', '-', 'Fix the sum').code, 0);
    const launch = script(machine, 'launch.sh', 'the-sum', '-', '-');
    assert.equal(launch.code, 0, launch.text);
    const outcome = (await machine.json('wait', 'the-sum'))['sessions'];
    assert.partialDeepStrictEqual(outcome, [{ state: 'completed', branch: 'fix/the-sum' }]);
  });

  it('say how they are used', (t) => {
    const machine = new Machine(t);
    for (const [name, code] of [
      ['setup.sh', 2],
      ['launch.sh', 2],
    ] as const) {
      const ran = script(machine, name);
      assert.equal(ran.code, code);
      assert.match(ran.text, new RegExp(`${name} <task-id>`));
    }
  });
});
