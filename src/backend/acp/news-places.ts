import type { PlacedNews, TextPlace } from '../../session/agent-news.ts';
import { afterBlanks, afterValue, endOfString, isAt } from '../../text/json-bytes.ts';

/**
 * What `viewOfMessage` reads of a message that is JSON, found without parsing it. Null where that must be parsed after all:
 * other kinds of updates, and what hardly a program writes (a key twice, or one with escapes).
 */
export function newsPlaces(message: Buffer): PlacedNews | null {
  const found = textsOf(message);
  if (found === null) return null;
  const { sessionUpdate, toolCallId, title, kind, status, messageId, type, text } = found;
  if (sessionUpdate === null) return null;
  const isText = text !== null && type !== null && isAt(message, type.from, type.to, WORDS.text);
  if (isAt(message, sessionUpdate.from, sessionUpdate.to, WORDS.messageChunk))
    return isText ? { type: 'message', text, messageId } : null;
  if (isAt(message, sessionUpdate.from, sessionUpdate.to, WORDS.thoughtChunk))
    return isText ? { type: 'thought', text } : null;
  const isTool =
    isAt(message, sessionUpdate.from, sessionUpdate.to, WORDS.toolCall) ||
    isAt(message, sessionUpdate.from, sessionUpdate.to, WORDS.toolCallUpdate);
  return isTool && toolCallId !== null ? { type: 'tool', toolCallId, title, kind, status } : null;
}

const word = (text: string): Buffer => Buffer.from(text, 'latin1');
const WORDS = {
  text: word('text'),
  messageChunk: word('agent_message_chunk'),
  thoughtChunk: word('agent_thought_chunk'),
  toolCall: word('tool_call'),
  toolCallUpdate: word('tool_call_update'),
};

/** The texts that are read, of an update and of its content. */
interface Texts {
  sessionUpdate: TextPlace | null;
  messageId: TextPlace | null;
  toolCallId: TextPlace | null;
  title: TextPlace | null;
  kind: TextPlace | null;
  status: TextPlace | null;
  type: TextPlace | null;
  text: TextPlace | null;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** The way to what is read: in each object the key of the next one. */
const WAY: readonly (Buffer | null)[] = [word('params'), word('update'), word('content'), null];
const UPDATE = 2;
const CONTENT = 3;

/** Walks the way and passes over everything else. Null: see `newsPlaces`. */
function textsOf(bytes: Buffer): Texts | null {
  const texts: Texts = {
    sessionUpdate: null,
    messageId: null,
    toolCallId: null,
    title: null,
    kind: null,
    status: null,
    type: null,
    text: null,
  };
  let depth = 0;
  let deepest = 0;
  let at = afterBlanks(bytes, 0) + 1;
  for (;;) {
    at = afterBlanks(bytes, at);
    const byte = bytes[at];
    if (byte === COMMA) {
      at += 1;
      continue;
    }
    if (byte === CLOSE) {
      at += 1;
      depth -= 1;
      if (depth < 0) return texts;
      continue;
    }
    if (byte !== QUOTE) return null;
    const keyFrom = at + 1;
    const keyTo = endOfKey(bytes, keyFrom);
    if (keyTo < 0) return null;
    at = afterBlanks(bytes, afterBlanks(bytes, keyTo + 1) + 1);
    const next = WAY[depth];
    if (next && isAt(bytes, keyFrom, keyTo, next)) {
      if (deepest > depth) return null;
      deepest = depth + 1;
      if (bytes[at] === OPEN) {
        depth += 1;
        at += 1;
      } else at = afterValue(bytes, at);
      continue;
    }
    const name =
      depth === UPDATE
        ? updateText(bytes, keyFrom, keyTo)
        : depth === CONTENT
          ? contentText(bytes, keyFrom, keyTo)
          : null;
    const to = bytes[at] === QUOTE ? endOfString(bytes, at + 1) : -1;
    if (name !== null) texts[name] = to < 0 ? null : { from: at + 1, to };
    at = to < 0 ? afterValue(bytes, at) : to + 1;
  }
}

/** -1 for a key with escapes, or without an end. */
function endOfKey(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at += 1) {
    if (bytes[at] === QUOTE) return at;
    if (bytes[at] === BACKSLASH) return -1;
  }
  return -1;
}

const KEYS = {
  sessionUpdate: word('sessionUpdate'),
  messageId: word('messageId'),
  toolCallId: word('toolCallId'),
  title: word('title'),
  kind: word('kind'),
  status: word('status'),
  type: word('type'),
  text: word('text'),
};

/** Which text of an update it is, by its length first: no two have the same. */
function updateText(bytes: Buffer, from: number, to: number): keyof Texts | null {
  switch (to - from) {
    case 4:
      return isAt(bytes, from, to, KEYS.kind) ? 'kind' : null;
    case 5:
      return isAt(bytes, from, to, KEYS.title) ? 'title' : null;
    case 6:
      return isAt(bytes, from, to, KEYS.status) ? 'status' : null;
    case 9:
      return isAt(bytes, from, to, KEYS.messageId) ? 'messageId' : null;
    case 10:
      return isAt(bytes, from, to, KEYS.toolCallId) ? 'toolCallId' : null;
    case 13:
      return isAt(bytes, from, to, KEYS.sessionUpdate) ? 'sessionUpdate' : null;
    default:
      return null;
  }
}

const contentText = (bytes: Buffer, from: number, to: number): keyof Texts | null =>
  isAt(bytes, from, to, KEYS.text) ? 'text' : isAt(bytes, from, to, KEYS.type) ? 'type' : null;
