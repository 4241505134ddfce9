import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Script } from '../backend/headless/scripted-agent.ts';
import { Machine } from './scratch.ts';

const SCRIPTED = path.resolve(import.meta.dirname, '../backend/headless/scripted-agent.ts');
const FAULT = path.resolve(import.meta.dirname, '../../dist/fault-agent.js');

describe('conduxt doctor and the other ways to drive an agent', { concurrency: 2 }, () => {
  it('starts a headless mode, sees it wait, gives it no prompt, and leaves nothing running', async (t) => {
    const machine = new Machine(t);
    const file = machine.file('headless.script.json');
    const script: Script = { log: machine.file('headless.ndjson'), state: machine.file('c.json'), prompts: [] };
    writeFileSync(file, JSON.stringify(script));
    const args = ['--disable-warning=ExperimentalWarning', SCRIPTED, file];
    machine.agent({}, { agents: { codex: { headless: { command: process.execPath, args } } } });
    const { stdout } = await machine.ok('doctor', 'codex');
    assert.match(
      stdout,
      /ok +headless +OpenAI Codex: waits for a prompt, left nothing behind; resumes its conversations/i,
    );
    const events = readFileSync(script.log, 'utf8').trim().split('\n');
    const [start = '{}'] = events;
    const { event, pid } = JSON.parse(start) as { event: string; pid: number };
    assert.deepEqual(
      [event, events.some((line) => line.includes('"text":') && !line.includes('"text":""'))],
      ['start', false],
    );
    assert.equal(existsSync(`/proc/${pid}`), false);
    assert.match((await machine.ok('doctor')).stdout, /ok +headless codex +OpenAI Codex: waits/);
  });

  it('says of one that ends at once how it did: bad when it was asked about, else a note', async (t) => {
    const machine = new Machine(t);
    const broken = { command: '/bin/sh', args: ['-c', 'echo no such option >&2; exit 3'] };
    machine.agent({}, { agents: { mine: { headless: broken } } });
    const named = await machine.run('doctor', 'mine');
    assert.equal(named.code, 1);
    assert.match(named.stdout, /bad +headless +.*ended before it had a prompt \(exit code 3\): no such option/);
    assert.match((await machine.ok('doctor')).stdout, /note +headless mine +mine ended.*no such option/);
  });
});

describe('an agent that nobody ever ran', () => {
  it('is said to be unverified wherever it is shown', async (t) => {
    const machine = new Machine(t);
    const args = [FAULT, '--script', machine.file('agent.script.json')];
    machine.agent(
      { prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] },
      { agent: 'cursor', agents: { cursor: { acp: { command: process.execPath, args } } } },
    );
    const shown = async (...command: string[]): Promise<string> => {
      const { stdout, stderr } = await machine.ok(...command);
      return stdout + stderr;
    };
    assert.match(await shown('agents'), /cursor +unverified/);
    assert.match(await shown('doctor'), /agent cursor +unverified; speaks ACP/);
    assert.match(await shown('doctor', 'cursor'), /unverified: this profile comes from its manual/);
    assert.match(
      await shown('run', 'Fix it', '--dry-run', '--verify', 'true'),
      /agent +cursor .*\(unverified\) over acp/,
    );
    assert.match(await shown('start', 'helper', 'go'), /agent +cursor .*\(unverified\) over acp \(.+\)/);
    assert.match(await shown('status'), /helper +cursor \(unverified\) +acp/);
    assert.match(await shown('status', 'helper'), /cursor 0 \(unverified\) over acp/);
    const { session } = (await machine.json('status', 'helper')) as { session?: { agent?: object } };
    assert.partialDeepStrictEqual(session, { agent: { name: 'cursor', unverified: true } });
    const { agents = [] } = (await machine.json('agents')) as { agents?: { name: string; unverified: boolean }[] };
    assert.equal(agents.find(({ name }) => name === 'cursor')?.unverified, true);
  });
});
