import type { PlacedNews, TextPlace } from '../../session/agent-news.ts';
import { afterBlanks, afterValue, endOfString, isAt } from '../../text/json-bytes.ts';

/**
 * What `viewOfMessage` reads of a message that is JSON, found without parsing it. Null where that must be parsed after all:
 * other kinds of updates, and what hardly a program writes (an object on the way twice, or a key with escapes).
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
    const isText = bytes[at] === QUOTE;
    const end = isText ? endOfString(bytes, at + 1) + 1 : afterValue(bytes, at);
    if (depth >= UPDATE) {
      const place = isText ? { from: at + 1, to: end - 1 } : null;
      if (depth === UPDATE) seeInUpdate(texts, bytes, keyFrom, keyTo, place);
      else seeInContent(texts, bytes, keyFrom, keyTo, place);
    }
    at = end;
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

/** Keeps the place of a text that is read. By the length of its key first: no two have the same. */
function seeInUpdate(texts: Texts, bytes: Buffer, from: number, to: number, place: TextPlace | null): void {
  switch (to - from) {
    case 4:
      if (isAt(bytes, from, to, KEYS.kind)) texts.kind = place;
      return;
    case 5:
      if (isAt(bytes, from, to, KEYS.title)) texts.title = place;
      return;
    case 6:
      if (isAt(bytes, from, to, KEYS.status)) texts.status = place;
      return;
    case 9:
      if (isAt(bytes, from, to, KEYS.messageId)) texts.messageId = place;
      return;
    case 10:
      if (isAt(bytes, from, to, KEYS.toolCallId)) texts.toolCallId = place;
      return;
    case 13:
      if (isAt(bytes, from, to, KEYS.sessionUpdate)) texts.sessionUpdate = place;
  }
}

function seeInContent(texts: Texts, bytes: Buffer, from: number, to: number, place: TextPlace | null): void {
  if (isAt(bytes, from, to, KEYS.text)) texts.text = place;
  else if (isAt(bytes, from, to, KEYS.type)) texts.type = place;
}
