import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offerMeant, offersFor } from '../../../src/backend/acp/agent-choices.ts';
import type { AgentChoices } from '../../../src/session/record.ts';
import { methodsIn, rig } from './rig.ts';

const select = (id: string, category: string, currentValue: string, values: readonly string[]): object => ({
  ...{ type: 'select', id, category, name: id, currentValue },
  options: values.map((value) => ({ value, name: `The ${value}` })),
});
/** As claude-agent-acp 0.100.0 has them. */
const claude = {
  sessionId: 'native-1',
  configOptions: [
    select('mode', 'mode', 'default', ['default', 'acceptEdits', 'plan']),
    select('model', 'model', 'default', ['default', 'opus', 'haiku']),
    select('effort', 'thought_level', 'default', ['default', 'low', 'high']),
  ],
};
/** As gemini 0.61.0. */
const gemini = {
  sessionId: 'native-1',
  modes: {
    currentModeId: 'default',
    availableModes: [
      { id: 'default', name: 'Default' },
      { id: 'yolo', name: 'YOLO' },
    ],
  },
  models: { currentModelId: 'gemini-2.5-pro', availableModels: [{ modelId: 'gemini-2.5-flash', name: 'Flash' }] },
};
/** As pi-acp 0.0.34: thinking levels in the place of modes. */
const pi = {
  sessionId: 'native-1',
  configOptions: [],
  modes: {
    currentModeId: 'off',
    availableModes: [
      { id: 'off', name: 'Off' },
      { id: 'high', name: 'High' },
    ],
  },
};

test('what an agent offers is read from its options, else from its modes and models', () => {
  const values = (choice: 'model' | 'mode' | 'effort', session: unknown): string[] =>
    offersFor(choice, session).map(({ value, isCurrent }) => (isCurrent ? `${value}*` : value));
  assert.deepEqual(values('model', claude), ['default*', 'opus', 'haiku']);
  assert.deepEqual(values('mode', claude), ['default*', 'acceptEdits', 'plan']);
  assert.deepEqual(values('effort', claude), ['default*', 'low', 'high']);
  assert.deepEqual(values('model', gemini), ['gemini-2.5-flash']);
  assert.deepEqual(values('mode', gemini), ['default*', 'yolo']);
  assert.deepEqual([values('effort', pi), values('mode', pi)], [['off*', 'high'], []]);
  const grouped = {
    configOptions: [
      {
        type: 'select',
        id: 'model',
        category: 'model',
        options: [{ group: 'a', options: [{ value: 'a/x' }] }, { value: 'y' }],
      },
    ],
  };
  assert.deepEqual(values('model', grouped), ['a/x', 'y']);
  for (const odd of [null, {}, { configOptions: 'no' }, { configOptions: [null, { id: 'model' }] }]) {
    assert.deepEqual(values('model', odd), []);
  }
});

test('an offer is meant by its value, its name, or the end of its value when that is clear', () => {
  const offers = offersFor('model', {
    configOptions: [select('model', 'model', '', ['openai/gpt-5', 'azure/gpt-5', 'lab/tiny', 'Sonnet'])],
  });
  const meant = (text: string): string | null => offerMeant(text, offers)?.value ?? null;
  assert.deepEqual(['openai/gpt-5', 'sonnet', 'the lab/tiny', 'tiny', 'gpt-5', 'gpt'].map(meant), [
    'openai/gpt-5',
    'Sonnet',
    'lab/tiny',
    'lab/tiny',
    null,
    null,
  ]);
});

const cases: readonly [what: string, session: object, choices: AgentChoices, sent: readonly object[]][] = [
  [
    'by config options, without what is so already',
    claude,
    { model: 'opus', mode: 'default', effort: 'high' },
    [
      { sessionId: 'native-1', configId: 'model', value: 'opus' },
      { sessionId: 'native-1', configId: 'effort', value: 'high' },
    ],
  ],
  [
    'by the older requests where there are no options',
    gemini,
    { model: 'flash', mode: 'yolo' },
    [
      { sessionId: 'native-1', modelId: 'gemini-2.5-flash' },
      { sessionId: 'native-1', modeId: 'yolo' },
    ],
  ],
  [
    'an effort as a mode where the agent has it so',
    pi,
    { effort: 'high' },
    [{ sessionId: 'native-1', modeId: 'high' }],
  ],
];
for (const [what, result, choices, sent] of cases) {
  test(`model, mode and effort are set before the first prompt: ${what}`, async (t) => {
    const set = { result: {} };
    const methods = { 'session/set_config_option': set, 'session/set_mode': set, 'session/set_model': set };
    const agent = await rig(t, { new: { result }, methods });
    await agent.open({ choices });
    const asked = agent.log('received').filter(({ method }) => String(method).startsWith('session/set_'));
    assert.deepEqual(
      asked.map(({ params }) => params),
      sent,
    );
  });
}

test('the mode in which the agent asks is set where it is offered and nobody chose another', async (t) => {
  const modes: readonly [wish: object, set: readonly object[]][] = [
    [{ askingMode: 'plan' }, [{ sessionId: 'native-1', configId: 'mode', value: 'plan' }]],
    [
      { askingMode: 'plan', choices: { mode: 'acceptEdits' } },
      [{ sessionId: 'native-1', configId: 'mode', value: 'acceptEdits' }],
    ],
    [{ askingMode: 'of-another-version' }, []],
    [{ askingMode: 'default' }, []],
  ];
  for (const [wish, set] of modes) {
    const agent = await rig(t, { new: { result: claude }, methods: { 'session/set_config_option': { result: {} } } });
    await agent.open(wish);
    const asked = agent.log('received').filter(({ method }) => String(method).startsWith('session/set_'));
    assert.deepEqual(
      asked.map(({ params }) => params),
      set,
    );
  }
});

test('what comes back counts for what is set next: another model has other efforts', async (t) => {
  const after = {
    configOptions: [
      select('model', 'model', 'opus', ['opus']),
      select('effort', 'thought_level', 'low', ['low', 'max']),
    ],
  };
  const agent = await rig(t, { new: { result: claude }, methods: { 'session/set_config_option': { result: after } } });
  await agent.open({ choices: { model: 'opus', effort: 'max' } });
  assert.equal(agent.log('received').at(-1)?.['method'], 'session/set_config_option');
});

test('what the agent does not offer is refused with the list of what it does, and nothing is prompted', async (t) => {
  const agent = await rig(t, { new: { result: claude } });
  await assert.rejects(agent.open({ choices: { model: 'gpt-9' } }), {
    code: 'agent-choice-refused',
    exitCode: 5,
    message: 'The agent offers no model "gpt-9". It offers: default, opus, haiku.',
  });
  assert.deepEqual(methodsIn(agent.log()), ['initialize', 'session/new']);
  const bare = await rig(t, {});
  await assert.rejects(bare.open({ choices: { effort: 'high' } }), {
    message: 'The agent offers no choice of effort, so it cannot be set to "high".',
  });
});

test('a resumed session has its choices set again', async (t) => {
  const { sessionId: _, ...offers } = claude;
  const agent = await rig(t, {
    resume: { supported: true, result: offers },
    methods: { 'session/set_config_option': { result: {} } },
  });
  const session = await agent.open({ resume: 'native-9', choices: { mode: 'plan' } });
  assert.equal(session.continuity, 'resumed');
  assert.deepEqual(agent.log('received').at(-1)?.['params'], {
    sessionId: 'native-9',
    configId: 'mode',
    value: 'plan',
  });
});
