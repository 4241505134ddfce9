import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { agentEnvironment } from '../../src/agents/environment.ts';
import { findAgent } from '../../src/agents/find.ts';
import { profileFor } from '../../src/agents/profiles.ts';
import { acpBackend } from '../../src/backend/acp/acp-backend.ts';
import type { AgentSession, PermissionAnswer } from '../../src/backend/backend.ts';
import { extractCallback } from '../../src/callback/extract.ts';
import { callbackContract } from '../../src/intake/prompt.ts';
import { startTimeOf } from '../../src/process/identity.ts';
import { markedPids } from '../../src/process/marker.ts';
import { newSessionId } from '../../src/session/ids.ts';
import { Seen, until } from '../backend/acp/rig.ts';
import { DRIVEN_AGENTS, type DrivenAgent } from './driven.ts';
import type { Rule } from './model-script.ts';
import { ModelServer, type ModelServerOptions } from './model-server.ts';
import { notInstalled } from './pinned-agents.ts';

/**
 * Every agent through the same cases, real adapter and real tools, against a scripted model on the loopback. What an agent
 * cannot do is a cell of the table, not a failure; what conduxt promises is asserted for all of them.
 */
const slow = process.env['SLOW_TESTS'] === '1' ? null : 'slow: npm run test:agents';
const cells = new Map<string, Map<string, string>>();
const wait: Rule = {
  match: /wait/,
  steps: [{ use: { type: 'shell', command: 'echo $$ > pid.txt && tail -f /dev/null' } }],
};

for (const agent of DRIVEN_AGENTS) {
  const { name } = agent.pinned;
  const skip = notInstalled(agent.pinned) ?? slow ?? false;
  describe(`${name}, driven`, { skip, concurrency: 1, timeout: 400_000 }, () => {
    const cell = (what: string, word: string): void => {
      const row = cells.get(what) ?? new Map<string, string>();
      cells.set(what, row.set(name, word));
    };

    it('does a whole turn and ends with the callback that was asked for', async (t) => {
      const steps = [
        { use: { type: 'shell', command: 'echo hello > hello.txt' } as const },
        { text: 'Greeted.', callback: { status: 'completed', summary: 'Greeted.' } },
      ];
      const { open, cwd, seen } = await rig(t, agent, [{ match: /greet/, steps }]);
      const session = await open();
      const contract = { taskId: 'greeting', nonce: 'n-4711', branch: 'feat/greeting', kind: 'feat' } as const;
      const end = await session.prompt({ turnId: 't-1', text: `Please greet.\n\n${callbackContract(contract)}` });
      assert.equal(end.verdict, 'done', `${end.failure ?? ''} ${end.detail ?? ''} ${said(seen)}`);
      assert.equal(extractCallback(end.messages, contract).type, 'valid');
      assert.equal(readFileSync(path.join(cwd, 'hello.txt'), 'utf8'), 'hello\n');
      cell('turn with callback', session.agentVersion ?? 'yes');
    });

    it('runs nothing that was refused', async (t) => {
      const steps = [{ use: { type: 'shell', command: 'echo no > refused.txt' } as const }, { text: 'Well.' }];
      const { open, cwd, seen } = await rig(t, agent, [{ match: /try/, steps }]);
      seen.onPermission = async (): Promise<PermissionAnswer> => ({ type: 'reject' });
      const end = await (await open()).prompt({ turnId: 't-1', text: 'try' });
      if (agent.asks) assert.ok(seen.permissions.length > 0, 'it asks');
      assert.equal(existsSync(path.join(cwd, 'refused.txt')), !agent.asks);
      cell('refusal', agent.asks ? `obeyed (${end.stopReason ?? end.verdict})` : 'never asks');
    });

    it('stops in the middle of an answer when it is cancelled, and takes the next prompt', async (t) => {
      const { open, seen } = await rig(t, agent, [
        { match: /think/, steps: [{ text: 'Thinking without an end', hang: true }] },
        { match: /answer/, steps: [{ text: 'Forty-two.' }] },
      ]);
      const session = await open();
      const turn = session.prompt({ turnId: 't-1', text: 'think' });
      await until('the answer begins', () => said(seen).includes('Thinking'), 30_000);
      await session.cancel();
      assert.equal((await turn).verdict, 'cancelled');
      assert.equal((await session.prompt({ turnId: 't-2', text: 'answer' })).verdict, 'done');
      cell('cancel in text', `yes (${(await turn).stopReason ?? ''})`);
    });

    it('leaves no command behind that was cancelled and closed', async (t) => {
      const { open, cwd, sessionId } = await rig(t, agent, [wait]);
      const session = await open();
      const turn = session.prompt({ turnId: 't-1', text: 'wait' });
      const pid = await pidIn(cwd);
      await session.cancel();
      assert.equal((await turn).verdict, 'cancelled');
      const survives = startTimeOf(pid) !== null;
      assert.deepEqual((await session.close()).left, []);
      assert.equal(startTimeOf(pid), null);
      assert.deepEqual(markedPids(sessionId), []);
      cell('cancel in a command', survives ? 'turn ends, command ended by conduxt' : 'turn and command end');
    });

    it('leaves nothing behind when it is killed in the middle of a command, and remembers when resumed', async (t) => {
      const { open, cwd, sessionId, server, seen } = await rig(t, agent, [
        wait,
        { match: /recall/, steps: [{ text: 'You said {{userTexts}} things.' }] },
      ]);
      const first = await open();
      await first.prompt({ turnId: 't-0', text: 'recall' });
      const turn = first.prompt({ turnId: 't-1', text: 'wait' });
      const pid = await pidIn(cwd);
      process.kill(first.process.pid, 'SIGKILL');
      // qwen's inner process outlives its killed leader for a moment, and answers.
      assert.ok(['unknown', 'done'].includes((await turn).verdict));
      await first.exited;
      assert.equal(startTimeOf(pid), null, 'the command has ended');
      assert.deepEqual(markedPids(sessionId), []);
      const second = await open(first.nativeId ?? '');
      const end = await second.prompt({ turnId: 't-2', text: 'recall' });
      assert.equal(end.verdict, 'done', `${end.failure ?? ''} ${end.detail ?? ''} ${said(seen)}`);
      assert.ok((server.requests.at(-1)?.userTexts ?? 0) >= 2, 'the conversation is back');
      cell('kill -9, resume', second.continuity);
    });

    const troubles: readonly [string, Rule, ModelServerOptions['before']][] = [
      ['model answers 401', { match: /./, steps: [{ status: 401 }] }, undefined],
      ['stream cut for ever', { match: /./, steps: [{ text: 'I will begin', cut: true }] }, undefined],
    ];
    for (const [what, rule] of troubles) {
      it(`is not believed: ${what}`, async (t) => {
        const { open } = await rig(t, agent, [rule]);
        const end = await (await open()).prompt({ turnId: 't-1', text: 'anything' });
        const callback = extractCallback(end.messages, { nonce: 'n', taskId: 't' }).type;
        assert.ok(end.verdict === 'failed' || callback === 'missing', 'no success');
        cell(what, end.verdict === 'failed' ? (end.failure ?? '') : 'no callback');
      });
    }

    it('ends the turn of one 529, and says how', async (t) => {
      const rules: Rule[] = [{ match: /./, steps: [{ status: 529 }] }];
      const { open } = await rig(t, agent, rules, { before: () => void rules.splice(0, 1, ok) });
      const ok: Rule = { match: /./, steps: [{ text: 'There.' }] };
      const end = await (await open()).prompt({ turnId: 't-1', text: 'anything' });
      assert.ok(end.verdict === 'done' || end.verdict === 'failed');
      cell('one 529', end.verdict === 'done' ? 'by itself' : (end.failure ?? ''));
    });
  });
}

