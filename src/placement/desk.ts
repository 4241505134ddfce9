import { isoTime } from '../clock.ts';
import { ConduxtError, notFound, refused } from '../errors.ts';
import { waitForLock } from '../lock/file-lock.ts';
import { isSessionId, newTerminalId } from '../session/ids.ts';
import { makePrivateDirectory } from '../store/durable-files.ts';
import { identityOf } from '../process/identity.ts';
import { SESSION_MARKER } from '../process/marker.ts';
import type { PaneFacts } from '../tmux/pane-list.ts';
import { supervisorProgram } from '../tmux/programs.ts';
import { makeRunDirectory, writeLaunch } from '../tmux/run-directory.ts';
import type { TmuxServer } from '../tmux/server.ts';
import { endTerminal } from './end-terminal.ts';
import { nameLock, readTerminals, removeTerminal, runRoot, writeTerminal, type TerminalRecord } from './ledger.ts';
import { strangersOn } from './strangers.ts';
import { fullName, namesMeant, type Naming } from './terminal-names.ts';
import { terminalNow, type Terminal } from './terminal.ts';

/** As the agents' panes: programs that wrap and box read best when it is wide. */
const WIDTH = 220;
const HEIGHT = 60;
/** A server that runs for weeks must not fill the disk: of its log, so much to twice as much is kept. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;

const LOCK_POLL_MS = 20;

type Env = Readonly<Record<string, string | undefined>>;

export interface NewTerminal {
  readonly name: string;
  readonly cwd: string;
  /** Null: the user's shell. */
  readonly command: readonly string[] | null;
  readonly env: Env;
  readonly nowMs: number;
}

/** The durable sessions that commands run in: made, found by what people call them, renamed, ended. */
export class TerminalDesk {
  readonly home: string;
  readonly server: TmuxServer;
  readonly naming: Naming;

  constructor(home: string, server: TmuxServer, naming: Naming) {
    this.home = home;
    this.server = server;
    this.naming = naming;
  }

  /** Every terminal in the ledger, as it is now. */
  async all(): Promise<Terminal[]> {
    const records = readTerminals(this.home);
    if (records.length === 0) return [];
    const panes = await this.server.panes();
    return records.map((record) => terminalNow(this.home, record, panes));
  }

  /** Null when there is none of this name. */
  async find(name: string): Promise<Terminal | null> {
    const all = await this.all();
    const byName = (wanted: string): Terminal | undefined =>
      // Names may repeat in the ledger: an ended one was replaced.
      all.findLast(({ record }) => record.name === wanted) ?? all.find(({ record }) => record.id === wanted);
    for (const wanted of namesMeant(name, this.naming)) {
      const found = byName(wanted);
      if (found !== undefined) return found;
    }
    return null;
  }

  /** @throws `terminal-not-found` (exit 4). */
  async get(name: string): Promise<Terminal> {
    const found = await this.find(name);
    if (found !== null) return found;
    throw notFound('terminal-not-found', `There is no terminal "${name.slice(0, 80)}".`, {
      remedy: 'See conduxt terminal list.',
      facts: { name },
    });
  }

  /** Starts a shell, or a command, in a session of its own. @throws `tmux-failed`, `tmux-name-taken` (exit 5). */
  async create(wish: NewTerminal): Promise<Terminal> {
    const name = fullName(wish.name, this.naming);
    const record: TerminalRecord = {
      schemaVersion: 1,
      id: newTerminalId(),
      name,
      project: this.naming.project,
      cwd: wish.cwd,
      command: wish.command === null ? null : [...wish.command],
      createdAt: isoTime(wish.nowMs),
      owner: ownerIn(wish.env),
      supervised: true,
      pane: null,
      maker: identityOf(process.pid),
    };
    makePrivateDirectory(this.home);
    writeTerminal(this.home, record);
    const pane = await this.#start(record, wish);
    return this.#keep({ ...record, pane: placed(pane) }, [pane]);
  }

