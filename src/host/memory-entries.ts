import { existsSync, statSync } from 'node:fs';
import { isAlive } from '../process/identity.ts';
import type { ProcessIdentity } from '../session/events.ts';
import { listNames, readSessionOrNull } from '../store/read-session.ts';
import { sessionPaths } from '../store/paths.ts';
import { memoryEntry } from '../views/memory-entry.ts';
import type { MemoryEntry } from '../views/memory-section.ts';
import { hadWorktree } from './worktree-gone.ts';

/** A session in the memory file. */
export type MemoryLine = MemoryEntry & { readonly cleaned: boolean };

interface Kept {
  /** The journal and the life of the host as they were. */
  readonly stamp: string;
  readonly entry: MemoryEntry;
  readonly host: ProcessIdentity | null;
  /** Where its worktree was made; null: nowhere. */
  readonly worktree: string | null;
}

/**
 * What the sessions of a repository are like now. A session is read again only when its journal has grown, or its host
 * has ended: whoever writes the memory file often, beside two hundred sessions, would else do little else.
 */
export class MemoryEntries {
  readonly #kept = new Map<string, Kept>();

  of(home: string, runtimeDir: string, repoKey: string): MemoryLine[] {
    return listNames(home, repoKey).flatMap(({ id }) => {
      const { journal } = sessionPaths(home, id, runtimeDir);
      const known = this.#kept.get(id);
      const kept =
        known !== undefined && known.stamp === stampOf(journal, known.host) ? known : this.#read(home, runtimeDir, id);
      if (kept === null) return [];
      return [{ ...kept.entry, cleaned: kept.worktree !== null && !existsSync(kept.worktree) }];
    });
  }

  #read(home: string, runtimeDir: string, id: string): Kept | null {
    const { journal } = sessionPaths(home, id, runtimeDir);
    // Before it is read: what is written meanwhile is read again next time.
    const before = stampOf(journal, null);
    const view = readSessionOrNull(home, runtimeDir, id);
    if (view === null || view.record.kind === 'ask') return null;
    const { host } = view.folded.life;
    const process = host === null || host.stopped !== null ? null : host.process;
    const stamp = process === null ? before : `${before} ${view.hostAlive}`;
    const worktree = hadWorktree(view.record, view.folded) ? view.record.cwd : null;
    const kept = { stamp, entry: memoryEntry(view), host: process, worktree };
    // Whether one without a host was just made, or is forgotten, depends on the time.
    if (host !== null) this.#kept.set(id, kept);
    return kept;
  }
}

function stampOf(journal: string, host: ProcessIdentity | null): string {
  const facts = statSync(journal, { throwIfNoEntry: false });
  const file = facts === undefined ? 'none' : `${facts.ino} ${facts.size} ${facts.mtimeMs}`;
  return host === null ? file : `${file} ${isAlive(host)}`;
}