after(() => {
  const names = DRIVEN_AGENTS.map(({ pinned }) => pinned.name).filter((name) =>
    [...cells.values()].some((row) => row.has(name)),
  );
  if (names.length === 0) return;
  const lines: string[] = [];
  lines.push(`| case | ${names.join(' | ')} |`);
  lines.push(`| --- | ${names.map(() => '---').join(' | ')} |`);
  for (const [what, row] of cells)
    lines.push(`| ${what} | ${names.map((name) => row.get(name) ?? 'FAILED').join(' | ')} |`);
  process.stdout.write(`${lines.join('\n')}\n`);
});

const said = (seen: Seen): string =>
  seen.updates.map(({ view }) => (view.type === 'message' ? view.text : '')).join('');

async function pidIn(cwd: string): Promise<number> {
  const file = path.join(cwd, 'pid.txt');
  await until('the command runs', () => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'), 40_000);
  return Number(readFileSync(file, 'utf8'));
}

interface Rig {
  readonly cwd: string;
  readonly sessionId: string;
  readonly seen: Seen;
  readonly server: ModelServer;
  readonly open: (resume?: string) => Promise<AgentSession>;
}

async function rig(
  t: TestContext,
  agent: DrivenAgent,
  rules: readonly Rule[],
  options: Omit<ModelServerOptions, 'rules'> = {},
): Promise<Rig> {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), `conduxt-${agent.pinned.name}-`)));
  const [home, cwd] = [path.join(root, 'home'), path.join(root, 'work')];
  mkdirSync(cwd);
  const server = await ModelServer.start({ ...options, rules });
  agent.seed(home, server.url);
  const seen = new Seen();
  const opened: Promise<AgentSession>[] = [];
  t.after(async () => {
    server.close();
    for (const result of await Promise.allSettled(opened)) {
      if (result.status === 'fulfilled') await result.value.close();
    }
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  const profile = profileFor(agent.pinned.name);
  const processEnv = agent.environment(home, server.url);
  const found = await findAgent(profile, { env: processEnv, cwd, repoRoot: null });
  assert.ok(found.state === 'found', found.state === 'missing' ? found.reason : '');
  const { command, args, env: extra } = found.launch;
  const sessionId = newSessionId();
  const spec = {
    ...{ sessionId, cwd, command, args },
    env: agentEnvironment({ processEnv, profile, extra, cwd }),
    startTimeoutMs: 90_000,
    firstSignTimeoutMs: 45_000,
    turnTimeoutMs: 45_000,
    cancelTimeoutMs: 10_000,
    silenceWarnMs: 45_000,
    closePatienceMs: profile.acp?.closePatienceMs ?? 8_000,
    termPatienceMs: 2_000,
    preferredOptionIds: profile.acp?.preferredOptionIds ?? [],
  };
  const open = (resume: string | null = null): Promise<AgentSession> => {
    const session = acpBackend.open({ ...spec, resume }, seen.listener);
    opened.push(session);
    return session;
  };
  return { cwd, sessionId, seen, server, open };
}
