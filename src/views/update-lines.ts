import type { AgentNews, PlacedNews, TextPlace } from '../session/agent-news.ts';
import type { ByteText } from '../text/byte-text.ts';
import { logLineHead, type SessionLabel } from './json-log.ts';
import { copyJson, copyString, safeJson } from './json-text.ts';

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
const WORDS = {
  bytes: ascii(',"bytes":'),
  message: ascii(',"message":'),
  null: ascii('null'),
  end: ascii('}\n'),
};

/**
 * Makes the lines of a session's updates, of `LogLineJson`'s shape. Put together from bytes: a log has a million of them,
 * and to build and print the same head each time would be most of the work.
 */
export class UpdateLines {
  readonly #begin: Buffer;
  #epoch = { number: NaN, bytes: ascii('') };
  #time = { ms: NaN, json: '' };
  #turn = { id: null as string | null, json: 'null' };
  /** What stands between the cursor and the news: thousands of updates share their turn, and many their millisecond. */
  #middle = ascii('');

  constructor(session: SessionLabel) {
    const { cursor: _cursor, at: _at, ...same } = logLineHead('update', session, '', '');
    this.#begin = Buffer.from(`${safeJson(same).slice(0, -1)},"cursor":"`);
  }

  /** Adds a line up to its news, which have to follow. @param atMs milliseconds since 1970 */
  begin(out: ByteText, { epoch, seq }: { epoch: number; seq: number }, atMs: number, turnId: string | null): void {
    if (this.#epoch.number !== epoch) this.#epoch = { number: epoch, bytes: ascii(`${epoch}:`) };
    if (this.#time.ms !== atMs || this.#turn.id !== turnId || this.#middle.length === 0) {
      if (this.#time.ms !== atMs) this.#time = { ms: atMs, json: `"at":"${new Date(atMs).toISOString()}"` };
      if (this.#turn.id !== turnId) this.#turn = { id: turnId, json: safeJson(turnId) };
      this.#middle = ascii(`",${this.#time.json},"turnId":${this.#turn.json},"update":`);
    }
    out.copy(this.#begin);
    out.copy(this.#epoch.bytes);
    out.count(seq);
    out.copy(this.#middle);
  }

  /** @param message the agent's message as it came, one JSON value; null for one that is none or too long to hold */
  end(out: ByteText, bytes: number, message?: Buffer | null): void {
    out.copy(WORDS.bytes);
    out.count(bytes);
    if (message !== undefined) {
      out.copy(WORDS.message);
      if (message === null) out.copy(WORDS.null);
      else copyJson(out, message);
    }
    out.copy(WORDS.end);
  }
}

/** Adds an update's news as they are read. */
export const addNews = (out: ByteText, news: AgentNews | null): void => out.text(safeJson(news));

const NEWS = {
  message: ascii('{"type":"message","text":'),
  messageId: ascii(',"messageId":'),
  thought: ascii('{"type":"thought","text":'),
  tool: ascii('{"type":"tool","toolCallId":'),
  title: ascii(',"title":'),
  kind: ascii(',"kind":'),
  status: ascii(',"status":'),
  end: ascii('}'),
};

/** Adds an update's news, copied from where they stand. False, with nothing added, when they cannot be copied. */
export function copyNews(out: ByteText, message: Buffer, news: PlacedNews): boolean {
  const before = out.length;
  const field = (name: Buffer, place: TextPlace | null): boolean => {
    out.copy(name);
    if (place !== null) return copyString(out, message, place);
    out.copy(WORDS.null);
    return true;
  };
  const copied =
    news.type === 'message'
      ? field(NEWS.message, news.text) && field(NEWS.messageId, news.messageId)
      : news.type === 'thought'
        ? field(NEWS.thought, news.text)
        : field(NEWS.tool, news.toolCallId) &&
          field(NEWS.title, news.title) &&
          field(NEWS.kind, news.kind) &&
          field(NEWS.status, news.status);
  if (copied) out.copy(NEWS.end);
  else out.cut(before);
  return copied;
}
