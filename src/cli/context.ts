import { placesFor, type Places } from '../config/places.ts';
import { notFound } from '../errors.ts';
import type { SessionRecord } from '../session/record.ts';
import { findSession } from '../store/find-session.ts';
import { readSession, type SessionView } from '../store/read-session.ts';
import type { Io } from './io.ts';
import { placeOf, type Place } from './place.ts';
import type { Printer } from './printer.ts';

/** What every verb gets: streams, the printer, and the places on disk. */
export class VerbContext {
  readonly io: Io;
  readonly printer: Printer;
  /** What the verb's action returned; `main` makes it the exit code. */
  exitCode = 0;
  #places: Places | null = null;
  #place: Place | null = null;

  constructor(io: Io, printer: Printer) {
    this.io = io;
    this.printer = printer;
  }

  get json(): boolean {
    return this.printer.json;
  }

  get places(): Places {
    this.#places ??= placesFor(this.io.env, this.io.homedir);
    return this.#places;
  }

  /** The repository the command was typed in. */
  get place(): Place {
    this.#place ??= placeOf(this.io.cwd, this.places.home);
    return this.#place;
  }

  /** The session a person named. @throws `session-not-found`, `ambiguous-name`. */
  session(name: string): SessionView {
    const { home, runtimeDir } = this.places;
    const named = findSession(home, this.place.repoKey, name);
    const view = readSession(home, runtimeDir, named.id);
    if (view !== null) return view;
    throw notFound('session-not-found', `There is no session "${name.slice(0, 80)}".`, {
      remedy: 'See conduxt status --all for every session.',
      facts: { name },
    });
  }

  /** The session as it is now. It was there a moment ago. */
  reread(record: SessionRecord): SessionView {
    const view = readSession(this.places.home, this.places.runtimeDir, record.id);
    if (view === null) throw notFound('session-not-found', `Session ${record.name} was removed meanwhile.`);
    return view;
  }

  /** The same command as if it had been typed in another directory. */
  at(cwd: string): VerbContext {
    return new VerbContext({ ...this.io, cwd }, this.printer);
  }

  /** Makes a verb's action one for commander: its number becomes the exit code. */
  act<A extends unknown[]>(action: (...args: A) => Promise<number> | number): (...args: A) => Promise<void> {
    return async (...args) => {
      this.exitCode = await action(...args);
    };
  }
}
