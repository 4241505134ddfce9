import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Script, Step } from '../backend/headless/scripted-agent.ts';
import { Machine } from './scratch.ts';

const SCRIPTED = path.resolve(import.meta.dirname, '../backend/headless/scripted-agent.ts');
const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const more: Step = { type: 'shell', command: "echo done > note.txt && git add -A && git commit -qm 'docs: a note'" };
const done: Step = { type: 'callback', status: 'completed' };

/** A user's machine whose codex is the scripted headless agent, and nothing else. */
function machineWith(t: TestContext, prompts: Script['prompts'], agent = 'codex'): Machine {
  const machine = new Machine(t);
  const file = machine.file('headless.script.json');
  const script: Script = {
    log: machine.file('headless.ndjson'),
    state: machine.file('conversations.json'),
    plain: agent !== 'codex',
    prompts,
  };
  writeFileSync(file, JSON.stringify(script).replaceAll('{{root}}', machine.root));
  const args = ['--disable-warning=ExperimentalWarning', SCRIPTED, file];
  machine.agent({}, { agent, agents: { [agent]: { headless: { command: process.execPath, args } } } });
  return machine;
}

const RUN = ['run', 'Fix the sum', '--name', 'the-sum', '--verify', 'sh test.sh'];

describe('conduxt with a headless agent', { concurrency: 2 }, () => {
  it('takes a task to a verified pull request, and a tell to the same conversation', async (t) => {
    const machine = machineWith(t, [
      [fix, done],
      [more, done],
    ]);
    const ran = await machine.ok(...RUN, '--backend', 'headless');
    assert.match(ran.stdout + ran.stderr, /codex.* over headless[\s\S]*completed/);
    const { session } = await machine.json('status', 'the-sum');
    assert.partialDeepStrictEqual(session, { backend: 'headless', requestedBackend: 'headless', state: 'completed' });
    await machine.ok('tell', 'the-sum', 'Add a note.', '--wait');
    const sessions = machine.journal().filter((record) => record.type === 'agent-session');
    assert.deepEqual(
      sessions.map(({ nativeId, continuity }) => [nativeId, continuity]),
      [
        [sessions[0]?.nativeId, 'new'],
        [sessions[0]?.nativeId, 'resumed'],
      ],
    );
    assert.equal((session as { nativeSessionId?: string }).nativeSessionId, sessions[0]?.nativeId);
    assert.match((await machine.ok('log', 'the-sum')).stdout, /tool +echo done > note\.txt[^]*says +Done/);
    const write = await machine.run('attach', 'the-sum', '--write');
    assert.deepEqual([write.code, /runs headless and has no terminal/.test(write.stderr)], [2, true]);
    await machine.ok('stop', 'the-sum');
  });

  it('answers a question, and leaves nothing', async (t) => {
    const machine = machineWith(t, [[{ type: 'say', text: 'It is 4.' }]]);
    const asked = await machine.ok(
      'ask',
      'What is the sum?',
      '--backend',
      'headless',
      '--permissions',
      'approve-reads',
    );
    assert.equal(asked.stdout.trim(), 'It is 4.');
    // A program of which nothing is known cannot be kept from writing.
    const mine = machineWith(t, [[{ type: 'say', text: 'It is 4.' }]], 'mine');
    const refused = await mine.run('ask', 'What is the sum?', '--backend', 'headless');
    assert.deepEqual([refused.code, /nothing would hold it to that/.test(refused.stderr)], [6, true]);
  });

  it('refuses to run it where somebody would have to be asked, before anything is made', async (t) => {
    const machine = machineWith(t, [[fix, done]]);
    const asking = await machine.run(...RUN, '--backend', 'headless', '--permissions', 'ask');
    assert.equal(asking.code, 6, asking.stderr);
    assert.match(asking.stderr, /OpenAI Codex cannot run headless under the permission mode ask: there is no way/);
    assert.match(asking.stderr, /→ Use --permissions approve-all or approve-reads, or another backend/);
    const denied = await machine.run('start', 'x', '--backend', 'headless', '--permissions', 'deny-all', '--json');
    assert.equal(denied.code, 6, denied.stderr);
    assert.match(denied.stdout + denied.stderr, /mode-not-headless/);
    assert.deepEqual(machine.sessionIds(), []);
    const model = await machine.run(...RUN, '--backend', 'headless', '--model', 'x');
    assert.deepEqual([model.code, /agents\.codex\.headless\.args/.test(model.stderr)], [2, true]);
    const missing = await machine.run(...RUN, '--backend', 'headless', '--agent', 'copilot');
    assert.equal(missing.code, 5);
    assert.match(missing.stderr, /not known to have a headless mode[\s\S]*agents\.copilot\.headless\.command/);
  });

  it('is what is left for an agent that has neither an adapter nor a terminal, and is listed so', async (t) => {
    const machine = machineWith(t, [[]], 'mine');
    const { tasks } = await machine.json(...RUN, '--dry-run');
    assert.partialDeepStrictEqual((tasks as readonly object[])[0], {
      backend: 'headless',
      warnings: ['mine runs headless: no program that speaks ACP was found for it'],
    });
    const { agents } = await machine.json('agents');
    const mine = (agents as readonly { name: string }[]).find(({ name }) => name === 'mine');
    assert.partialDeepStrictEqual(mine, { state: 'found', terminalCommand: null });
    assert.ok((mine as { backends?: string[] }).backends?.includes('headless'));
    assert.match(JSON.stringify(mine), /"headlessCommand":\[".*scripted-agent\.ts/);
    const { agents: all } = await machine.json('agents', '--all');
    const headless = (all as readonly { name: string; backends: string[] }[])
      .filter(({ backends }) => backends.includes('headless'))
      .map(({ name }) => name);
    assert.deepEqual(headless, ['claude', 'codex', 'gemini', 'opencode', 'pi', 'mine']);
  });
});
