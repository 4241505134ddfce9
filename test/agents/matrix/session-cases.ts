import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { AgentSession, PermissionAnswer } from '../../../src/backend/backend.ts';
import { extractCallback } from '../../../src/callback/extract.ts';
import { callbackContract } from '../../../src/intake/prompt.ts';
import { markedPids } from '../../../src/process/marker.ts';
import { until } from '../../backend/acp/rig.ts';
import type { DrivenAgent } from '../driven.ts';
import { drivenRig, ENDLESS, endlessIn, said, storyOf, type DrivenRig } from '../driven-rig.ts';
import type { Rule, Step } from '../model-script.ts';
import { NEVER_ASKS, type MatrixCase } from './case.ts';

/** What an agent does in one conversation over ACP. */

const ANSWER: Rule = { match: /the answer/, steps: [{ text: 'Forty-two.' }] };
const WAIT: Rule = { match: /wait/, steps: [{ use: ENDLESS }, { text: 'It ended.' }] };
/** A command that a cautious agent asks about. */
const tryTo = (name: string): Rule => {
  const use = { type: 'shell', command: `echo done > ${name}`, escalate: true } as const;
  return { match: /try/, steps: [{ text: 'I will try.', use }, { text: 'Well.' }] };
};

/** For a command to end whose turn was cancelled. */
const PATIENCE_MS = 8000;
const contract = { taskId: 'greeting', nonce: 'n-4711', branch: 'feat/greeting', kind: 'feat' } as const;

