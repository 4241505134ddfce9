import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ConduxtError } from '../../src/errors.ts';
import { requireBubblewrap } from '../../src/process/bubblewrap.ts';
import { markedPids } from '../../src/process/marker.ts';
import type { SandboxPlan } from '../../src/session/record.ts';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { hasTmux } from '../tmux/scratch.ts';
import { Scratch } from './scratch.ts';
import { done as endsTurn, terminalScratch } from './terminal-scratch.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'done' } };

/** The sandbox of this machine; skips the test where there is none. */
async function sandboxHere(t: TestContext, writable: readonly string[]): Promise<SandboxPlan | null> {
  try {
    const program = await requireBubblewrap(process.env, '/');
    // The scripted agent lies in this checkout, which a user's agent does not.
    return { type: 'bwrap', program, writable: [ROOT, ...writable] };
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    t.skip(error.message);
    return null;
  }
}

describe('an agent in a sandbox', () => {
  it('writes its worktree and commits, and nothing else: nor do the tests it wrote', async (t) => {
    const scratch = new Scratch(t);
    const out = path.join(scratch.root, 'out');
    mkdirSync(out);
    const sandbox = await sandboxHere(t, [out]);
    if (sandbox === null) return;
    writeFileSync(path.join(scratch.root, 'mine.txt'), 'mine');
    const config = readFileSync(path.join(scratch.repo, '.git/config'), 'utf8');
    const outside = [
      path.join(scratch.root, 'outside'),
      path.join(scratch.repo, 'in-the-main-checkout'),
      path.join(scratch.repo, '.git/hooks/post-commit'),
      '/var/tmp/conduxt-sandbox-test',
    ];
    const attempts = [
      ...outside.map((file) => `echo x > ${file}`),
      `rm ${scratch.root}/mine.txt`,
      'git config core.fsmonitor /bin/false',
      `mv ${scratch.repo}/.git/config ${scratch.repo}/.git/config.old`,
      'echo x > /tmp/private-to-it',
      `ls -A ${scratch.home} > seen.txt`,
      `ls -A ${scratch.home}/sessions/*/ >> seen.txt`,
    ];
    const work = `${attempts.join('; ')}; echo 4 > sum.txt; git add -A; git commit -qm 'fix: the sum'`;
    const escape = `echo x > ${scratch.root}/from-the-tests; sh test.sh`;
    const task = scratch.task(
      { log: path.join(out, 'agent.ndjson'), prompts: [{ steps: [{ type: 'shell', command: work }, done] }] },
      {
        record: { sandbox },
        task: {
          verify: {
            ...{ type: 'command', from: 'flag', runner: null, timeoutMs: 20_000 },
            command: { type: 'shell', line: escape },
          },
        },
      },
    );
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    for (const file of [...outside, path.join(scratch.root, 'from-the-tests'), '/tmp/private-to-it'])
      assert.equal(existsSync(file), false, file);
    assert.equal(readFileSync(path.join(scratch.root, 'mine.txt'), 'utf8'), 'mine');
    const configNow = readFileSync(path.join(scratch.repo, '.git/config'), 'utf8');
    assert.ok(configNow.startsWith(config) && !configNow.includes('fsmonitor'), configNow);
    const seen = readFileSync(path.join(task.record.cwd, 'seen.txt'), 'utf8');
    assert.doesNotMatch(seen, /journal|sock|repos/, 'the state directory was in sight');
  });

  it('is ended with everything it started', async (t) => {
    const scratch = new Scratch(t);
    const out = path.join(scratch.root, 'out');
    mkdirSync(out);
    const sandbox = await sandboxHere(t, [out]);
    if (sandbox === null) return;
    const file = path.join(out, 'started');
    const session = scratch.plain(
      {
        log: path.join(out, 'agent.ndjson'),
        prompts: [
          {
            steps: [
              { type: 'shell', command: `setsid sleep 300 >/dev/null 2>&1 & echo x > ${file}` },
              { type: 'text', text: 'x' },
            ],
          },
        ],
      },
      { record: { sandbox } },
    );
    await session.tell('work');
    await session.untilType('turn-ended');
    assert.ok(existsSync(file));
    assert.ok(markedPids(session.record.id).length > 1, 'the child is running');
    assert.deepEqual(await session.call({ op: 'stop' }), { stopped: true, left: [] });
    assert.deepEqual(markedPids(session.record.id), []);
  });

  it('in a terminal is confined in the same way, and its pane ends', async (t) => {
    if (!(await hasTmux(t))) return;
    const { scratch, server, session } = terminalScratch(t);
    const out = path.join(scratch.root, 'out');
    mkdirSync(out);
    const sandbox = await sandboxHere(t, [out]);
    if (sandbox === null) return;
    writeFileSync(path.join(scratch.root, 'mine.txt'), 'mine');
    const outside = [path.join(scratch.root, 'outside'), path.join(scratch.repo, 'in-the-main-checkout')];
    const attempts = [...outside.map((file) => `echo x > ${file}`), `rm ${scratch.root}/mine.txt`];
    const work = `${attempts.join('; ')}; echo 4 > sum.txt; git commit -qam 'fix: the sum'; ls -A ${scratch.home} > ${out}/seen`;
    const task = session(
      'task',
      'task-1',
      { log: path.join(out, 'agent.ndjson'), prompts: [{ steps: [{ type: 'shell', command: work }, endsTurn] }] },
      { record: { sandbox } },
    );
    await task.host();
    assert.equal((await task.untilType('task-ended')).end, 'completed');
    assert.equal((await server.panes()).length, 1);
    for (const file of outside) assert.equal(existsSync(file), false, file);
    assert.equal(readFileSync(path.join(scratch.root, 'mine.txt'), 'utf8'), 'mine');
    assert.doesNotMatch(
      readFileSync(path.join(out, 'seen'), 'utf8'),
      /repos|slots/,
      'the state directory was in sight',
    );
    await task.call({ op: 'stop' });
    assert.deepEqual(await server.panes(), []);
    assert.deepEqual(markedPids(task.record.id), []);
  });
});
