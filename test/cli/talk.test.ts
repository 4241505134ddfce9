import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { Machine } from '../e2e/scratch.ts';
import { done, fix, says, verify } from './steps.ts';

describe('tell', () => {
  it('to a finished task takes it up again: same branch, same pull request', async (t) => {
    const machine = new Machine(t);
    machine.agent({
      prompts: [
        {
          match: 'changelog',
          steps: [{ type: 'shell', command: 'echo log > log.md && git add -A && git commit -qm log' }, done],
        },
        { steps: [fix, done] },
      ],
    });
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    const told = await machine.ok('tell', 'the-sum', 'and the changelog', '--wait');
    assert.match(told.stderr, /turn +2 begins/, 'turns are counted on');
    const pulls = machine
      .journal()
      .flatMap((record) =>
        record.type === 'step-finished' && record.outcome.type === 'pull-request' ? [record.outcome] : [],
      );
    assert.deepEqual(
      pulls.map(({ url, created }) => [url, created]),
      [
        [pulls[0]?.url, true],
        [pulls[0]?.url, false],
      ],
    );
    assert.match(machine.git('show', '--stat', 'fix/the-sum'), /log\.md/);
  });

  it('--create starts a session with what was to be said', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ match: 'hello', steps: [says('Hi.')] }] });
    assert.equal((await machine.run('tell', 'helper', 'hello')).code, 4);
    const { stdout } = await machine.ok('tell', 'helper', 'hello', '--create', '--wait');
    assert.match(stdout, /helper: idle/);
    assert.equal((await machine.json('status', 'helper'))['session']?.['kind' as never], 'session');
  });
});

describe('tell --create', () => {
  it('says the same words under the same key once, also when several commands create at once', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ match: 'hello', steps: [says('Hi.')] }] });
    const args = ['tell', 'helper', '--create', '--key', 'k-1', 'hello'];
    const first = await Promise.all([1, 2, 3].map(() => machine.json(...args)));
    first.push(await machine.json(...args));
    assert.deepEqual(first.map(({ outcome }) => outcome).toSorted(), ['duplicate', 'duplicate', 'duplicate', 'queued']);
    assert.equal(first.filter(({ created }) => created === true).length, 1);
    assert.deepEqual(new Set(first.map(({ key, promptId }) => `${String(key)} ${String(promptId)}`)).size, 1);
    await machine.ok('wait', 'helper');
    const handed = machine.journal('helper').filter((record) => record.type === 'prompt-handed');
    assert.equal(handed.length, 1);
    assert.equal((await machine.run('tell', 'helper', '--create', '--key', 'k-1', 'other words')).code, 2);
  });
});

describe('ask', () => {
  it('prints the answer and nothing else, and leaves no name behind', async (t) => {
    const machine = new Machine(t);
    machine.agent({
      prompts: [
        {
          match: 'teapot',
          steps: [says('Looking.'), { type: 'tool', toolCallId: 'c1', title: 'Read' }, says('I am one.')],
        },
      ],
    });
    const { stdout, stderr } = await machine.ok('ask', 'What is a teapot?');
    assert.deepEqual([stdout, stderr], ['I am one.\n', '']);
    assert.deepEqual((await machine.json('status', '--all'))['sessions'], []);
    const [id] = machine.sessionIds();
    assert.match((await machine.ok('log', id ?? '')).stdout, /I am one\./);
  });
});

describe('ask --timeout', () => {
  it('is over at once, with a sentence and an error document, and the agent is ended behind it', async (t) => {
    const machine = new Machine(t);
    const stubborn = { onCancel: { answer: 'ignore' }, onTerm: 'ignore', onEof: 'ignore' } as const;
    machine.agent({ ...stubborn, prompts: [{ match: '.', steps: [says('Hm.'), { type: 'hang' }] }] });
    const { code, stdout, stderr } = await machine.run('ask', 'why?', '--timeout', '1s', '--json');
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; remedy: string } };
    assert.deepEqual([code, error.code, error.message], [7, 'timed-out', 'fault did not answer within 1.0 s.'], stderr);
    assert.match(error.remedy, /--timeout.*conduxt log s-/);
    const types = machine.journal().map(({ type }) => type);
    assert.deepEqual([types.includes('session-stopped'), types.includes('agent-exited')], [true, false]);
    assert.deepEqual((await machine.json('status', '--all'))['sessions'], []);
  });
});

