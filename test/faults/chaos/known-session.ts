import { foldSession, type FoldedSession } from '../../../src/session/fold/session-fold.ts';
import type { Place } from './place.ts';

/** A session that is there, and what its journal says. */
export class KnownSession {
  readonly name: string;
  readonly id: string;
  readonly #place: Place;
  #known: { readonly version: string; readonly folded: FoldedSession } | null = null;

  constructor(place: Place, { name, id }: { readonly name: string; readonly id: string }) {
    this.#place = place;
    this.name = name;
    this.id = id;
  }

  /** Read again only when the journal has changed: it is asked at every beat. */
  folded(): FoldedSession {
    const version = this.#place.journalVersionOf(this.id);
    if (this.#known?.version !== version)
      this.#known = { version, folded: foldSession(this.#place.journalOf(this.id).records) };
    return this.#known.folded;
  }
}
