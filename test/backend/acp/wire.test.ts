import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { Step, Wire } from '../../../src/rehearsal/fault-agent/script.ts';
import { each, rig, until } from './rig.ts';

const ok: Step = { type: 'text', text: 'ok' };

test('log lines on stdout change nothing and are counted', async (t) => {
  const noise = ['Starting…', '\u001b[32minfo\u001b[0m', '{}', '[]', '"x"', '123', '{"level":"info","id":0}', '{"a":'];
  const raw = noise.map((text): Step => ({ type: 'raw', text }));
  const agent = await rig(t, { start: raw, prompts: [{ steps: [...raw, ok] }] });
  const session = await agent.open();
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual(end.messages, ['ok']);
  await session.close();
  assert.equal(agent.seen.noticesOf('noise').at(-1)?.lines, 2 * noise.length);
  // A client that answers noise would be talking to a log.
  assert.deepEqual(agent.log('answer'), []);
});

test('a log line with the id of a pending request does not answer it', async (t) => {
  const agent = await rig(t, {
    prompts: [{ steps: [{ type: 'raw', text: '{"level":"info","id":{{prompt_id}},"result":null}' }, ok] }],
  });
  const session = await agent.open();
  assert.deepEqual((await session.prompt({ turnId: 'a', text: 'go' })).messages, ['ok']);
  const id = String(agent.log('prompt')[0]?.['id']);
  assert.deepEqual(agent.seen.noticesOf('noise'), [
    { type: 'noise', lines: 1, sample: `{"level":"info","id":${id},"result":null}` },
  ]);
});

test('every wire oddity seen in agents is understood', async (t) => {
  const wires: readonly (readonly [string, Wire, string[]])[] = [
    ['bytes one by one', { chunkBytes: 1 }, []],
    ['CRLF', { crlf: true }, []],
    ['a byte order mark', { bom: true }, []],
    ['no jsonrpc field', { omitJsonrpc: true }, ['leaves out "jsonrpc": "2.0"']],
    ['ids as text', { idsAsStrings: true }, ['turns ids into text']],
    ['error null beside result', { errorNull: true }, ['sends "error": null beside a result']],
    ['every answer twice', { answerTwice: true }, ['answers what was not asked, or twice']],
  ];
  await each(wires, async ([name, wire, oddities]) => {
    const agent = await rig(t, { wire, prompts: [{ match: '', steps: [{ type: 'text', text: 'grüße 😀' }] }] });
    const session = await agent.open();
    for (const turnId of ['a', 'b']) {
      const end = await session.prompt({ turnId, text: 'go' });
      assert.deepEqual([end.verdict, end.messages], ['done', ['grüße 😀']], name);
    }
    assert.deepEqual(
      agent.seen.noticesOf('protocol-oddity').map(({ what }) => what),
      oddities,
      `${name}: told once`,
    );
    await session.close();
  });
});

test('a last message without newline is delivered; half a message is reported', async (t) => {
  const update = (text: string): string =>
    JSON.stringify({
      jsonrpc: '2.0',
      method: 'session/update',
      params: { update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } } },
    });
  for (const [rest, messages, torn] of [
    [update('whole'), ['whole'], 0],
    [update('half').slice(0, -5), [], 1],
  ] as const) {
    const agent = await rig(t, {
      prompts: [{ steps: [{ type: 'raw', text: rest, newline: false }, { type: 'exit' }] }],
    });
    const session = await agent.open();
    const end = await session.prompt({ turnId: 'a', text: 'go' });
    assert.deepEqual([end.verdict, end.messages], ['unknown', messages]);
    assert.equal(agent.seen.noticesOf('line-dropped').filter(({ why }) => why === 'torn').length, torn);
  }
});

test('a 100 MB line is skipped in bounded memory, and the connection lives', async (t) => {
  const bytes = 100 * 1024 * 1024;
  const agent = await rig(t, { prompts: [{ steps: [{ type: 'huge-line', bytes }, ok] }] });
  const session = await agent.open();
  const before = process.memoryUsage();
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers)), 5);
  t.after(() => clearInterval(timer));
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual(end.messages, ['ok']);
  assert.deepEqual(agent.seen.noticesOf('line-dropped'), [{ type: 'line-dropped', bytes, why: 'too-long' }]);
  assert.ok(peak - before.arrayBuffers < 60 * 1024 * 1024, `grew by ${peak - before.arrayBuffers} bytes`);
});

test('an update of some megabytes comes through whole', async (t) => {
  const agent = await rig(t, {
    prompts: [{ steps: [{ type: 'huge-line', bytes: 4 * 1024 * 1024, valid: true }, ok] }],
  });
  const session = await agent.open();
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  assert.equal(end.verdict, 'done');
  assert.deepEqual(agent.seen.order, ['accepted a', `a ${4 * 1024 * 1024} chars`, 'a ok']);
  // What the turn keeps is bounded: the end of it.
  assert.equal(end.messages.length, 1);
  assert.equal(Buffer.byteLength(end.messages[0] ?? ''), 1024 * 1024);
  assert.ok(end.messages[0]?.endsWith('xok'));
});

