import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { agentEnvironment } from '../../src/agents/environment.ts';
import { findAgent } from '../../src/agents/find.ts';
import { profileFor } from '../../src/agents/profiles.ts';
import { acpBackend } from '../../src/backend/acp/acp-backend.ts';
import type { AgentSession } from '../../src/backend/backend.ts';
import { extractCallback } from '../../src/callback/extract.ts';
import { callbackContract } from '../../src/intake/prompt.ts';
import { startTimeOf } from '../../src/process/identity.ts';
import { markedPids, SESSION_MARKER } from '../../src/process/marker.ts';
import { newSessionId } from '../../src/session/ids.ts';
import { Seen, until } from '../backend/acp/rig.ts';
import type { Rule } from './model-script.ts';
import { ModelServer, type ModelServerOptions } from './model-server.ts';
import { piEnvironment, seedPiHome } from './pi-home.ts';
import { notInstalled, PI } from './pinned-agents.ts';

/** pi, a coding agent we did not write, behind its ACP adapter, with a scripted model: real adapter, real tools. */
const missing = notInstalled(PI);

describe('pi over ACP', { skip: missing ?? false, concurrency: 2, timeout: 60_000 }, () => {
  it('writes a file, runs a command and ends with the callback that was asked for', async (t) => {
    const { open, cwd, sessionId, server } = await rig(t, [
      {
        match: /greet/,
        steps: [
          { text: 'I will write the file first.', use: { type: 'write', path: 'hello.txt', content: 'hello\n' } },
          { use: { type: 'shell', command: `cat hello.txt && printf %s "$${SESSION_MARKER}" > marker.txt` } },
          { text: 'The command said {{lastResult}}', callback: { status: 'completed', summary: 'Greeted.' } },
        ],
      },
    ]);
    const session = await open();
    const contract = { taskId: 'greeting', nonce: 'n-4711', branch: 'feat/greeting', kind: 'feat' } as const;
    const end = await session.prompt({ turnId: 't-1', text: `Please greet.\n\n${callbackContract(contract)}` });

    assert.deepEqual([end.verdict, end.stopReason, end.toolCalls], ['done', 'end_turn', 2]);
    const found = extractCallback(end.messages, contract);
    assert.deepEqual(found, {
      type: 'valid',
      callback: { task_id: 'greeting', nonce: 'n-4711', status: 'completed', summary: 'Greeted.' },
    });
    assert.match(end.messages[0] ?? '', /^The command said hello/, 'the last message begins after the last tool call');
    assert.equal(readFileSync(path.join(cwd, 'hello.txt'), 'utf8'), 'hello\n');
    assert.equal(readFileSync(path.join(cwd, 'marker.txt'), 'utf8'), sessionId, 'what the agent starts is marked');
    assert.deepEqual(
      server.requests.map(({ round }) => round),
      [0, 1, 2],
    );

    assert.ok(markedPids(sessionId).length > 0);
    assert.deepEqual((await session.close()).left, []);
    assert.deepEqual(markedPids(sessionId), []);
  });

  it('stops in the middle of an answer when it is cancelled, and takes the next prompt', async (t) => {
    const { open, seen, server } = await rig(t, [
      { match: /think/, steps: [{ text: 'Thinking without an end', hang: true }] },
      { match: /answer/, steps: [{ text: 'Forty-two.' }] },
    ]);
    const session = await open();
    const turn = session.prompt({ turnId: 't-1', text: 'think' });
    await until('the answer begins', () => said(seen).includes('Thinking'));
    await session.cancel();
    assert.equal((await turn).verdict, 'cancelled');
    await until('the model was hung up on', () => server.requests[0]?.aborted === true);

    const next = await session.prompt({ turnId: 't-2', text: 'answer' });
    assert.deepEqual([next.verdict, next.messages[0]], ['done', 'Forty-two.']);
  });

  it('leaves nothing behind when it is closed in the middle of a command', async (t) => {
    const { open, cwd, sessionId } = await rig(t, [
      { match: /wait/, steps: [{ use: { type: 'shell', command: 'echo $$ > pid.txt && tail -f /dev/null' } }] },
    ]);
    const session = await open();
    const turn = session.prompt({ turnId: 't-1', text: 'wait' });
    const file = path.join(cwd, 'pid.txt');
    await until('the command runs', () => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
    const exit = await session.close();
    assert.deepEqual(exit.left, []);
    assert.equal(startTimeOf(Number(readFileSync(file, 'utf8'))), null, 'the command has ended');
    assert.deepEqual(markedPids(sessionId), []);
    assert.equal((await turn).verdict, 'unknown');
  });

  it('remembers the conversation after kill -9, and its history is not taken for new work', async (t) => {
    const { open, seen, server } = await rig(t, [{ match: /./, steps: [{ text: 'You said {{userTexts}} things.' }] }]);
    const first = await open();
    await first.prompt({ turnId: 't-1', text: 'remember this' });
    process.kill(first.process.pid, 'SIGKILL');
    await first.exited;
    const before = seen.updates.length;

    const second = await open(first.nativeId ?? '');
    assert.deepEqual([second.continuity, second.nativeId], ['loaded', first.nativeId]);
    const replayed = seen.updates.slice(before).filter(({ view }) => view.type === 'message');
    assert.deepEqual(replayed, []);
    const end = await second.prompt({ turnId: 't-2', text: 'what did I say?' });
    assert.deepEqual([end.verdict, end.messages[0]], ['done', 'You said 2 things.']);
    assert.equal(server.requests.at(-1)?.userTexts, 2);
  });

  it('is not believed when its model refuses the key: end_turn without a word is a failure', async (t) => {
    const { open } = await rig(t, [{ match: /./, steps: [{ status: 401 }] }]);
    const end = await (await open()).prompt({ turnId: 't-1', text: 'anything' });
    assert.equal(end.stopReason, 'end_turn');
    assert.deepEqual([end.verdict, end.failure], ['failed', 'empty-turn']);
  });

  it('goes on where it was when the model is out of reach for a while', async (t) => {
    const rules: readonly Rule[] = [
      {
        match: /count/,
        steps: [
          { use: { type: 'shell', command: 'echo once >> count.txt' } },
          { text: 'Counted.', callback: { status: 'completed', summary: 'Once.' } },
        ],
      },
    ];
    let gone = false;
    const { open, cwd, seen, server } = await rig(t, rules, {
      before: ({ round }) => {
        if (round !== 1 || gone) return;
        gone = true;
        server.goAway();
      },
    });
    const session = await open();
    const contract = { taskId: 'counting', nonce: 'n-1', branch: 'feat/counting', kind: 'feat' } as const;
    const turn = session.prompt({ turnId: 't-1', text: `count\n\n${callbackContract(contract)}` });
    await until('pi finds the model gone a second time', () => said(seen).includes('attempt 2/3'));
    await server.comeBack();
    const end = await turn;
    assert.equal(end.verdict, 'done');
    // pi glues "Retry finished, resuming." to it.
    assert.equal(extractCallback(end.messages, contract).type, 'valid');
    assert.equal(readFileSync(path.join(cwd, 'count.txt'), 'utf8'), 'once\n');
  });
});

/** Everything the agent said in this test so far. */
const said = (seen: Seen): string =>
  seen.updates.map(({ view }) => (view.type === 'message' ? view.text : '')).join('');

interface Rig {
  readonly cwd: string;
  readonly sessionId: string;
  readonly seen: Seen;
  readonly server: ModelServer;
  readonly open: (resume?: string) => Promise<AgentSession>;
}

/** A scratch home and directory, a model that follows `rules`, and pi found and started as conduxt does. */
async function rig(
  t: TestContext,
  rules: readonly Rule[],
  options: Omit<ModelServerOptions, 'rules'> = {},
): Promise<Rig> {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-pi-')));
  const [home, cwd] = [path.join(root, 'home'), path.join(root, 'work')];
  mkdirSync(cwd);
  const server = await ModelServer.start({ ...options, rules });
  seedPiHome(home, server.url);
  const seen = new Seen();
  const opened: Promise<AgentSession>[] = [];
  t.after(async () => {
    server.close();
    for (const result of await Promise.allSettled(opened)) {
      if (result.status === 'fulfilled') await result.value.close();
    }
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });

  const profile = profileFor(PI.name);
  const processEnv = piEnvironment(home);
  const found = await findAgent(profile, { env: processEnv, cwd, repoRoot: null });
  assert.ok(found.state === 'found', found.state === 'missing' ? found.reason : '');
  assert.equal(found.login, 'yes');
  const { command, args, env: extra } = found.launch;
  const sessionId = newSessionId();
  const spec = {
    sessionId,
    cwd,
    command,
    args,
    env: agentEnvironment({ processEnv, profile, extra, cwd }),
    startTimeoutMs: 60_000,
    firstSignTimeoutMs: 30_000,
    turnTimeoutMs: 30_000,
    cancelTimeoutMs: 10_000,
    silenceWarnMs: 30_000,
    closePatienceMs: profile.acp?.closePatienceMs ?? 8_000,
    termPatienceMs: 2_000,
    preferredOptionIds: [],
  };
  const open = (resume: string | null = null): Promise<AgentSession> => {
    const session = acpBackend.open({ ...spec, resume }, seen.listener);
    opened.push(session);
    return session;
  };
  return { cwd, sessionId, seen, server, open };
}
