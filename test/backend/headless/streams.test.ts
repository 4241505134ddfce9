import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MessageLog } from '../../../src/backend/acp/message-log.ts';
import { viewOf } from '../../../src/backend/acp/view.ts';
import type { AgentNews } from '../../../src/session/agent-news.ts';
import { STREAMS } from '../../../src/backend/headless/streams.ts';
import type { Told } from '../../../src/backend/headless/told.ts';
import { extractCallback } from '../../../src/callback/extract.ts';
import type { Usage } from '../../../src/session/events.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../../../fixtures/headless');
type Name = keyof typeof STREAMS;

/** What a recorded run tells. */
function told(name: Name, file: string): readonly Told[] {
  const lines = readFileSync(path.join(FIXTURES, name, `${file}.ndjson`), 'utf8')
    .trim()
    .split('\n');
  return lines.flatMap((line) => [...STREAMS[name](JSON.parse(line))]);
}

const views = (all: readonly Told[]): AgentNews[] =>
  all.flatMap((one) => (one.type === 'update' ? [viewOf(one.update)] : []));

/** The messages of the turn, the last one first, as the turn puts them together. */
function messages(all: readonly Told[]): readonly string[] {
  const log = new MessageLog();
  for (const view of views(all)) {
    if (view.type === 'message') log.chunk(view.text, view.messageId);
    if (view.type === 'tool') log.tool();
  }
  return log.lastFirst();
}

const ids = (all: readonly Told[]): string[] => [
  ...new Set(all.flatMap((one) => (one.type === 'named' ? [one.nativeId] : []))),
];
const endOf = (all: readonly Told[]): Extract<Told, { type: 'end' }> | undefined =>
  all.findLast((one) => one.type === 'end');

interface Turn {
  readonly name: Name;
  readonly file: string;
  readonly id: string;
  /** Beginnings of the messages, in order. */
  readonly said: readonly string[];
  readonly tools: readonly string[];
  readonly usage?: Usage;
}

const WRITE_AND_SHELL = ['I will write the file first.', 'All done.'];
const TURNS: readonly Turn[] = [
  {
    name: 'claude',
    file: 'turn',
    id: '22222222-2222-4333-8444-555555555555',
    said: WRITE_AND_SHELL,
    tools: [
      'Write: /home/lab/work/out.txt',
      'Bash: cat /home/lab/work/out.txt && echo shell-ok > /home/lab/work/shell.txt',
    ],
    usage: { inputTokens: 128, outputTokens: 60 },
  },
  {
    name: 'codex',
    file: 'turn',
    id: '01a1fbf7-d2b0-7ba0-86a0-ee9677321df2',
    said: WRITE_AND_SHELL,
    tools: [
      `/bin/bash -lc "printf '%s' 'hello from lab\n' > '/home/lab/work/out.txt'"`,
      `/bin/bash -lc 'cat /home/lab/work/out.txt && echo shell-ok > /home/lab/work/shell.txt'`,
    ],
    usage: { inputTokens: 132, outputTokens: 60 },
  },
  {
    name: 'gemini',
    file: 'turn',
    id: '5cba2235-73f6-4b17-bd95-b66e9c90a003',
    said: WRITE_AND_SHELL,
    tools: [
      'write_file: /home/lab/work/out.txt',
      'run_shell_command: cat /home/lab/work/out.txt && echo shell-ok > /home/lab/work/shell.txt',
    ],
    usage: { inputTokens: 150, outputTokens: 60 },
  },
  {
    name: 'opencode',
    file: 'turn',
    id: 'ses_e04014280ffeqY5WS0Y9ppNbvR',
    said: ['Finished.'],
    tools: [],
  },
  {
    name: 'opencode',
    file: 'tool',
    id: 'ses_e01b8ae1fffe3coh7zuWmxz1iz',
    said: ['All done.'],
    tools: ['bash: echo hi > out.txt; cat out.txt'],
  },
  {
    name: 'pi',
    file: 'turn',
    id: '01a1fbfe-99fc-71e8-ab48-16ec101807a2',
    said: WRITE_AND_SHELL,
    tools: [
      'write: /home/lab/work/out.txt',
      'bash: cat /home/lab/work/out.txt && echo shell-ok > /home/lab/work/shell.txt',
    ],
  },
];

