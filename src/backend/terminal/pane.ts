import { watch, type FSWatcher } from 'node:fs';
import { open, truncate } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { endRecorded, endTree } from '../../process/group.ts';
import { isAlive } from '../../process/identity.ts';
import {
  readExit,
  readStarted,
  runDirectories,
  sizeOf,
  textIn,
  type RunDirectory,
  type Started,
} from '../../tmux/run-directory.ts';
import type { PaneFacts } from '../../tmux/pane-list.ts';
import type { TmuxServer } from '../../tmux/server.ts';
import type { ProcessIdentity } from '../../session/events.ts';

/** Between looks for a death that wrote nothing down: the supervisor was killed with its agent. */
const PULSE_MS = 1_000;
/** A redrawing program writes megabytes an hour; what is older than this many bytes is forgotten. */
const MAX_LOG_BYTES = 64 * 1024 * 1024;
const EXIT_FILE_GRACE_MS = 500;

export interface PaneExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Why it never ran, or null. */
  readonly problem: string | null;
}

/** One pane with a supervisor in it, as seen from outside: its files, its screen, its end. */
export class Pane {
  readonly run: RunDirectory;
  readonly paneId: string;
  readonly supervisor: ProcessIdentity;
  readonly #server: TmuxServer;

  constructor(server: TmuxServer, run: RunDirectory, { paneId, supervisor }: Pick<Started, 'paneId' | 'supervisor'>) {
    this.#server = server;
    this.run = run;
    this.paneId = paneId;
    this.supervisor = supervisor;
  }

  /** The living pane among the runs under `root`: by its supervisor's identity, never by a name or a number alone. */
  static async living(server: TmuxServer, root: string): Promise<Pane | null> {
    for (const run of runDirectories(root)) {
      const started = readStarted(run);
      if (started === null || readExit(run) !== null || !isAlive(started.supervisor)) continue;
      const pane = new Pane(server, run, started);
      if ((await pane.facts()) !== null) return pane;
    }
    return null;
  }

  /** What tmux says about it; null when its number is gone or belongs to another program. */
  async facts(): Promise<PaneFacts | null> {
    const facts = await this.#server.pane(this.paneId);
    return facts?.pid === this.supervisor.pid ? facts : null;
  }

  look(): Promise<{ readonly facts: PaneFacts; readonly screen: string } | null> {
    return this.#server.look(this.paneId);
  }

  /** Screen and what scrolled off it. */
  async everything(): Promise<string> {
    return (await this.#server.capture(this.paneId, { history: true })) ?? '';
  }

  paste(text: string): Promise<void> {
    return this.#server.paste(this.paneId, text);
  }
  press(keys: readonly string[]): Promise<void> {
    return this.#server.press(this.paneId, keys);
  }

  get logBytes(): number {
    return sizeOf(this.run.log);
  }

  /** How it ended; null while it runs. A supervisor that died without a word counts, after a moment's grace, as ended. */
  async exit(): Promise<PaneExit | null> {
    const written = readExit(this.run);
    if (written !== null) return written;
    if (isAlive(this.supervisor)) return null;
    await delay(EXIT_FILE_GRACE_MS);
    return readExit(this.run) ?? { exitCode: null, signal: null, problem: null };
  }

  /** Calls `changed` after every change of the run's files, and once a second. The returned function ends that. */
  watch(changed: () => void): () => void {
    let watcher: FSWatcher | null = null;
    try {
      watcher = watch(this.run.dir, changed);
      watcher.on('error', changed);
    } catch {
      // No more watches to be had, or the directory is gone: the pulse is left.
    }
    const pulse = setInterval(() => {
      if (this.logBytes > MAX_LOG_BYTES) void truncate(this.run.log, 0).catch(() => {});
      changed();
    }, PULSE_MS);
    return () => {
      clearInterval(pulse);
      watcher?.close();
    };
  }

  /** The lines of the hook file from `from` on, whole ones only, and where they end. */
  async hookLines(from: number): Promise<{ readonly lines: readonly string[]; readonly end: number }> {
    const size = sizeOf(this.run.hooks);
    if (size <= from) return { lines: [], end: Math.min(from, size) };
    const file = await open(this.run.hooks, 'r');
    try {
      const bytes = Buffer.alloc(size - from);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
      const whole = bytes.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
      const lines = bytes.subarray(0, whole).toString('utf8').split('\n');
      return { lines: lines.filter((line) => line !== ''), end: from + whole };
    } finally {
      await file.close();
    }
  }

  /** What the agent put into its callback file; null when there is nothing. */
  callback(): string | null {
    return textIn(this.run.callback);
  }

  /** What it put into its phase file; null when there is nothing. */
  phase(): string | null {
    return textIn(this.run.phase);
  }

  /** It has answered through a file. */
  get hasSpoken(): boolean {
    return this.callback() !== null || this.phase() !== null;
  }

  /**
   * Ends the agent, its pane and everything it started. Safe when they are gone already.
   * @returns the marked pids that could not be ended.
   */
  async end(sessionId: string, termPatienceMs: number): Promise<readonly number[]> {
    if (isAlive(this.supervisor)) {
      // The supervisor hands it on, waits, and writes the end down; then the group and whatever left it.
      try {
        process.kill(this.supervisor.pid, 'SIGTERM');
      } catch {
        // Gone in the meantime.
      }
    }
    const left = await endTree(this.supervisor, { sessionId, patienceMs: termPatienceMs, termPatienceMs });
    const facts = await this.facts();
    if (facts !== null) await this.#server.endSession(facts.sessionId);
    return left.length === 0 ? left : endRecorded(null, { sessionId, patienceMs: 0, termPatienceMs });
  }
}
