import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PermissionAnswer } from '../../../src/backend/backend.ts';
import type { Step } from '../../../src/rehearsal/fault-agent/script.ts';
import { rig } from './rig.ts';

const codex = [
  { optionId: 'cancel', name: 'No, and stop', kind: 'reject_once' },
  { optionId: 'decline', name: 'No', kind: 'reject_once' },
  { optionId: 'always', name: 'Always', kind: 'allow_always' },
  { optionId: 'once', name: 'Yes', kind: 'allow_once' },
];

test('the listener’s answer reaches the agent as the option that means it', async (t) => {
  const cases: readonly [PermissionAnswer, unknown[], string][] = [
    [{ type: 'allow', always: false }, codex, 'once'],
    [{ type: 'allow', always: true }, codex, 'always'],
    [{ type: 'reject' }, codex, 'decline'],
    [{ type: 'reject' }, codex.slice(2), 'cancelled'],
    [{ type: 'allow', always: false }, [{ optionId: 'x', name: 'x', kind: 'for_today' }], 'cancelled'],
    [{ type: 'cancelled' }, codex, 'cancelled'],
  ];
  const steps = cases.map(([, options]): Step => ({ type: 'permission', options }));
  const agent = await rig(t, { prompts: [{ steps: [...steps, { type: 'text', text: 'ok' }] }] });
  const session = await agent.open({ preferredOptionIds: ['decline', 'cancel'] });
  const answers = cases.map(([answer]) => answer);
  agent.seen.onPermission = async () => answers.shift() ?? { type: 'reject' };
  assert.equal((await session.prompt({ turnId: 'a', text: 'go' })).verdict, 'done');
  assert.deepEqual(
    agent.log('permission').map(({ outcome }) => outcome),
    cases.map(([, , outcome]) => outcome),
  );
});

test('a listener that fails refuses', async (t) => {
  const agent = await rig(t, {
    prompts: [
      {
        steps: [
          { type: 'permission', options: codex },
          { type: 'text', text: 'ok' },
        ],
      },
    ],
  });
  const session = await agent.open();
  agent.seen.onPermission = () => {
    throw new Error('no policy');
  };
  await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual(
    agent.log('permission').map(({ outcome }) => outcome),
    ['cancel'],
  );
  assert.match(agent.seen.noticesOf('protocol-oddity')[0]?.what ?? '', /no policy/);
});

test('a request that gives only the tool call’s id is filled from earlier updates', async (t) => {
  const agent = await rig(t, {
    prompts: [
      {
        steps: [
          { type: 'tool', toolCallId: 't1', title: 'Terminal', kind: 'execute', rawInput: {} },
          { type: 'tool-update', toolCallId: 't1', title: 'rm x', rawInput: { command: 'rm x' } },
          { type: 'permission', toolCall: { toolCallId: 't1' }, options: codex },
        ],
      },
    ],
  });
  const session = await agent.open();
  await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual(agent.seen.permissions[0]?.request, {
    toolCallId: 't1',
    title: 'rm x',
    kind: 'execute',
    command: 'rm x',
    paths: [],
  });
});

test('other updates go on while a permission waits', async (t) => {
  const agent = await rig(t, {
    prompts: [
      {
        steps: [
          { type: 'permission', options: codex, wait: false },
          { type: 'text', text: 'meanwhile' },
          { type: 'await-permissions' },
        ],
      },
    ],
  });
  const session = await agent.open();
  let answer: (answer: PermissionAnswer) => void = () => {};
  agent.seen.onPermission = () => new Promise((resolve) => (answer = resolve));
  agent.seen.onUpdate = () => answer({ type: 'reject' });
  assert.equal((await session.prompt({ turnId: 'a', text: 'go' })).verdict, 'done');
  assert.deepEqual(agent.seen.order, ['accepted a', 'permission do something', 'a meanwhile']);
});
