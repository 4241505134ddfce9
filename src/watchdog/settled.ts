import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { systemCode } from '../errors.ts';
import type { SessionView } from '../store/read-session.ts';
import type { LoginFacts } from './login-halt.ts';
import type { Verdict } from './verdict.ts';

/** A journal as it was when its session was found to be over. */
const footprint = z.object({ inode: z.number(), bytes: z.number(), mtimeMs: z.number() });
export type Footprint = z.infer<typeof footprint>;
/** What it said of its agent's login goes on to count (`login-halt.ts`). */
const time = z.number().nullable();
const settled = footprint.extend({
  name: z.string(),
  agent: z.string(),
  loginRefusedAtMs: time,
  agentWorkedAtMs: time,
});
type Settled = z.infer<typeof settled>;
const stored = z.object({ schemaVersion: z.literal(1), sessions: z.record(z.string(), settled) });

/**
 * Sessions that are over stay over until their journal grows: one look at the file's size instead of reading it all.
 * A cache, written without ceremony; losing it costs one slower pass.
 */
export class SettledSessions {
  readonly #file: string;
  readonly #known: ReadonlyMap<string, Settled>;
  readonly #seen = new Map<string, Settled>();

  private constructor(file: string, known: ReadonlyMap<string, Settled>) {
    this.#file = file;
    this.#known = known;
  }

  static read(directory: string): SettledSessions {
    const file = path.join(directory, 'settled.json');
    return new SettledSessions(file, parse(readOrNull(file)));
  }

  /** What is known of a session whose journal is as it was when it was over; null: it has to be read. */
  find(id: string, now: Footprint | null): LoginFacts | null {
    const known = this.#known.get(id);
    if (known === undefined) return null;
    if (now === null || now.inode !== known.inode || now.bytes !== known.bytes || now.mtimeMs !== known.mtimeMs) {
      return null;
    }
    this.#seen.set(id, known);
    return known;
  }

  /** Remembers a session that is over and has no host. `before`: its journal just before it was read. */
  note(view: SessionView, facts: LoginFacts, verdict: Verdict, before: Footprint | null): void {
    if (verdict.rule !== 'over' || view.hostAlive || before === null) return;
    const { name, agent, loginRefusedAtMs, agentWorkedAtMs } = facts;
    this.#seen.set(view.record.id, { ...before, name, agent, loginRefusedAtMs, agentWorkedAtMs });
  }

  write(): void {
    const before = JSON.stringify([...this.#known]);
    if (before === JSON.stringify([...this.#seen])) return;
    try {
      const text = JSON.stringify({ schemaVersion: 1, sessions: Object.fromEntries(this.#seen) });
      writeFileSync(this.#file, `${text}\n`, { mode: 0o600 });
    } catch (error) {
      // A full disk: the next pass reads everything again.
      if (systemCode(error) === undefined) throw error;
    }
  }
}

/** Null when there is no journal. */
export function footprintOf(journal: string): Footprint | null {
  try {
    const { ino, size, mtimeMs } = statSync(journal);
    return { inode: ino, bytes: size, mtimeMs };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return null;
  }
}

function parse(text: string | null): Map<string, Settled> {
  if (text === null) return new Map();
  try {
    const parsed = stored.safeParse(JSON.parse(text));
    return new Map<string, Settled>(parsed.success ? Object.entries(parsed.data.sessions) : []);
  } catch {
    return new Map<string, Settled>();
  }
}
