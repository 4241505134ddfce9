import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { methods } from '@agentclientprotocol/sdk';
import {
  callbackIn,
  git,
  isolatedEnv,
  messageText,
  openSession,
  promptText,
  repository,
  startAgent,
  taskPrompt,
} from './rehearsal-client.ts';

const DEMO = join(import.meta.dirname, '../../fixtures/demo');

/** The demo project in a repository, with its script's tests run by this Node. */
function demo(t: TestContext): { home: string; cwd: string } {
  const { home, cwd } = repository(t, { 'src/placeholder': '' });
  cpSync(DEMO, cwd, { recursive: true });
  rmSync(join(cwd, 'src/placeholder'));
  const path = join(cwd, '.conduxt-rehearsal.json');
  const script = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...script, testCommand: [process.execPath, '--test'] }));
  const env = isolatedEnv(home);
  git(cwd, env, 'add', '-A');
  git(cwd, env, '-c', 'user.name=A', '-c', 'user.email=a@example.invalid', 'commit', '-q', '-m', 'Add the shop');
  return { home, cwd };
}

/** Its tests write their pid into a file `pid` and then wait for ever, ignoring TERM. */
const HANGING: Readonly<Record<string, string>> = {
  'a.txt': 'one\n',
  'hang.mjs': `import { renameSync, writeFileSync } from 'node:fs';
process.on('SIGTERM', () => {});
writeFileSync('pid.new', String(process.pid));
renameSync('pid.new', 'pid');
setInterval(() => {}, 1000);
`,
  '.conduxt-rehearsal.json': JSON.stringify({
    edits: [{ file: 'a.txt', find: 'one', replace: 'two' }],
    testCommand: [process.execPath, 'hang.mjs'],
    commitMessage: 'fix: count',
    report: 'Counted.',
  }),
};

/** Waits until the tests of `HANGING` run; the test ends them whatever happens. */
async function hangingPid(t: TestContext, cwd: string): Promise<number> {
  const pidFile = join(cwd, 'pid');
  await until('the tests run', () => existsSync(pidFile));
  const pid = Number(readFileSync(pidFile, 'utf8'));
  t.after(() => isAlive(pid) && process.kill(pid, 'SIGKILL'));
  return pid;
}

async function until(what: string, fact: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!fact()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await delay(5);
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return !/^[ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /, ''));
  } catch {
    return false;
  }
};