export const SESSION_CASES: readonly MatrixCase[] = [
  {
    row: 'whole turn with callback',
    it: 'does a whole turn and ends with the callback that was asked for',
    run: async (t, agent) => {
      const steps: Step[] = [
        { text: 'I will greet.', use: { type: 'shell', command: 'echo hello > hello.txt' } },
        { text: 'Greeted.', callback: { status: 'completed', summary: 'Greeted.' } },
      ];
      const { open, cwd, seen } = await drivenRig(t, agent, [{ match: /greet/, steps }]);
      const session = await open();
      const end = await session.prompt({ turnId: 't-1', text: `Please greet.\n\n${callbackContract(contract)}` });
      assert.equal(end.verdict, 'done', `${end.failure ?? ''} ${end.detail ?? ''} ${storyOf(seen)}`);
      assert.equal(extractCallback(end.messages, contract).type, 'valid');
      assert.equal(readFileSync(path.join(cwd, 'hello.txt'), 'utf8'), 'hello\n');
      return 'yes';
    },
  },
  {
    row: 'permission allowed',
    it: 'does what was allowed, once',
    run: async (t, agent) => {
      const { open, cwd, seen } = await drivenRig(t, agent, [tryTo('allowed.txt')]);
      const end = await (await open()).prompt({ turnId: 't-1', text: 'try' });
      assert.equal(end.verdict, 'done', storyOf(seen));
      assert.equal(readFileSync(path.join(cwd, 'allowed.txt'), 'utf8'), 'done\n', storyOf(seen));
      assert.equal(seen.permissions.length, agent.asks ? 1 : 0);
      return agent.asks ? 'asks, then runs' : NEVER_ASKS;
    },
  },
  {
    row: 'permission refused',
    it: 'runs nothing that was refused',
    run: async (t, agent) => {
      const { open, cwd, seen } = await drivenRig(t, agent, [tryTo('refused.txt')]);
      seen.onPermission = async (): Promise<PermissionAnswer> => ({ type: 'reject' });
      const end = await (await open()).prompt({ turnId: 't-1', text: 'try' });
      assert.equal(seen.permissions.length > 0, agent.asks, storyOf(seen));
      assert.equal(existsSync(path.join(cwd, 'refused.txt')), !agent.asks);
      if (!agent.asks) return NEVER_ASKS;
      // What the model says after it was told of the refusal.
      const goesOn = said(seen).includes('Well.');
      return `not run; ${goesOn ? 'goes on' : `turn ends (\`${end.stopReason ?? end.verdict}\`)`}`;
    },
  },
  {
    row: 'cancel in text',
    it: 'stops in the middle of an answer when it is cancelled, and takes the next prompt',
    run: async (t, agent) => {
      const think: Rule = { match: /think/, steps: [{ text: 'Thinking without an end', hang: true }] };
      const { open, seen } = await drivenRig(t, agent, [ANSWER, think]);
      const session = await open();
      const turn = session.prompt({ turnId: 't-1', text: 'think' });
      await until('the answer begins', () => said(seen).includes('Thinking'), 40_000);
      await session.cancel();
      const { verdict, stopReason } = await turn;
      assert.equal(verdict, 'cancelled');
      await takesTheNext(session, seen);
      return `\`${stopReason ?? 'no answer'}\``;
    },
  },
  {
    row: 'cancel in a command',
    it: 'leaves no command behind that was cancelled and closed',
    run: async (t, agent) => {
      const { open, cwd, sessionId, seen } = await drivenRig(t, agent, [ANSWER, WAIT]);
      const session = await open();
      const turn = session.prompt({ turnId: 't-1', text: 'wait' });
      await until('the command runs', () => endlessIn(cwd).length > 0, 60_000);
      await until(
        'it says so',
        () => seen.permissions.length > 0 || seen.updates.some(({ view }) => view.type === 'tool'),
        60_000,
      );
      await session.cancel();
      const { verdict, stopReason } = await turn;
      assert.equal(verdict, 'cancelled');
      const ends = await until('the command ends', () => endlessIn(cwd).length === 0, PATIENCE_MS).then(
        () => true,
        () => false,
      );
      // As the host does it: an agent that was ended because of its command is resumed.
      const next = session.isGone ? await session.exited.then(() => open(session.nativeId)) : session;
      await takesTheNext(next, seen);
      assert.deepEqual((await next.close()).left, []);
      assert.deepEqual(endlessIn(cwd), []);
      assert.deepEqual(markedPids(sessionId), []);
      return `\`${stopReason ?? 'no answer'}\`, command ${ends ? 'ends' : 'lives until `stop`'}${next === session ? '' : ' (with the agent, resumed)'}`;
    },
  },
  {
    row: 'cancel while it asks',
    it: 'runs nothing when it is cancelled while it asks for a permission, and takes the next prompt',
    run: async (t, agent) => {
      if (!agent.asks) return NEVER_ASKS;
      const { open, cwd, seen } = await drivenRig(t, agent, [ANSWER, tryTo('cancelled.txt')]);
      seen.onPermission = (_request, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve({ type: 'cancelled' })));
      const session = await open();
      const turn = session.prompt({ turnId: 't-1', text: 'try' });
      await until('it asks', () => seen.permissions.length > 0, 40_000);
      await session.cancel();
      const { verdict, stopReason } = await turn;
      assert.equal(verdict, 'cancelled');
      assert.equal(existsSync(path.join(cwd, 'cancelled.txt')), false);
      await takesTheNext(session, seen);
      return `\`${stopReason ?? 'no answer'}\``;
    },
  },
  {
    row: 'model answers 401',
    it: 'is not believed when its model answers 401',
    run: (t, agent) => trouble(t, agent, { match: /./, steps: [{ status: 401 }] }),
  },
  {
    row: "model's stream is cut",
    it: "is not believed when its model's answer breaks off every time",
    run: (t, agent) => trouble(t, agent, { match: /./, steps: [{ text: 'I will begin', cut: true }] }),
  },
  {
    row: 'one 529',
    it: 'gets over one 529, or says that it did not',
    run: async (t, agent) => {
      const there: Rule = { match: /./, steps: [{ text: 'There.' }] };
      const rules: Rule[] = [{ match: /./, steps: [{ status: 529 }] }];
      let met = false;
      const { open, seen } = await drivenRig(t, agent, rules, {
        before: ({ tools }) => {
          if (tools.length === 0) return;
          met = true;
          rules.splice(0, 1, there);
        },
      });
      const end = await (await open()).prompt({ turnId: 't-1', text: 'anything' });
      assert.ok(met);
      if (end.verdict === 'done') assert.match(said(seen), /There\./);
      else assert.equal(end.verdict, 'failed');
      return end.verdict === 'done' ? 'gets over it' : `\`${end.failure ?? ''}\``;
    },
  },
];

async function takesTheNext(session: AgentSession, seen: DrivenRig['seen']): Promise<void> {
  const next = await session.prompt({ turnId: 't-2', text: 'Now the answer.' });
  assert.equal(next.verdict, 'done', `${next.failure ?? ''} ${next.detail ?? ''} ${storyOf(seen)}`);
  assert.match(next.messages[0] ?? '', /Forty-two/, storyOf(seen));
}

/** A turn with this trouble is not taken for a success. */
async function trouble(t: TestContext, agent: DrivenAgent, rule: Rule): Promise<string> {
  const { open, seen } = await drivenRig(t, agent, [rule]);
  const end = await (await open()).prompt({ turnId: 't-1', text: 'anything' });
  const callback = extractCallback(end.messages, contract).type;
  assert.ok(end.verdict === 'failed' || callback === 'missing', storyOf(seen));
  return end.verdict === 'failed' ? `\`${end.failure ?? ''}\`` : 'no callback';
}