describe('the stream of a headless agent', () => {
  for (const { name, file, id, said, tools, usage } of TURNS) {
    it(`tells a whole turn of ${name} (${file}): its words, its tools, its end, and the id of the conversation`, () => {
      const all = told(name, file);
      assert.deepEqual(ids(all), [id]);
      const shown = messages(all).toReversed();
      assert.equal(shown.length, said.length, JSON.stringify(shown));
      for (const [at, beginning] of said.entries()) assert.ok(shown[at]?.startsWith(beginning), shown[at]);
      const seen = views(all).filter((view) => view.type === 'tool');
      assert.deepEqual(
        seen.flatMap(({ title }) => title ?? []).filter((title, at, titles) => titles.indexOf(title) === at),
        tools,
      );
      const last = new Map(seen.map(({ toolCallId, status }) => [toolCallId, status]));
      assert.deepEqual(
        [...last.values()],
        tools.map(() => 'completed'),
      );
      assert.equal(
        seen.every(({ kind, title }) => title === null || kind !== null),
        true,
      );
      assert.partialDeepStrictEqual(endOf(all), {
        stopReason: 'end_turn',
        problem: null,
        ...(usage === undefined ? {} : { usage }),
      });
    });
  }

  it('leaves the callback block as the agent wrote it', () => {
    for (const name of ['claude', 'codex', 'gemini', 'pi'] as const) {
      const callback = extractCallback(messages(told(name, 'turn')), { nonce: 'LAB-7f3a', taskId: 'task' });
      assert.notEqual(callback.type, 'missing', name);
    }
  });

  it('of one that was resumed has the id that was asked for', () => {
    assert.deepEqual(ids(told('codex', 'resumed')), ids(told('codex', 'turn')));
    assert.deepEqual(ids(told('claude', 'resumed')), ids(told('claude', 'turn')));
  });

  const ERRORS: readonly (readonly [Name, RegExp])[] = [
    ['claude', /^API Error: 400 lab: bad request$/],
    ['codex', /^unexpected status 401 Unauthorized/],
    ['opencode', /^401 scripted error 401$/],
    ['pi', /^401: /],
  ];
  for (const [name, problem] of ERRORS) {
    it(`of ${name} says what the model's error was, and that it is the end`, () => {
      const all = told(name, 'model-error');
      assert.match(endOf(all)?.problem ?? '', problem);
      assert.equal(ids(all).length, 1, 'the conversation is known all the same');
    });
  }

  it('keeps words of a subagent out of the answer', () => {
    const event = {
      type: 'assistant',
      parent_tool_use_id: 'toolu_1',
      message: { id: 'm', content: [{ type: 'text', text: 'a helper says this' }] },
    };
    assert.deepEqual(
      views(STREAMS.claude(event)).map(({ type }) => type),
      ['other'],
    );
  });

  it('takes an error that was got over for none', () => {
    const retried: readonly unknown[] = [
      { type: 'message_end', message: { role: 'assistant', content: [], stopReason: 'error', errorMessage: '529' } },
      {
        type: 'message_end',
        message: { role: 'assistant', content: [{ type: 'text', text: 'Done.' }], stopReason: 'stop' },
      },
    ];
    assert.equal(endOf(retried.flatMap((event) => [...STREAMS.pi(event)]))?.problem, null);
    const reconnecting = STREAMS.codex({ type: 'error', message: 'Reconnecting... 1/5' });
    assert.deepEqual(reconnecting, [{ type: 'problem', text: 'Reconnecting... 1/5' }]);
  });

  it('says when the model ran out of tokens or turns', () => {
    const pi = { type: 'message_end', message: { role: 'assistant', content: [], stopReason: 'length' } };
    assert.equal(endOf(STREAMS.pi(pi))?.stopReason, 'max_tokens');
    const claude = { type: 'result', subtype: 'error_max_turns', is_error: true, num_turns: 3 };
    assert.equal(endOf(STREAMS.claude(claude))?.stopReason, 'max_turn_requests');
    const opencode = { type: 'step_finish', part: { reason: 'length' } };
    assert.equal(endOf(STREAMS.opencode(opencode))?.stopReason, 'max_tokens');
  });

  it('shows a list of things to do as a plan', () => {
    const item = {
      id: 'i',
      type: 'todo_list',
      items: [
        { text: 'look', completed: true },
        { text: 'mend', completed: false },
      ],
    };
    assert.deepEqual(views(STREAMS.codex({ type: 'item.updated', item })), [
      {
        type: 'plan',
        entries: [
          { content: 'look', status: 'completed' },
          { content: 'mend', status: 'pending' },
        ],
      },
    ]);
  });

  it('never breaks the reader, whatever stands in it', () => {
    const types = [
      'system',
      'assistant',
      'user',
      'result',
      'init',
      'message',
      'session',
      'message_end',
      'text',
      'tool_use',
      'error',
      'item.completed',
      'step_finish',
      'turn.failed',
      'turn.completed',
    ];
    const event = fc.oneof(
      fc.jsonValue(),
      fc.record({
        type: fc.constantFrom(...types),
        message: fc.jsonValue(),
        item: fc.jsonValue(),
        part: fc.jsonValue(),
        error: fc.jsonValue(),
        content: fc.jsonValue(),
      }),
    );
    fc.assert(
      fc.property(event, (value) => {
        for (const read of Object.values(STREAMS)) {
          for (const one of read(value)) if (one.type === 'update') viewOf(one.update);
        }
      }),
    );
  });
});
