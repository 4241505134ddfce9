import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSignOfLife, usageOfAnswer, viewOf } from '../../../src/backend/acp/view.ts';

const text = (value: string): object => ({ type: 'text', text: value });

test('updates are read by kind, and what is missing or odd breaks nothing', () => {
  const cases: readonly [unknown, object][] = [
    [
      { sessionUpdate: 'agent_message_chunk', content: text('hi'), messageId: 'm1' },
      { type: 'message', text: 'hi', messageId: 'm1' },
    ],
    [
      { sessionUpdate: 'agent_message_chunk', content: text('hi') },
      { type: 'message', text: 'hi', messageId: null },
    ],
    [
      { sessionUpdate: 'agent_message_chunk', content: { type: 'image' } },
      { type: 'other', kind: 'agent_message_chunk' },
    ],
    [{ sessionUpdate: 'agent_message_chunk' }, { type: 'other', kind: 'agent_message_chunk' }],
    [
      { sessionUpdate: 'agent_thought_chunk', content: text('hm') },
      { type: 'thought', text: 'hm' },
    ],
    [
      { sessionUpdate: 'tool_call', toolCallId: 't', title: 'Edit', kind: 'edit', status: 'pending', rawInput: {} },
      { type: 'tool', toolCallId: 't', title: 'Edit', kind: 'edit', status: 'pending' },
    ],
    [
      { sessionUpdate: 'tool_call_update', toolCallId: 'unseen', title: null, extra: 1 },
      { type: 'tool', toolCallId: 'unseen', title: null, kind: null, status: null },
    ],
    [
      { sessionUpdate: 'tool_call', title: 'no id' },
      { type: 'other', kind: 'tool_call' },
    ],
    [
      { sessionUpdate: 'plan', entries: [{ content: 'a', status: 'completed', priority: 'low' }, {}, 7] },
      {
        type: 'plan',
        entries: [
          { content: 'a', status: 'completed' },
          { content: '', status: 'pending' },
          { content: '', status: 'pending' },
        ],
      },
    ],
    [
      { sessionUpdate: 'usage_update', used: 38, size: 190000, cost: { amount: 0.5, currency: 'USD' } },
      { type: 'usage', usage: { contextTokens: 38, contextSize: 190000, costAmount: 0.5, costCurrency: 'USD' } },
    ],
    [
      { sessionUpdate: 'usage_update', used: null, size: null },
      { type: 'usage', usage: {} },
    ],
    [{ sessionUpdate: 'available_commands_update' }, { type: 'other', kind: 'available_commands_update' }],
    [{ sessionUpdate: 'brand_new' }, { type: 'other', kind: 'brand_new' }],
    [{}, { type: 'other', kind: 'unknown' }],
    [null, { type: 'other', kind: 'unknown' }],
  ];
  for (const [update, expected] of cases) assert.deepEqual(viewOf(update), expected, JSON.stringify(update));
});

test('no update makes the reader throw', () => {
  const kinds = ['agent_message_chunk', 'agent_thought_chunk', 'tool_call', 'tool_call_update', 'plan', 'usage_update'];
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.object(), fc.jsonValue(), (sessionUpdate, rest, value) => {
      const kind = viewOf({
        ...rest,
        content: value,
        entries: value,
        cost: value,
        toolCallId: value,
        sessionUpdate,
      }).type;
      assert.ok(['message', 'thought', 'tool', 'plan', 'usage', 'other'].includes(kind));
    }),
  );
});

test('housekeeping is no sign that a prompt was taken up; work of any kind is', () => {
  const sign = (sessionUpdate: string, more: object = {}): boolean => isSignOfLife(viewOf({ sessionUpdate, ...more }));
  for (const kind of [
    'available_commands_update',
    'current_mode_update',
    'config_option_update',
    'session_info_update',
  ]) {
    assert.equal(sign(kind), false, kind);
  }
  assert.equal(sign('usage_update', { used: 1 }), false);
  for (const kind of [
    'user_message_chunk',
    'agent_message_chunk',
    'agent_thought_chunk',
    'plan',
    'subagent_update',
    'new',
  ]) {
    assert.equal(sign(kind), true, kind);
  }
  assert.equal(sign('tool_call', { toolCallId: 't' }), true);
});

test('the usage of a turn is read where agents put it', () => {
  const cases: readonly [unknown, object | null][] = [
    [
      { stopReason: 'end_turn', usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3, cachedReadTokens: 0 } },
      { inputTokens: 1, outputTokens: 2, totalTokens: 3, cachedReadTokens: 0 },
    ],
    [{ stopReason: 'end_turn', usage: { inputTokens: -5, outputTokens: 2 } }, { outputTokens: 2 }],
    [
      { stopReason: 'end_turn', _meta: { quota: { token_count: { input_tokens: 4, output_tokens: 5 } } } },
      { inputTokens: 4, outputTokens: 5 },
    ],
    [{ stopReason: 'end_turn', usage: { inputTokens: null } }, null],
    [{ stopReason: 'end_turn' }, null],
    [null, null],
  ];
  for (const [result, expected] of cases) assert.deepEqual(usageOfAnswer(result), expected);
});