test('an answer in a line that is too long fails the one who waits for it, not the connection', async (t) => {
  const agent = await rig(t, {
    prompts: [
      { steps: [ok, { type: 'answer', result: { stopReason: 'end_turn', junk: 'x'.repeat(9 * 1024 * 1024) } }] },
      { steps: [ok] },
    ],
  });
  const session = await agent.open();
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual([end.verdict, end.failure], ['unknown', 'agent-exited']);
  assert.match(end.detail ?? '', /too long/);
  assert.equal((await session.prompt({ turnId: 'b', text: 'go' })).verdict, 'done');
});

test('JSON of absurd depth is dropped and reported', async (t) => {
  const deep = `{"jsonrpc":"2.0","method":"session/update","params":${'{"a":'.repeat(300)}1${'}'.repeat(300)}}`;
  const agent = await rig(t, { prompts: [{ steps: [{ type: 'raw', text: deep }, ok] }] });
  const session = await agent.open();
  assert.deepEqual((await session.prompt({ turnId: 'a', text: 'go' })).messages, ['ok']);
  assert.deepEqual(agent.seen.noticesOf('line-dropped'), [
    { type: 'line-dropped', bytes: Buffer.byteLength(deep), why: 'too-deep' },
  ]);
});

test('an unknown request is answered with -32601 and an unknown notification with nothing', async (t) => {
  const agent = await rig(t, {
    prompts: [
      {
        steps: [
          { type: 'notify', method: '_auth/status_update', params: { a: 1 } },
          { type: 'request', method: 'fs/write_text_file', params: { path: '/x' } },
          { type: 'request', method: '_vendor/thing', id: 'text-id' },
          ok,
        ],
      },
    ],
  });
  const session = await agent.open();
  assert.equal((await session.prompt({ turnId: 'a', text: 'go' })).verdict, 'done');
  assert.deepEqual(
    agent.log('answer').map(({ method, answer }) => [method, answer]),
    [
      [
        'fs/write_text_file',
        { jsonrpc: '2.0', id: 9000, error: { code: -32601, message: 'Method not found: fs/write_text_file' } },
      ],
      [
        '_vendor/thing',
        { jsonrpc: '2.0', id: 'text-id', error: { code: -32601, message: 'Method not found: _vendor/thing' } },
      ],
    ],
  );
});

test('a request of the agent under the id of ours is answered, and ours stays open', async (t) => {
  const agent = await rig(t, {
    prompts: [{ steps: [{ type: 'request', method: '_x', id: '{{prompt_id}}' }, ok] }],
  });
  const session = await agent.open();
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual([end.verdict, end.messages], ['done', ['ok']]);
  const [answer] = agent.log('answer');
  const [prompt] = agent.log('prompt');
  assert.deepEqual((answer?.['answer'] as { id: unknown }).id, prompt?.['id']);
});

test('while the listener is slow the agent is held back, and memory stays bounded', async (t) => {
  const count = 4000;
  const agent = await rig(t, { prompts: [{ steps: [{ type: 'flood', count, bytes: 4096 }] }] });
  const session = await agent.open();
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  agent.seen.onUpdate = () => held;
  const end = session.prompt({ turnId: 'a', text: 'go' });
  await until('the first update', () => agent.seen.updates.length === 1);
  // 16 MB are on their way; the agent cannot be done before we read them.
  const before = process.memoryUsage().arrayBuffers;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(agent.seen.updates.length, 1);
  assert.deepEqual(agent.log('flood-written'), []);
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 * 1024 * 1024);
  release();
  await end;
  assert.equal(agent.seen.updates.length, count);
  const numbers = agent.seen.updates.map(({ view }) =>
    view.type === 'message' ? Number(view.text.split(' ')[0]) : -1,
  );
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, index) => index),
  );
});

test('an agent that asks without reading is not read any further, and the deadline ends it', async (t) => {
  const asks = Array.from({ length: 20_000 }, (): Step => ({ type: 'request', method: '_again', wait: false }));
  const agent = await rig(t, {
    prompts: [{ steps: [ok, { type: 'stop-reading' }, ...asks, { type: 'write-file', path: '{{dir}}/all-asked' }] }],
  });
  const session = await agent.open({ turnTimeoutMs: 1000, cancelTimeoutMs: 100, closePatienceMs: 0 });
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  assert.deepEqual([end.verdict, end.failure], ['failed', 'turn-timeout']);
  assert.equal(existsSync(agent.file('all-asked')), false);
  assert.deepEqual(agent.log('answer'), []);
  assert.deepEqual((await session.exited).left, []);
});

test('a listener that fails ends the session instead of losing an update', async (t) => {
  const agent = await rig(t, { prompts: [{ steps: [{ type: 'text', text: '12', chunks: 2 }, { type: 'hang' }] }] });
  const session = await agent.open();
  agent.seen.onUpdate = () => {
    throw new Error('disk full');
  };
  const end = await session.prompt({ turnId: 'a', text: 'go' });
  assert.equal(end.verdict, 'unknown');
  assert.match(end.detail ?? '', /disk full/);
  assert.equal(agent.seen.updates.length, 1);
  assert.deepEqual((await session.exited).left, []);
});
