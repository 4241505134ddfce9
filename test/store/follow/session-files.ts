import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { listen, type ControlServer } from '../../../src/control/server.ts';
import type { WatchReply } from '../../../src/control/protocol.ts';
import { encodeRecord } from '../../../src/journal/record-line.ts';
import { encodeTranscript } from '../../../src/journal/transcript.ts';
import { identityOf } from '../../../src/process/identity.ts';
import { sessionPaths, type SessionPaths } from '../../../src/store/paths.ts';
import type { SessionEvent } from '../../../src/session/events.ts';
import { formatCursor } from '../../../src/store/cursor.ts';
import type { Followed } from '../../../src/store/follow.ts';

/** A session's directory of the test's own, written as a host would. */
export function scratchSession(t: TestContext): SessionPaths {
  const home = mkdtempSync(path.join(tmpdir(), 'conduxt-follow-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const paths = sessionPaths(home, 's-01jd0000000000000000000000', path.join(home, 'run'));
  mkdirSync(paths.dir, { recursive: true });
  return paths;
}

const milestone: SessionEvent = { type: 'milestone', text: 'something' };

export function journal(paths: SessionPaths, seq: number, epoch = 1, event: SessionEvent = milestone): void {
  appendFileSync(paths.journal, encodeRecord({ seq, epoch, at: new Date(seq).toISOString(), ...event }));
}

export function transcript(paths: SessionPaths, seq: number, epoch = 1, message = '{}'): void {
  appendFileSync(paths.transcript, encodeTranscript({ seq, epoch, atMs: seq, turnId: 't-1' }, Buffer.from(message)));
}

/** `host-started` by this very process, so that it counts as alive; or by one that is long gone. */
export const hostStarted = (alive: boolean): SessionEvent => ({
  type: 'host-started',
  version: '0.0.0',
  process: (alive ? identityOf(process.pid) : null) ?? { pid: 1, startTime: 'long ago', bootId: 'another' },
});

const sizeOf = (file: string): number => {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
};
export const sizes = (paths: SessionPaths): WatchReply => ({
  journalBytes: sizeOf(paths.journal),
  transcriptBytes: sizeOf(paths.transcript),
});

/** The watching side of a host. `announce` tells every follower, and those who come later, how much is durable. */
export class FakeHost {
  #durable: WatchReply = { journalBytes: 0, transcriptBytes: 0 };
  readonly #watchers = new Set<(reply: WatchReply) => void>();
  #server: ControlServer | null = null;
  connections = 0;

  async start(paths: SessionPaths): Promise<void> {
    this.#server = await listen(paths.socket, {
      handle: async () => {
        throw new Error('only watched');
      },
      watch: (send) => {
        this.connections += 1;
        this.#watchers.add(send);
        send(this.#durable);
        return () => this.#watchers.delete(send);
      },
    });
  }

  announce(durable: WatchReply): void {
    this.#durable = durable;
    for (const send of this.#watchers) send(durable);
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = null;
  }
}

/** Short names for what was followed: `j1:3`, `t1:4`, `damaged journal@120`, `caught-up alive`. */
export function nameOf(followed: Followed): string {
  switch (followed.source) {
    case 'journal':
      return `j${formatCursor(followed.cursor)}`;
    case 'transcript':
      return `t${formatCursor(followed.cursor)}${followed.message === null ? ' too long' : ''}`;
    case 'damaged':
      return `damaged ${followed.file}@${followed.offset}`;
    case 'caught-up':
      return `caught-up ${followed.hostAlive ? 'alive' : 'dead'}`;
  }
}