describe('the rehearsal agent', () => {
  it('solves the demo issue: edits, tests, commits and reports what it counted', async (t) => {
    const { home, cwd } = demo(t);
    const { agent, updates } = await startAgent(t, isolatedEnv(home));
    const sessionId = await openSession(agent, cwd);
    const end = await promptText(agent, sessionId, taskPrompt('Fix the discount.', 'n0nce-1'));
    assert.equal(end.stopReason, 'end_turn');

    assert.deepEqual(callbackIn(messageText(updates)), {
      task_id: 'issue-78',
      nonce: 'n0nce-1',
      status: 'completed',
      branch: 'main',
      files_changed: ['src/cart.js'],
      test_results: { passed: 4, failed: 0, skipped: 0 },
      duration_minutes: callbackIn(messageText(updates))['duration_minutes'],
      summary: callbackIn(messageText(updates))['summary'],
    });
    const env = isolatedEnv(home);
    assert.equal(git(cwd, env, 'status', '--porcelain'), '');
    assert.equal(
      git(cwd, env, 'log', '-1', '--format=%s|%an|%ae'),
      'fix: take a discount in percent, not in times|Conduxt Rehearsal|rehearsal@conduxt.invalid',
    );
    assert.match(git(cwd, env, 'show', '--stat', '--format=', 'HEAD'), /src\/cart\.js \| 2 \+-/);
  });

  it('shows its work as thought, plan, tool calls with their states, and text', async (t) => {
    const { home, cwd } = demo(t);
    const { agent, updates } = await startAgent(t, isolatedEnv(home));
    await promptText(agent, await openSession(agent, cwd), taskPrompt('Fix it.', 'n'));
    const kinds = new Set(updates.map((update) => update.sessionUpdate));
    for (const kind of [
      'agent_thought_chunk',
      'plan',
      'tool_call',
      'tool_call_update',
      'agent_message_chunk',
    ] as const) {
      assert.ok(kinds.has(kind), kind);
    }
    const calls = updates.flatMap((update) =>
      update.sessionUpdate === 'tool_call' ? [{ id: update.toolCallId, title: update.title, kind: update.kind }] : [],
    );
    assert.deepEqual(
      calls.map(({ kind }) => kind),
      ['read', 'edit', 'execute', 'execute'],
    );
    for (const { id, title } of calls) {
      const last = updates.findLast(
        (update) => update.sessionUpdate === 'tool_call_update' && update.toolCallId === id,
      );
      assert.equal(last?.sessionUpdate === 'tool_call_update' && last.status, 'completed', title);
    }
    const plan = updates.findLast((update) => update.sessionUpdate === 'plan');
    assert.ok(plan?.sessionUpdate === 'plan' && plan.entries.every(({ status }) => status === 'completed'));
  });

  it('tests and reports again when asked to fix, with the new nonce and without a second commit', async (t) => {
    const { home, cwd } = demo(t);
    const { agent, updates } = await startAgent(t, isolatedEnv(home));
    const sessionId = await openSession(agent, cwd);
    await promptText(agent, sessionId, taskPrompt('Fix it.', 'first'));
    const head = git(cwd, isolatedEnv(home), 'rev-parse', 'HEAD');
    const seen = updates.length;
    await promptText(agent, sessionId, taskPrompt('Reminder: the callback was malformed. "nonce": "first"', 'second'));
    const callback = callbackIn(messageText(updates, seen));
    assert.equal(callback['nonce'], 'second');
    assert.equal(callback['status'], 'completed');
    assert.deepEqual(callback['test_results'], { passed: 4, failed: 0, skipped: 0 });
    assert.equal(git(cwd, isolatedEnv(home), 'rev-parse', 'HEAD'), head);
  });

  it('writes and commits a note where there is no script', async (t) => {
    const { home, cwd } = repository(t, { 'a.txt': 'a\n' });
    const { agent, updates } = await startAgent(t, isolatedEnv(home));
    await promptText(agent, await openSession(agent, cwd), taskPrompt('Fix it.', 'n'));
    const callback = callbackIn(messageText(updates));
    assert.equal(callback['status'], 'completed');
    assert.equal('test_results' in callback, false);
    assert.equal(
      git(cwd, isolatedEnv(home), 'show', '--name-only', '--format=%s', 'HEAD'),
      'docs: note a rehearsal\n\nREHEARSAL.md',
    );
  });

  it('reports failed and commits nothing when the edit does not fit', async (t) => {
    const script = { edits: [{ file: 'a.txt', find: 'zzz', replace: 'y' }], commitMessage: 'x', report: 'x' };
    const { home, cwd } = repository(t, { 'a.txt': 'a\n', '.conduxt-rehearsal.json': JSON.stringify(script) });
    const { agent, updates } = await startAgent(t, isolatedEnv(home));
    await promptText(agent, await openSession(agent, cwd), taskPrompt('Fix it.', 'n'));
    assert.equal(callbackIn(messageText(updates))['status'], 'failed');
    assert.equal(git(cwd, isolatedEnv(home), 'rev-list', '--count', 'HEAD'), '1');
  });

  it('refuses a script that edits outside the repository', async (t) => {
    const script = { edits: [{ file: '../outside.txt', find: 'a', replace: 'b' }], commitMessage: 'x', report: 'x' };
    const { home, cwd } = repository(t, { '.conduxt-rehearsal.json': JSON.stringify(script) });
    writeFileSync(join(home, 'outside.txt'), 'a');
    const { agent } = await startAgent(t, isolatedEnv(home));
    await assert.rejects(promptText(agent, await openSession(agent, cwd), taskPrompt('Fix it.', 'n')));
    assert.equal(readFileSync(join(home, 'outside.txt'), 'utf8'), 'a');
  });

  it('answers a prompt that is no task with a short text', async (t) => {
    const { home, cwd } = repository(t, { 'a.txt': 'a\n' });
    const { agent, updates } = await startAgent(t, isolatedEnv(home));
    const end = await promptText(agent, await openSession(agent, cwd), 'please also update the readme');
    assert.equal(end.stopReason, 'end_turn');
    assert.match(messageText(updates), /29 characters \("please also update the readme"\)/);
    assert.equal(git(cwd, isolatedEnv(home), 'status', '--porcelain'), '');
  });

  it('changes nothing when the permission it asks for is rejected', async (t) => {
    const { home, cwd } = demo(t);
    const env = isolatedEnv(home, { CONDUXT_REHEARSAL_ASK: '1' });
    const { agent, updates, permissions } = await startAgent(t, env, () => 'reject');
    await promptText(agent, await openSession(agent, cwd), taskPrompt('Fix it.', 'n'));
    assert.equal(permissions.length, 1);
    assert.deepEqual(permissions[0]?.toolCall.locations, [{ path: join(cwd, 'src/cart.js') }]);
    assert.equal(callbackIn(messageText(updates))['status'], 'failed');
    assert.equal(git(cwd, env, 'status', '--porcelain'), '');
  });

  it('goes on when the permission is given', async (t) => {
    const { home, cwd } = demo(t);
    const env = isolatedEnv(home, { CONDUXT_REHEARSAL_ASK: '1' });
    const { agent, updates } = await startAgent(t, env, () => 'allow');
    await promptText(agent, await openSession(agent, cwd), taskPrompt('Fix it.', 'n'));
    assert.equal(callbackIn(messageText(updates))['status'], 'completed');
  });

  it('stops at a cancel, ends the test run that ignores TERM, and works on the next prompt', async (t) => {
    const { home, cwd } = repository(t, HANGING);
    const { agent } = await startAgent(t, isolatedEnv(home));
    const sessionId = await openSession(agent, cwd);
    const turn = promptText(agent, sessionId, taskPrompt('Fix it.', 'n'));
    const pid = await hangingPid(t, cwd);
    await agent.notify(methods.agent.session.cancel, { sessionId });
    assert.equal((await turn).stopReason, 'cancelled');
    assert.equal(isAlive(pid), false);
    assert.equal((await promptText(agent, sessionId, 'are you there?')).stopReason, 'end_turn');
  });

  it('leaves no process behind when its stdin ends in the middle of a test run', async (t) => {
    const { home, cwd } = repository(t, HANGING);
    const { agent, closeStdin, exited } = await startAgent(t, isolatedEnv(home));
    promptText(agent, await openSession(agent, cwd), taskPrompt('Fix it.', 'n')).catch(() => {});
    const pid = await hangingPid(t, cwd);
    closeStdin();
    assert.deepEqual(await exited, { code: 0, signal: null });
    assert.equal(isAlive(pid), false);
  });

  it('resumes a session after it was killed, without replaying it', async (t) => {
    const { home, cwd } = repository(t, { 'a.txt': 'a\n' });
    const first = await startAgent(t, isolatedEnv(home));
    const sessionId = await openSession(first.agent, cwd);
    await promptText(first.agent, sessionId, 'hello');
    first.kill('SIGKILL');
    await first.exited;
    const second = await startAgent(t, isolatedEnv(home));
    await second.agent.request(methods.agent.session.resume, { sessionId, cwd, mcpServers: [] });
    assert.deepEqual(second.updates, []);
    assert.equal((await promptText(second.agent, sessionId, 'again')).stopReason, 'end_turn');
  });

  it('replays a loaded session, its old callback too', async (t) => {
    const { home, cwd } = repository(t, { 'a.txt': 'a\n' });
    const first = await startAgent(t, isolatedEnv(home));
    const sessionId = await openSession(first.agent, cwd);
    await promptText(first.agent, sessionId, taskPrompt('Fix it.', 'old'));
    first.closeStdin();
    await first.exited;
    const second = await startAgent(t, isolatedEnv(home));
    await second.agent.request(methods.agent.session.load, { sessionId, cwd, mcpServers: [] });
    assert.equal(callbackIn(messageText(second.updates))['nonce'], 'old');
  });

  it('refuses to resume a session it does not know', async (t) => {
    const { home, cwd } = repository(t, { 'a.txt': 'a\n' });
    const { agent } = await startAgent(t, isolatedEnv(home));
    const unknown = { sessionId: '../../etc/passwd', cwd, mcpServers: [] };
    await assert.rejects(agent.request(methods.agent.session.resume, unknown), /not found/);
  });

  it('ends with stdin although nothing was asked', async (t) => {
    const { home } = repository(t, { 'a.txt': 'a\n' });
    const { closeStdin, exited } = await startAgent(t, isolatedEnv(home));
    closeStdin();
    assert.deepEqual(await exited, { code: 0, signal: null });
  });
});

describe('the demo project', () => {
  it('fails one test before the fix and none after it', async (t) => {
    const { home, cwd } = demo(t);
    const env = isolatedEnv(home);
    const script = JSON.parse(readFileSync(join(cwd, '.conduxt-rehearsal.json'), 'utf8')) as {
      edits: { file: string; find: string; replace: string }[];
    };
    const runTests = (): number | null => spawnSync(process.execPath, ['--test'], { cwd, env }).status;
    assert.equal(runTests(), 1);
    for (const { file, find, replace } of script.edits) {
      const text = readFileSync(join(cwd, file), 'utf8');
      assert.ok(text.includes(find));
      writeFileSync(join(cwd, file), text.replace(find, replace));
    }
    assert.equal(runTests(), 0);
  });
});
