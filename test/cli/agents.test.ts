import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Desk } from './scratch.ts';

describe('the list of agents', () => {
  it('shows of one that only the configuration knows the backends that it names, and how it resumes over ACP only', async (t) => {
    const desk = new Desk(t);
    const config = path.join(desk.root, 'config', 'conduxt', 'config.json');
    mkdirSync(path.dirname(config), { recursive: true });
    const command = process.execPath;
    const agents = { term: { terminal: { command } }, quick: { headless: { command } }, full: { acp: { command } } };
    writeFileSync(config, JSON.stringify({ agents }));
    const { out } = await desk.run(['agents', '--json'], { env: { XDG_CONFIG_HOME: path.join(desk.root, 'config') } });
    const listed = (JSON.parse(out) as { agents: { name: string; backends: string[]; resume: string | null }[] })
      .agents;
    const of = (name: string): unknown => {
      const found = listed.find((one) => one.name === name);
      return found === undefined ? null : [found.backends, found.resume];
    };
    assert.deepEqual(of('term'), [['tmux'], null]);
    assert.deepEqual(of('quick'), [['headless'], null]);
    assert.deepEqual(of('full'), [['acp'], 'load']);
    assert.equal((of('rehearsal') as unknown[])[1], 'load');
  });
});
