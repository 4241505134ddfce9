import { isObject, type JsonObject } from './json.ts';

export type RpcId = number | string;
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}
/** Deviations from JSON-RPC that are understood all the same; each is worth one notice, in these words. */
export const oddityText = {
  'missing-jsonrpc': 'leaves out "jsonrpc": "2.0"',
  'error-null': 'sends "error": null beside a result',
  'result-missing': 'leaves out an empty result',
  'odd-error': 'sends errors that are none by JSON-RPC',
  'id-as-text': 'turns ids into text',
  'not-asked': 'answers what was not asked, or twice',
  'not-utf8': 'sends bytes that are not UTF-8',
} as const;
export type Oddity = keyof typeof oddityText;

export type Message =
  | {
      readonly type: 'request';
      readonly id: RpcId;
      readonly method: string;
      readonly params: unknown;
      readonly oddities: readonly Oddity[];
    }
  | {
      readonly type: 'notification';
      readonly method: string;
      readonly params: unknown;
      readonly oddities: readonly Oddity[];
    }
  | { readonly type: 'result'; readonly id: RpcId; readonly result: unknown; readonly oddities: readonly Oddity[] }
  | {
      readonly type: 'error';
      readonly id: RpcId | null;
      readonly error: RpcError;
      readonly oddities: readonly Oddity[];
    }
  /** JSON, but no message: a log line, say. */
  | { readonly type: 'noise' };

/**
 * Tells a message from noise. An agent's log on stdout is often JSON too, and some log `"id":0` or `"method":"GET"`:
 * without `"jsonrpc":"2.0"` only an object made of nothing but JSON-RPC fields is taken for a message.
 */
export function classify(value: unknown): Message {
  if (!isObject(value)) return { type: 'noise' };
  const oddities: Oddity[] = [];
  if (value['jsonrpc'] !== '2.0') {
    if ('jsonrpc' in value || !hasOnly(value, ['id', 'method', 'params', 'result', 'error', '_meta'])) {
      return { type: 'noise' };
    }
    oddities.push('missing-jsonrpc');
  }
  const id = idOf(value['id']);
  if (typeof value['method'] === 'string') {
    const { method, params } = value;
    // `"id":null` is how some write a notification.
    return id === null
      ? { type: 'notification', method, params, oddities }
      : { type: 'request', id, method, params, oddities };
  }
  if ('method' in value) return { type: 'noise' };
  return classifyAnswer(value, id, oddities);
}

function classifyAnswer(value: JsonObject, id: RpcId | null, oddities: Oddity[]): Message {
  const { error } = value;
  if (error !== undefined && error !== null) {
    const standard = isObject(error) && typeof error['code'] === 'number' && typeof error['message'] === 'string';
    if (!standard) {
      // A log line `{"id":0,"error":"…"}` looks like this as well.
      if (oddities.includes('missing-jsonrpc')) return { type: 'noise' };
      oddities.push('odd-error');
    }
    return { type: 'error', id, error: errorOf(error), oddities };
  }
  if (id === null) return { type: 'noise' };
  if (error === null) oddities.push('error-null');
  if (!('result' in value)) {
    // Some serializers leave out a null result. Without the version field that would be any `{"id":5}`.
    if (oddities.includes('missing-jsonrpc')) return { type: 'noise' };
    oddities.push('result-missing');
  }
  return { type: 'result', id, result: value['result'] ?? null, oddities };
}

const hasOnly = (value: JsonObject, known: readonly string[]): boolean =>
  Object.keys(value).every((key) => known.includes(key));

const idOf = (value: unknown): RpcId | null =>
  typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)) ? value : null;

function errorOf(error: unknown): RpcError {
  if (!isObject(error)) return { code: -32603, message: String(error) };
  return {
    code: typeof error['code'] === 'number' ? error['code'] : -32603,
    message: typeof error['message'] === 'string' ? error['message'] : JSON.stringify(error),
    ...(error['data'] === undefined ? {} : { data: error['data'] }),
  };
}

/**
 * What the beginning of a line that was too long to read tells about it, so that whoever waits for it can be told.
 * Looks only before the first `params`, `result` or `error`: what is inside of them is not ours.
 */
export function envelopeOf(head: Buffer): { readonly id: RpcId | null; readonly method: string | null } {
  const text = head.toString('utf8');
  const envelope = text.slice(0, /"(?:params|result|error)"\s*:/.exec(text)?.index ?? text.length);
  const id = /"id"\s*:\s*(?:(-?\d+)|"([^"\\]*)")/.exec(envelope);
  const method = /"method"\s*:\s*"([^"\\]*)"/.exec(envelope);
  return { id: id?.[1] !== undefined ? Number(id[1]) : (id?.[2] ?? null), method: method?.[1] ?? null };
}

/** An error in one line, with what the agent says about it. */
export function errorText({ code, message, data }: RpcError): string {
  if (data === undefined || data === null) return `${message} (${code})`;
  return `${message}: ${typeof data === 'string' ? data : JSON.stringify(data)} (${code})`;
}