describe('a login that is missing', () => {
  it('is a question of a task, with a remedy, and exit 5 for who is answered at once', async (t) => {
    const machine = new Machine(t);
    const error = { code: -32000, message: 'Authentication required' };
    machine.agent({ prompts: [{ match: '.', steps: [{ type: 'answer', error }] }] });
    const run = await machine.run('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    assert.equal(run.code, 3, run.stdout + run.stderr);
    assert.match(run.stdout, /The agent is not logged in.* Log in with it \(conduxt doctor.*, then answer retry/);
    await machine.ok('answer', 'the-sum', 'end');
    const ended = await machine.run('wait', 'the-sum');
    assert.equal(ended.code, 5, ended.stdout + ended.stderr);
    const ask = await machine.run('ask', 'why?');
    assert.equal(ask.code, 5, ask.stderr);
    assert.match(ask.stderr, /→ Log in; conduxt doctor fault says how\./);
  });
});

describe('an answer that is none of the choices', () => {
  it('is a mistake in the command line, and the question stays', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ steps: [fix, done] }] });
    await machine.run('run', 'Fix the sum', '--name', 'the-sum');
    const { code, stderr } = await machine.run('answer', 'the-sum', 'maybe');
    assert.deepEqual([code, /"maybe" is not one of the choices: deliver, fail/.test(stderr)], [2, true], stderr);
    await machine.ok('answer', 'the-sum', 'deliver');
  });
});

describe('an agent that would judge its own work', () => {
  it('is refused, also when it unsets the marker of its session', async (t) => {
    const machine = new Machine(t);
    const said = machine.file('said.txt');
    const program = path.resolve(import.meta.dirname, '../../dist/conduxt.js');
    const call = (...args: string[]): string =>
      `env -u CONDUXT_SESSION CONDUXT_HOME='${machine.state}' '${process.execPath}' '${program}' ${args.join(' ')} >> '${said}' 2>&1; echo "= $?" >> '${said}'`;
    writeFileSync(path.join(machine.repo, 'conduxt.json'), '{"verify":{"command":"true"}}');
    machine.git('add', '-A');
    machine.git('commit', '-qm', 'Configure');
    const steps: Step[] = [
      { type: 'shell', command: call('pr', 'the-sum') },
      { type: 'shell', command: call('trust', '--yes') },
    ];
    machine.agent({ prompts: [{ steps: [...steps, fix, done] }] });
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    const text = readFileSync(said, 'utf8');
    assert.deepEqual(text.match(/^= \d+$/gm), ['= 6', '= 6'], text);
    assert.match(text, /pr the-sum was called from inside of the-sum itself/);
    assert.match(text, /trust was called by the-sum, an agent at work in this repository/);
  });
});

describe('the memory file', () => {
  it('is right when run, wait and clean return', async (t) => {
    const machine = new Machine(t);
    machine.agent({ prompts: [{ match: '.', steps: [fix, done] }] }, { memory: 'MEMORY.md' });
    const memory = (): string => readFileSync(path.join(machine.repo, 'MEMORY.md'), 'utf8');
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', ...verify);
    assert.match(memory(), /Status.{0,8}completed/);
    await machine.ok('run', 'Fix another', '--name', 'other', '--no-wait', ...verify);
    await machine.ok('wait', 'other');
    assert.equal(memory().match(/Status.{0,8}completed/g)?.length, 2);
    assert.doesNotMatch(memory(), /cleaned up/);
    await machine.ok('clean', 'the-sum');
    assert.match(memory(), /the-sum` \(cleaned up\)/);
  });
});

describe('stop', () => {
  it('says what it waits for when the agent takes its time', async (t) => {
    const machine = new Machine(t);
    machine.agent(
      { onCancel: { answer: 'ignore' }, prompts: [{ match: '.', steps: [says('Hm.'), { type: 'hang' }] }] },
      { timeouts: { cancelSeconds: 3 } },
    );
    await machine.ok('run', 'Fix the sum', '--name', 'the-sum', '--no-wait', ...verify);
    await machine.until('prompt-accepted');
    const { stderr } = await machine.ok('stop', 'the-sum');
    assert.match(stderr, /^the-sum: waiting for fault to end; after 3 s it is ended by force\.$/m);
  });
});
