import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '../errors.ts';
import { run, showCommand, type RunResult } from '../process/run.ts';
import { sha256 } from '../text/sha256.ts';
import { commandLine, pipeWord } from './command-line.ts';
import { PANE_FORMAT, parsePanes, type PaneFacts } from './pane-list.ts';
import { SERVER_CONFIGURATION } from './server-configuration.ts';

const COMMAND_TIMEOUT_MS = 20_000;
/** A server that was just ended may still hold its socket: 3 of 50 first commands met one (measured). */
const START_TRIES = 5;
const START_PAUSE_MS = 50;

export interface NewPane {
  readonly sessionName: string;
  readonly width: number;
  readonly height: number;
  /** At least two words: tmux hands a single one to a shell. */
  readonly argv: readonly [string, string, ...string[]];
  /** Everything the program prints is appended to it, from the first byte on. */
  readonly logFile: string;
}

/**
 * The private tmux server of one state directory: tests, users and machines with several of them stay apart. It is
 * started by the first pane and addressed by ids. Outlives every process of ours.
 */
export class TmuxServer {
  /** For `tmux -L`. */
  readonly socketName: string;
  readonly #address: readonly [string, string];
  readonly #home: string;
  readonly #env: Readonly<Record<string, string>>;

  /**
   * @param env for PATH and the basics only: what the server holds, every pane could read.
   * @param socket of another server, which somebody else looks after: a name (as for `tmux -L`) or an absolute path.
   */
  constructor(home: string, env: Readonly<Record<string, string | undefined>>, socket: string | null = null) {
    this.#home = home;
    this.socketName = socket ?? socketNameFor(home);
    this.#address = this.socketName.startsWith('/') ? ['-S', this.socketName] : ['-L', this.socketName];
    // Not TMUX_TMPDIR: shells, cron and hosts must all find the same socket. Nor TMUX: conduxt may run inside of one.
    const kept = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ'];
    this.#env = {
      TERM: 'xterm-256color',
      ...Object.fromEntries(
        kept.flatMap((name): [string, string][] => {
          const value = env[name];
          return value === undefined ? [] : [[name, value]];
        }),
      ),
    };
  }

  /** The words after `tmux` with which a person's terminal reaches this server. */
  clientArguments(...command: readonly string[]): string[] {
    return ['-u', ...this.#address, '-f', this.#configurationFor([command]), ...commandLine([command])];
  }

  get clientEnvironment(): Readonly<Record<string, string>> {
    return this.#env;
  }

  /** Runs commands in one call. A failure is data: tmux says why on stderr. */
  call(commands: readonly (readonly string[])[], input?: string): Promise<RunResult> {
    const args = ['-u', ...this.#address, '-f', this.#configurationFor(commands), ...commandLine(commands)];
    return run('tmux', args, {
      cwd: '/',
      env: this.#env,
      timeoutMs: COMMAND_TIMEOUT_MS,
      ...(input === undefined ? {} : { input }),
    });
  }

  /** Starts a program in a new session of one pane. @throws `tmux-failed` (exit 5), `tmux-name-taken`. */
  async newPane(pane: NewPane): Promise<PaneFacts> {
    const { sessionName, width, height, argv, logFile } = pane;
    const create = ['new-session', '-d', '-P', '-F', PANE_FORMAT, '-s', sessionName];
    const size = ['-x', String(width), '-y', String(height), '-c', '/'];
    const commands = [
      [...create, ...size, '--', ...argv],
      // In the same call: the server reads no output before it has carried out all of it.
      ['pipe-pane', '-O', `exec cat >>${pipeWord(logFile)}`],
      ['set-window-option', 'window-size', 'manual'],
    ];
    for (let tried = 1; ; tried += 1) {
      const result = await this.call(commands);
      const [facts] = parsePanes(result.stdout);
      if (result.exitCode === 0 && facts !== undefined) return facts;
      if (result.stderr.includes('duplicate session')) {
        throw unavailable('tmux-name-taken', `there is already a tmux session named ${sessionName}`);
      }
      const isGoing = /server exited|lost server|no server running/.test(result.stderr);
      if (!isGoing || tried >= START_TRIES) throw failed(result);
      await delay(START_PAUSE_MS * tried);
    }
  }

  /** Every pane of the server; none when it does not run. */
  async panes(): Promise<PaneFacts[]> {
    const result = await this.call([['list-panes', '-a', '-F', PANE_FORMAT]]);
    return result.exitCode === 0 ? parsePanes(result.stdout) : [];
  }

  /** Null when there is no such pane: `display-message` on a missing one succeeds with nothing, so it is not asked. */
  async pane(paneId: string): Promise<PaneFacts | null> {
    return (await this.panes()).find((facts) => facts.paneId === paneId) ?? null;
  }

  /** What stands on the screen; with `history` also what scrolled off it, with `joined` lines that tmux itself wrapped. */
  async capture(paneId: string, options: { history?: boolean; joined?: boolean } = {}): Promise<string | null> {
    const from = options.history === true ? ['-S', '-', '-E', '-'] : [];
    const joined = options.joined === true ? ['-J'] : [];
    const result = await this.call([['capture-pane', '-p', ...joined, ...from, '-t', paneId]]);
    return result.exitCode === 0 ? result.stdout : null;
  }

  /**
   * Screen and facts of a pane at one moment, in one call. The facts come first: a captured screen may end without a
   * newline.
   */
  async look(paneId: string): Promise<{ readonly facts: PaneFacts; readonly screen: string } | null> {
    const facts = ['list-panes', '-t', paneId, '-F', PANE_FORMAT];
    const result = await this.call([facts, ['capture-pane', '-p', '-t', paneId]]);
    const end = result.stdout.indexOf('\n');
    const [first] = parsePanes(result.stdout.slice(0, end));
    return result.exitCode === 0 && first !== undefined ? { facts: first, screen: result.stdout.slice(end + 1) } : null;
  }

  /** Puts text into a pane as a paste, byte for byte; the caller has cleaned it (`cleanInput`). @throws `tmux-failed`. */
  async paste(paneId: string, text: string): Promise<void> {
    // A name of our own: two who paste into one pane at once must not take each other's text.
    const buffer = `conduxt-${process.pid}-${paneId.slice(1)}`;
    const load = ['load-buffer', '-b', buffer, '-'];
    // -p: as a paste, so that a newline is no Enter; -r: newlines stay; -d: nothing is left for others to paste.
    const result = await this.call([load, ['paste-buffer', '-p', '-r', '-d', '-b', buffer, '-t', paneId]], text);
    if (result.exitCode !== 0) throw failed(result);
  }

  /**
   * Presses keys, by tmux's names. Whoever looks back in the pane meanwhile is brought to its end: in copy mode the keys
   * would not reach the program. @throws `tmux-failed`.
   */
  async press(paneId: string, keys: readonly string[]): Promise<void> {
    const leave = ['if-shell', '-F', '-t', paneId, '#{pane_in_mode}', `send-keys -t ${paneId} -X cancel`];
    const result = await this.call([leave, ['send-keys', '-t', paneId, ...keys]]);
    if (result.exitCode !== 0) throw failed(result);
  }

  async leaveMode(paneId: string): Promise<void> {
    await this.call([['send-keys', '-t', paneId, '-X', 'cancel']]);
  }

  /** Ends a session by its id, which the caller has just looked up. One that is gone is no error. */
  async endSession(sessionId: string): Promise<void> {
    await this.call([['kill-session', '-t', sessionId]]);
  }

  /** tmux reads this once, when the server starts: only for a command that starts it must the file be there. */
  #configurationFor(commands: readonly (readonly string[])[]): string {
    const file = path.join(this.#home, 'tmux.conf');
    const starts = commands.some(([name]) => name === 'new-session' || name === 'start-server');
    if (starts && readOrNull(file) !== SERVER_CONFIGURATION) {
      mkdirSync(this.#home, { recursive: true, mode: 0o700 });
      writeFileSync(file, SERVER_CONFIGURATION, { mode: 0o600 });
    }
    return file;
  }
}

/** One server for each state directory: short, because the socket's path is limited to 100 bytes. */
export const socketNameFor = (home: string): string => `conduxt-${sha256(path.resolve(home)).slice(0, 12)}`;

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not there yet.
    return null;
  }
}

function failed(result: RunResult): Error {
  const why = result.startError ?? (result.stderr.trim() || `exit code ${result.exitCode}`);
  const shown = showCommand('tmux', result.args).slice(0, 300);
  return unavailable('tmux-failed', `tmux failed: ${why} (${shown})`, {
    remedy: 'Check tmux with conduxt doctor.',
    facts: { exitCode: result.exitCode, stderr: result.stderr.slice(0, 1000) },
  });
}
