import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { newsPlaces } from '../../../src/backend/acp/news-places.ts';
import { viewOfMessage } from '../../../src/backend/acp/view.ts';

const parse = (json: string): unknown => JSON.parse(json);

/** What stands at the places, in the shape of what is read by parsing. */
function placedNews(message: Buffer): unknown {
  const places = newsPlaces(message);
  if (places === null) return null;
  return Object.fromEntries(
    Object.entries(places).map(([key, place]: [string, { from: number; to: number } | string | null]) => [
      key,
      place === null || typeof place === 'string'
        ? place
        : parse(`"${message.toString('utf8', place.from, place.to)}"`),
    ]),
  );
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('text', 'a\\"b', '{"update":{', 'x'.repeat(100)),
);
const scalar = fc.oneof(text, fc.integer(), fc.constantFrom(null, true));
const anything = fc.oneof(scalar, fc.dictionary(text, scalar, { maxKeys: 3 }), fc.array(scalar, { maxLength: 3 }));
const kind = fc.oneof(
  fc.constantFrom('agent_message_chunk', 'agent_thought_chunk', 'tool_call', 'tool_call_update', 'plan', 'else'),
  anything,
);
const content = fc.oneof(
  fc.record({ type: fc.oneof(fc.constant('text'), anything), text: fc.oneof(text, anything) }, { requiredKeys: [] }),
  fc.array(anything, { maxLength: 2 }),
  anything,
);
const update = fc.record(
  {
    sessionUpdate: kind,
    content,
    messageId: scalar,
    toolCallId: fc.oneof(text, scalar),
    title: scalar,
    kind: scalar,
    status: scalar,
    _meta: anything,
    params: anything,
    type: anything,
    text: anything,
  },
  { requiredKeys: ['sessionUpdate'] },
);
/** The members of an object in any order. */
const shuffled = <T extends object>(object: fc.Arbitrary<T>): fc.Arbitrary<object> =>
  object.chain((one) =>
    fc
      .shuffledSubarray(Object.entries(one), { minLength: Object.keys(one).length })
      .map((entries) => Object.fromEntries(entries)),
  );
const message = shuffled(
  fc.record({
    jsonrpc: fc.constant('2.0'),
    method: fc.constant('session/update'),
    params: fc.oneof(
      { weight: 20, arbitrary: shuffled(fc.record({ sessionId: text, update: shuffled(update), _meta: anything })) },
      anything,
    ),
  }),
);

describe('the places of what is read of a message', () => {
  it('hold exactly what parsing it finds, for any members in any order', () => {
    let placed = 0;
    fc.assert(
      fc.property(message, fc.constantFrom(0, 0, 1), (one, indent) => {
        const json = JSON.stringify(one, null, indent);
        const found = placedNews(Buffer.from(json));
        if (found === null) return;
        placed += 1;
        assert.deepEqual(found, viewOfMessage(parse(json)));
      }),
      { numRuns: 2_000 },
    );
    assert.ok(placed > 100, `only ${placed} of the messages were not left to the parser`);
  });

  it('are found in each text, thought and tool call of the recorded agents', () => {
    const directory = path.resolve(import.meta.dirname, '../../../fixtures/transcripts');
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => /json/.test(name));
    const lines = files.flatMap((name) => readFileSync(path.join(directory, name), 'utf8').split('\n'));
    let found = 0;
    for (const line of lines) {
      if (line === '') continue;
      const { msg } = parse(line) as { msg?: unknown };
      const news = viewOfMessage(msg);
      if (news?.type !== 'message' && news?.type !== 'thought' && news?.type !== 'tool') continue;
      found += 1;
      assert.deepEqual(placedNews(Buffer.from(JSON.stringify(msg))), news, line);
    }
    assert.ok(found > 20, `${found} updates`);
  });

  it('are left to the parser for a key that comes twice on the way, or has escapes', () => {
    const wrap = (inner: string): Buffer => Buffer.from(`{"params":{"update":{${inner}}}}`);
    const plain = '"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"a"}';
    assert.deepEqual(placedNews(wrap(plain)), { type: 'message', text: 'a', messageId: null });
    for (const odd of [
      `${plain},"content":{"type":"text","text":"b"}`,
      `${plain},"content":7`,
      String.raw`"sessionUpdate":"agent_message_chunk","content":{"type":"text","te\u0078t":"b","text":"a"}`,
    ])
      assert.equal(newsPlaces(wrap(odd)), null, odd);
    assert.equal(newsPlaces(Buffer.from('{"params":{"update":{}},"params":{}}')), null);
  });

  it('take the last one of a text that comes twice, as a parser does', () => {
    const json =
      '{"params":{"update":{"sessionUpdate":"agent_thought_chunk","sessionUpdate":"agent_message_chunk",' +
      '"messageId":"m","messageId":null,"content":{"text":1,"type":"text","text":"a","text":"b"}}}}';
    assert.deepEqual(placedNews(Buffer.from(json)), viewOfMessage(parse(json)));
  });

  it('are nowhere in what is no JSON, and looking for them ends', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.uint8Array({ maxLength: 4 }), (one, cut, more) => {
        const json = Buffer.from(JSON.stringify(one));
        const at = cut % (json.length + 1);
        newsPlaces(Buffer.concat([json.subarray(0, at), more]));
        newsPlaces(Buffer.concat([json.subarray(0, at), more, json.subarray(at)]));
      }),
    );
  });
});