  async #start(record: TerminalRecord, { env }: NewTerminal): Promise<PaneFacts> {
    const run = makeRunDirectory(runRoot(this.home, record.id));
    const [command = env['SHELL'] ?? '/bin/sh', ...args] = record.command ?? [];
    writeLaunch(run, {
      cwd: record.cwd,
      command,
      args,
      env: paneEnvironment(env, record.id),
      maxLogBytes: MAX_LOG_BYTES,
    });
    const [node, flag, file] = supervisorProgram();
    try {
      const argv = [node, flag, file, run.dir] as const;
      const size = { width: WIDTH, height: HEIGHT };
      return await this.server.newPane({ sessionName: record.name, ...size, argv: [...argv], logFile: run.log });
    } catch (error) {
      removeTerminal(this.home, record.id);
      if (error instanceof ConduxtError && error.code === 'tmux-name-taken') throw nameTaken(record.name);
      throw error;
    }
  }

  /** As it is now. */
  async refresh({ record }: Terminal): Promise<Terminal> {
    return this.#again(record, await this.server.panes());
  }

  #keep(record: TerminalRecord, panes: readonly PaneFacts[]): Terminal {
    writeTerminal(this.home, record);
    return this.#again(record, panes);
  }

  #again(record: TerminalRecord, panes: readonly PaneFacts[]): Terminal {
    return terminalNow(this.home, record, panes);
  }

  /** Gives it another name; what runs in it does not notice. @throws `terminal-exists` (exit 6). */
  async rename(terminal: Terminal, newName: string): Promise<Terminal> {
    const name = fullName(newName, this.naming);
    const panes = await this.server.panes();
    if (panes.some(({ sessionName }) => sessionName === name)) throw nameTaken(name);
    if (terminal.pane !== null) await this.server.call([['rename-session', '-t', terminal.pane.sessionId, name]]);
    return this.#keep({ ...terminal.record, name }, await this.server.panes());
  }

  /**
   * A session of the private server that bears this name, with or without the prefix, and is nobody's: it is given the
   * full name and an entry, and is used from then on. Null when there is none.
   */
  async adopt(givenName: string, nowMs: number): Promise<Terminal | null> {
    const name = fullName(givenName, this.naming);
    const others = await strangersOn(this.server, await this.all());
    const found = others.find(({ kind, pane }) => kind === 'other' && [givenName, name].includes(pane.sessionName));
    if (found === undefined) return null;
    const { pane } = found;
    if (pane.sessionName !== name) {
      const renamed = await this.server.call([['rename-session', '-t', pane.sessionId, name]]);
      // There is one of the full name, too, which is the one that is meant.
      if (renamed.exitCode !== 0) return null;
    }
    const facts = {
      project: this.naming.project,
      cwd: '/',
      command: null,
      owner: null,
      supervised: false,
      maker: null,
    };
    const head = { schemaVersion: 1, id: newTerminalId(), name, createdAt: isoTime(nowMs) } as const;
    return this.#keep({ ...head, ...facts, pane: placed(pane) }, await this.server.panes());
  }

  /** Does something about a name while nobody else does. */
  async alone<T>(name: string, act: () => Promise<T>): Promise<T> {
    const lock = await waitForLock(nameLock(this.home, name), { pollMs: LOCK_POLL_MS });
    try {
      return await act();
    } finally {
      lock?.release();
    }
  }

  /** Ends whatever runs in it and takes the name away; its log stays until it is reclaimed. @returns pids that are left. */
  async end(terminal: Terminal): Promise<readonly number[]> {
    return endTerminal(this.server, terminal);
  }

  /** Also its entry and its log. */
  forget({ record }: Terminal): void {
    removeTerminal(this.home, record.id);
  }
}

export const nameTaken = (name: string): Error =>
  refused('terminal-exists', `There is already a terminal ${name}.`, {
    remedy: 'Use it with --reuse, replace it with --replace, or choose another name.',
    facts: { name },
  });

/** A process that is gone already has no identity, and its exit record says the rest. */
function placed({ paneId, pid }: PaneFacts): TerminalRecord['pane'] {
  const found = identityOf(pid);
  return found === null ? null : { paneId, process: found };
}

/** The session whose agent runs this command line. */
function ownerIn(env: Env): string | null {
  const marked = (env[SESSION_MARKER] ?? '').replace(/\.step$/, '');
  return isSessionId(marked) ? marked : null;
}

/** The caller's own, so that a command finds what it would have found; only the marker is the terminal's. */
function paneEnvironment(env: Env, id: string): Record<string, string> {
  const kept = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const { TMUX: _tmux, TMUX_PANE: _pane, CONDUXT_CALLBACK: _callback, ...rest } = Object.fromEntries(kept);
  return { ...rest, [SESSION_MARKER]: id };
}
