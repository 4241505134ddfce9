import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Desk } from '../cli/scratch.ts';

const LOCK = path.resolve(import.meta.dirname, '../../src/lock/file-lock.ts');

describe('a look that hangs', () => {
  it('keeps those that cron begins after it from waiting behind it for ever', async (t) => {
    const desk = new Desk(t);
    const file = path.join(desk.home, 'watchdog/pass.lock');
    mkdirSync(path.dirname(file), { recursive: true });
    const config = path.join(desk.root, 'config.json');
    writeFileSync(config, JSON.stringify({ watchdog: { intervalSeconds: 1 } }));
    const hold = `const { tryLock } = await import(${JSON.stringify(LOCK)});
      console.log(await tryLock(${JSON.stringify(file)}) !== null); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', hold], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(() => holder.kill('SIGKILL'));
    assert.equal(String((await once(holder.stdout, 'data'))[0]).trim(), 'true');
    const env = { CONDUXT_CONFIG: config };
    const { code, err } = await desk.run(['watchdog', '--once'], { env });
    assert.equal(code, 75, err);
    assert.match(err, /Another look has not ended within 1[.\d]* ?s[^]*→ .*watchdog/);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    assert.equal((await desk.run(['watchdog', '--once'], { env })).code, 0);
  });
});
