import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as z from 'zod';
import { extractCallback } from '../../src/callback/extract.ts';
import { callFor, fill, pick, type Rule, type Turn } from './model-script.ts';
import { ModelServer, type ModelServerOptions } from './model-server.ts';

const rules: readonly Rule[] = [
  {
    match: /mend/,
    steps: [
      { text: 'Writing.', use: { type: 'write', path: 'a.txt', content: 'a' } },
      { text: 'It said: {{lastResult}}', callback: { status: 'completed', summary: 'Done.' } },
    ],
  },
  { match: /teapot/, steps: [{ status: 418 }] },
  { match: /forever/, steps: [{ text: 'still thinking', hang: true }] },
];

const tools = [{ name: 'write', parameters: ['file_path', 'content'] }];
const asked: Turn = { role: 'user', text: 'mend it. {"task_id": "t-1", "nonce": "n-1"}' };

describe('the script of the model', () => {
  it('takes the newest user text for the rule and the tool rounds after it for the step', () => {
    const round: readonly Turn[] = [
      { role: 'model', text: '', calls: true },
      { role: 'tool', text: 'ok' },
    ];
    const roundOf = (turns: readonly Turn[]): number => pick(rules, { turns, tools }).round;
    assert.equal(roundOf([asked]), 0);
    assert.equal(roundOf([asked, ...round]), 1);
    assert.equal(roundOf([asked, ...round, asked]), 0, 'rounds before the newest text do not count');
    const { answer } = pick(rules, { turns: [asked, ...round, ...round, ...round], tools });
    assert.match(JSON.stringify(answer), /It said: ok/, 'the last step repeats');
  });

  it('ends with the callback of the prompt it answers', () => {
    const turns: Turn[] = [asked, { role: 'model', text: '', calls: true }, { role: 'tool', text: 'ok' }];
    const { answer } = pick(rules, { turns, tools });
    assert.ok(answer.type === 'message');
    const found = extractCallback([answer.text], { nonce: 'n-1', taskId: 't-1' });
    assert.equal(found.type, 'valid');
  });

  it('calls tools by the names the agent gave them', () => {
    assert.deepEqual(callFor({ type: 'write', path: 'a', content: 'b' }, tools), {
      name: 'write',
      args: { file_path: 'a', content: 'b' },
    });
    assert.deepEqual(
      callFor({ type: 'edit', path: 'a', oldText: 'b', newText: 'c' }, [
        { name: 'edit', parameters: ['path', 'edits'] },
      ]),
      { name: 'edit', args: { path: 'a', edits: [{ oldText: 'b', newText: 'c' }] } },
    );
    assert.equal(callFor({ type: 'shell', command: 'ls' }, tools), undefined);
  });

  it('leaves a template it does not know as it is', () => {
    assert.equal(fill('{{a}} {{b}}', { a: '1' }), '1 {{b}}');
  });
});

describe('the model server', () => {
  it('streams an answer in several pieces and ends it', async (t) => {
    const server = await started(t, { rules });
    const response = await ask(server, 'mend it', { stream: true });
    const text = await response.text();
    assert.match(text, /data: \[DONE\]\n\n$/);
    const calls = text.split('\n\n').filter((event) => event.includes('"tool_calls":[{'));
    assert.equal(calls.length, 1);
    assert.match(calls[0] ?? '', /"name":"write"/);
  });

  it('answers in one document when it is asked to', async (t) => {
    const server = await started(t, { rules });
    const shape = z.object({ choices: z.array(z.object({ message: z.object({ content: z.string() }) })) });
    const answer = shape.parse(await (await ask(server, 'mend it')).json());
    assert.equal(answer.choices[0]?.message.content, 'Writing.');
  });

  it('speaks to a client of Google, whose model and method are in the path', async (t) => {
    const server = await started(t, { rules });
    const body = {
      contents: [{ role: 'user', parts: [{ text: 'mend it' }] }],
      tools: [
        { functionDeclarations: [{ name: 'write_file', parametersJsonSchema: { properties: { file_path: {} } } }] },
      ],
    };
    const response = await post(`${server.origin}/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse`, body);
    const events = (await response.text()).trimEnd().split('\n\n');
    assert.match(events[0] ?? '', /"text":"Writing\."/);
    assert.match(events.at(-1) ?? '', /"functionCall":\{.*"name":"write_file","args":\{"file_path":"a.txt".*"STOP"/);
    assert.deepEqual(server.requests[0]?.tools, ['write_file']);
  });

  it('takes a prompt for one that comes with the result of a tool that was cancelled', async (t) => {
    const server = await started(t, { rules });
    const text = (words: string): object => ({ type: 'text', text: words });
    await post(`${server.origin}/v1/messages`, {
      messages: [
        { role: 'user', content: 'teapot' },
        { role: 'assistant', content: [{ type: 'tool_use', id: '1', name: 'write', input: {} }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: '1', content: 'stopped' },
            text('[Request interrupted by user for tool use]'),
            text('mend it'),
          ],
        },
      ],
      tools: [{ name: 'write', input_schema: {} }],
    });
    assert.deepEqual([server.requests[0]?.prompt, server.requests[0]?.earlier], ['mend it', ['teapot']]);
  });

  it('gives a title where no tool is offered: that is not the work', async (t) => {
    const server = await started(t, { rules });
    assert.match(await (await ask(server, 'mend it', { tools: [] })).text(), /A scripted title/);
  });

  it('fails as the script says', async (t) => {
    const server = await started(t, { rules });
    assert.equal((await ask(server, 'teapot')).status, 418);
  });

  it('goes away in the middle of an answer and comes back on the same port', async (t) => {
    const server = await started(t, { rules });
    const response = await ask(server, 'forever', { stream: true });
    server.goAway();
    await assert.rejects(response.text());
    await assert.rejects(ask(server, 'mend it'));
    await server.comeBack();
    assert.equal((await ask(server, 'mend it')).status, 200);
    assert.deepEqual(
      server.requests.map(({ aborted }) => aborted),
      [true, false],
    );
  });

  it('stops by itself: after its time, and when an agent asks without end', async (t) => {
    const short = await started(t, { rules, ttlMs: 1 });
    await assert.rejects(
      (async () => {
        for (;;) await ask(short, 'mend it');
      })(),
    );
    const small = await started(t, { rules, maxRequests: 1 });
    assert.equal((await ask(small, 'mend it')).status, 200);
    await assert.rejects(ask(small, 'mend it'));
    assert.equal(small.isThere, false);
  });
});

async function started(t: { after(fn: () => void): void }, options: ModelServerOptions): Promise<ModelServer> {
  const server = await ModelServer.start(options);
  t.after(() => server.close());
  return server;
}

const ask = (server: ModelServer, text: string, more: object = {}): Promise<Response> =>
  post(`${server.url}/chat/completions`, {
    model: 'any',
    messages: [{ role: 'user', content: text }],
    tools: [{ type: 'function', function: { name: 'write', parameters: { properties: { path: {}, content: {} } } } }],
    ...more,
  });

const post = (url: string, body: object): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(body),
  });
