/**
 * The least ACP agent: answers every prompt at once. Shared by both programs that are measured. What it does with a
 * prompt is in the prompt's last line: `flood <count> <bytes>` sends that many message chunks first, `tools <count>
 * <bytes>` that many tool calls (two updates each), `pace <count> <a second>` that many messages, each with its own
 * moment in it, until it is cancelled; `hold` never ends the turn until it is cancelled; anything else is
 * answered with "ok". With BENCH_LOG it notes when prompts came and answers went, in milliseconds since 1970.
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const log = process.env.BENCH_LOG;
const now = () => performance.timeOrigin + performance.now();
const note = (event) => log && appendFileSync(log, `${event} ${now()}\n`);
const held = new Map();

/** Waits for the pipe: an agent that runs ahead would measure its own memory. */
const write = (text) =>
  new Promise((resolve) => {
    if (process.stdout.write(text)) resolve();
    else process.stdout.once('drain', resolve);
  });
const send = (message) => write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const update = (sessionId, content) => send({ method: 'session/update', params: { sessionId, update: content } });
const text = (value) => ({ type: 'text', text: value });

async function turn(id, { sessionId, prompt }) {
  note('prompt');
  const words = prompt.map((block) => block.text ?? '').join('\n');
  const [, what, count, bytes] = /(flood|tools|pace) (\d+) (\d+)\s*$/.exec(words) ?? [];
  const filler = what === 'pace' ? '' : 'x'.repeat(Number(bytes ?? 0));
  for (let at = 0; what === 'flood' && at < Number(count); at += 1) {
    await update(sessionId, { sessionUpdate: 'agent_message_chunk', content: text(filler) });
  }
  for (let at = 0; what === 'tools' && at < Number(count); at += 1) {
    const toolCallId = `call-${at}`;
    await update(sessionId, { sessionUpdate: 'tool_call', toolCallId, title: 'Look', kind: 'read', status: 'pending' });
    const content = [{ type: 'content', content: text(filler) }];
    await update(sessionId, { sessionUpdate: 'tool_call_update', toolCallId, status: 'completed', content });
  }
  const paced = what === 'pace' ? Number(count) : 0;
  if (paced > 0) held.set(sessionId, id);
  for (let at = 0; at < paced && held.get(sessionId) === id; at += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000 / Number(bytes)));
    await update(sessionId, { sessionUpdate: 'agent_message_chunk', content: text(`at ${now()} `) });
  }
  if (paced > 0 && !held.delete(sessionId)) return;
  if (/hold\s*$/.test(words)) {
    await update(sessionId, { sessionUpdate: 'agent_message_chunk', content: text('holding') });
    held.set(sessionId, id);
    return;
  }
  await update(sessionId, { sessionUpdate: 'agent_message_chunk', content: text('ok') });
  note('answer');
  await send({ id, result: { stopReason: 'end_turn' } });
}

const methods = {
  initialize: () => ({ protocolVersion: 1, agentCapabilities: { loadSession: true }, authMethods: [] }),
  'session/new': () => ({ sessionId: `bench-${process.pid}` }),
  'session/load': () => ({}),
};

let turns = Promise.resolve();
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'session/prompt') turns = turns.then(() => turn(id, params));
  else if (method === 'session/cancel') {
    const waiting = held.get(params.sessionId);
    held.delete(params.sessionId);
    if (waiting !== undefined) void send({ id: waiting, result: { stopReason: 'cancelled' } });
  } else if (id !== undefined && methods[method] !== undefined) void send({ id, result: methods[method]() });
  else if (id !== undefined) void send({ id, error: { code: -32601, message: 'not here' } });
});
