import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classify, envelopeOf } from '../../../src/backend/acp/message.ts';

const v = { jsonrpc: '2.0' };

test('log lines and other JSON on stdout are noise', () => {
  const noise: readonly unknown[] = [
    {},
    [],
    'x',
    123,
    null,
    true,
    [{ ...v, id: 1, result: {} }],
    { level: 'info', id: 0 },
    { level: 'info', msg: 'request', method: 'GET', id: 0 },
    { level: 'error', id: 5, error: 'boom' },
    { id: 5, error: 'boom' },
    { id: 5 },
    { id: 5, result: {}, level: 'debug' },
    { result: {} },
    { ...v },
    { ...v, id: null, result: {} },
    { ...v, id: {}, result: {} },
    { ...v, method: 7 },
    { jsonrpc: '1.0', id: 1, method: 'session/update' },
  ];
  for (const value of noise) assert.deepEqual(classify(value), { type: 'noise' }, JSON.stringify(value));
});

test('messages are told apart, and what is odd about them is said', () => {
  const cases: readonly [unknown, object][] = [
    [
      { ...v, id: 1, method: 'm', params: { a: 1 } },
      { type: 'request', id: 1, method: 'm', params: { a: 1 }, oddities: [] },
    ],
    [
      { ...v, id: 'x', method: 'm' },
      { type: 'request', id: 'x', method: 'm', params: undefined, oddities: [] },
    ],
    [
      { ...v, method: 'm', params: [] },
      { type: 'notification', method: 'm', params: [], oddities: [] },
    ],
    [
      { ...v, id: null, method: 'm' },
      { type: 'notification', method: 'm', params: undefined, oddities: [] },
    ],
    [
      { method: 'm', params: {} },
      { type: 'notification', method: 'm', params: {}, oddities: ['missing-jsonrpc'] },
    ],
    [
      { ...v, id: 1, result: null },
      { type: 'result', id: 1, result: null, oddities: [] },
    ],
    [
      { ...v, id: 1, result: 0, error: null },
      { type: 'result', id: 1, result: 0, oddities: ['error-null'] },
    ],
    [
      { id: '1', result: {} },
      { type: 'result', id: '1', result: {}, oddities: ['missing-jsonrpc'] },
    ],
    [
      { ...v, id: 1 },
      { type: 'result', id: 1, result: null, oddities: ['result-missing'] },
    ],
    [
      { ...v, id: 1, error: { code: -32000, message: 'log in', data: { a: 1 } } },
      { type: 'error', id: 1, error: { code: -32000, message: 'log in', data: { a: 1 } }, oddities: [] },
    ],
    [
      { ...v, id: 1, result: null, error: { code: 1, message: 'e' } },
      { type: 'error', id: 1, error: { code: 1, message: 'e' }, oddities: [] },
    ],
    [
      { ...v, id: 1, error: 'boom' },
      { type: 'error', id: 1, error: { code: -32603, message: 'boom' }, oddities: ['odd-error'] },
    ],
    [
      { ...v, id: null, error: { code: -32700, message: 'parse' } },
      { type: 'error', id: null, error: { code: -32700, message: 'parse' }, oddities: [] },
    ],
    // A log beside the protocol's own field is still a message: the version field is proof enough.
    [
      { ...v, id: 1, result: 1, trace: 'x' },
      { type: 'result', id: 1, result: 1, oddities: [] },
    ],
  ];
  for (const [value, expected] of cases) assert.deepEqual(classify(value), expected, JSON.stringify(value));
});

test('no value makes the classifier throw', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.subarray(['jsonrpc', 'id', 'method', 'params', 'result', 'error']),
      (value, keys) => {
        const message = classify(Object.fromEntries(keys.map((key) => [key, key === 'jsonrpc' ? '2.0' : value])));
        assert.ok(['request', 'notification', 'result', 'error', 'noise'].includes(message.type));
      },
    ),
  );
});

test('the beginning of a skipped line tells whose it is', () => {
  const cases: readonly [string, { id: unknown; method: unknown }][] = [
    ['{"jsonrpc":"2.0","id":12,"result":{"id":99,"x":"', { id: 12, method: null }],
    ['{"jsonrpc": "2.0", "id": "12", "result": "', { id: '12', method: null }],
    [
      '{"jsonrpc":"2.0","id":3,"method":"session/request_permission","params":{"',
      { id: 3, method: 'session/request_permission' },
    ],
    ['{"jsonrpc":"2.0","method":"session/update","params":{"id":4,', { id: null, method: 'session/update' }],
    ['{"result":{"id":4,', { id: null, method: null }],
    ['xxxxxxxx', { id: null, method: null }],
  ];
  for (const [head, expected] of cases) assert.deepEqual(envelopeOf(Buffer.from(head)), expected, head);
});
