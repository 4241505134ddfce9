import type { Redactor } from './redact.ts';
import type { MayGoOn } from './secret-beginnings.ts';

/** One piece of a text that comes in pieces; anything else has no `text`. */
export interface Chunk<T> {
  readonly item: T;
  /** What the piece adds, and to which text: pieces of one text have the same `of`. */
  readonly piece: { readonly of: string; readonly text: string } | null;
}

/** What goes on: `text` replaces the piece's own, null leaves it as it was. */
export interface Released<T> {
  readonly item: T;
  readonly text: string | null;
}

/** So much of a text may wait at most; what is longer than that is no secret but somebody's prose. */
const MAX_WAITING_CHARS = 16_384;
const MAX_WAITING = 512;
/** Beginnings shorter than those `MayGoOn` waits for have gone on already; their rest is still found. */
const REMEMBERED_CHARS = 3;

/**
 * Finds secrets that an agent emits in pieces. A piece that may end in the beginning of one waits for the next; when
 * they hold a secret together, the first one gets the whole redacted text and the others are empty. Of a secret that was
 * cut after fewer than four characters, these stay. Order is kept, and nothing is left out. The caller asks for what
 * waits when a text is over.
 */
export class ChunkRedactor<T> {
  readonly #redact: Redactor;
  readonly #mayGoOn: MayGoOn;
  #of: string | null = null;
  /** The last characters that went on. */
  #before = '';
  #waiting: T[] = [];
  #text = '';

  constructor(redact: Redactor, mayGoOn: MayGoOn) {
    this.#redact = redact;
    this.#mayGoOn = mayGoOn;
  }

  push({ item, piece }: Chunk<T>): readonly Released<T>[] {
    if (piece === null) return join(this.flush(), [{ item, text: null }]);
    const released = piece.of === this.#of ? [] : this.flush();
    if (piece.of !== this.#of) this.#before = '';
    this.#of = piece.of;
    this.#waiting.push(item);
    this.#text += piece.text;
    const isLong = this.#text.length > MAX_WAITING_CHARS || this.#waiting.length > MAX_WAITING;
    const whole = this.#before + this.#text;
    return !isLong && this.#mayGoOn(whole) ? released : join(released, this.#release(whole));
  }

  /** Everything that waits. */
  flush(): readonly Released<T>[] {
    return this.#waiting.length === 0 ? [] : this.#release(this.#before + this.#text);
  }

  /** @param whole what waits, behind what went on before it */
  #release(whole: string): readonly Released<T>[] {
    const [waiting, before, text] = [this.#waiting, this.#before, this.#text];
    const safe = this.#redact(whole);
    this.#waiting = [];
    this.#text = '';
    this.#before = commonEnd(whole, safe);
    if (safe === whole) return waiting.map((item) => ({ item, text: null }));
    const rest = safe.slice(commonLength(before, safe));
    // One piece that holds all of it is redacted where it stands, in its line.
    if (waiting.length === 1 && rest === this.#redact(text)) return waiting.map((item) => ({ item, text: null }));
    return waiting.map((item, index) => ({ item, text: index === 0 ? rest : '' }));
  }
}

/** Nearly always one of them is empty. */
const join = <T>(a: readonly T[], b: readonly T[]): readonly T[] => (a.length === 0 ? b : [...a, ...b]);

/** What went on as it was behind the last secret, as far as it is remembered. */
function commonEnd(a: string, b: string): string {
  let length = 0;
  while (length < REMEMBERED_CHARS && length < a.length && a.at(-1 - length) === b.at(-1 - length)) length += 1;
  return a.slice(a.length - length);
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
