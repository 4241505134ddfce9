import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Desk } from '../scratch.ts';

/** What doctor says about tmux on a machine whose PATH holds nothing, or this `tmux`. */
async function tmuxCheck(t: TestContext, version: string | null): Promise<Record<string, unknown>> {
  const desk = new Desk(t);
  const bin = path.join(desk.root, 'bin');
  mkdirSync(bin);
  if (version !== null) {
    writeFileSync(path.join(bin, 'tmux'), `#!/bin/sh\necho "tmux ${version}"\n`);
    chmodSync(path.join(bin, 'tmux'), 0o755);
  }
  const { out } = await desk.run(['doctor', '--json'], { env: { PATH: bin } });
  const { checks } = JSON.parse(out) as { checks: Record<string, unknown>[] };
  return checks.find(({ name }) => name === 'tmux') ?? {};
}

describe('doctor', () => {
  it('names tmux, what needs it, and what works without it', async (t) => {
    const missing = await tmuxCheck(t, null);
    assert.equal(missing['state'], 'note');
    assert.match(JSON.stringify(missing), /outlive their shell.*Install tmux 3\.3.*ACP/);
    assert.match(JSON.stringify(await tmuxCheck(t, '3.2a')), /too old.*Install tmux 3\.3/);
    assert.equal((await tmuxCheck(t, '3.4'))['state'], 'good');
  });
});
