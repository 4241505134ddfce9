import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';

const Entry = z.object({ type: z.enum(['opened', 'user', 'agent']), text: z.string() });
export type SessionEntry = z.infer<typeof Entry>;

export interface SessionStore {
  append(sessionId: string, entry: SessionEntry): void;
  /** What was said so far, oldest first; null for a session that does not exist. */
  read(sessionId: string): SessionEntry[] | null;
}

const KEPT_FOR_MS = 7 * 24 * 60 * 60 * 1000;
const SESSION_ID = /^[0-9a-f-]{36}$/;

/** One NDJSON file per session in `directory` (made when needed, 0700); the files are 0600. */
export function openSessionStore(directory: string | undefined): SessionStore {
  const home = directory ?? privateTemporaryDirectory();
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (directory === undefined) forgetOld(home);
  const fileOf = (sessionId: string): string => join(home, `${sessionId}.ndjson`);
  return {
    append: (sessionId, entry) => appendFileSync(fileOf(sessionId), `${JSON.stringify(entry)}\n`, { mode: 0o600 }),
    read: (sessionId) => {
      if (!SESSION_ID.test(sessionId)) return null;
      let text: string;
      try {
        text = readFileSync(fileOf(sessionId), 'utf8');
      } catch {
        return null;
      }
      // The last line is torn when the process died while writing it.
      const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
      return lines.filter((line) => line !== '').map((line) => Entry.parse(JSON.parse(line)));
    },
  };
}

/** The same for every start of this user; where someone else got there first, a new one (and nothing to resume). */
function privateTemporaryDirectory(): string {
  const path = join(tmpdir(), `conduxt-rehearsal-${process.getuid?.() ?? 'user'}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  const isOurs = stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0;
  return isOurs ? path : mkdtempSync(`${path}-`);
}

function forgetOld(home: string): void {
  for (const name of readdirSync(home)) {
    const path = join(home, name);
    if (Date.now() - statSync(path).mtimeMs > KEPT_FOR_MS) rmSync(path, { force: true });
  }
}
