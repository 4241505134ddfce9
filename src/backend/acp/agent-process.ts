import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../../clock.ts';
import { messageOf, systemCode, unavailable } from '../../errors.ts';
import { endTree, startGroup, type GroupLeader } from '../../process/group.ts';
import { SESSION_MARKER } from '../../process/marker.ts';
import { showCommand } from '../../process/run.ts';
import type { ProcessIdentity } from '../../session/events.ts';
import { endOf } from '../../text/cut.ts';
import type { AgentExit, BackendNotice, OpenSpec } from '../backend.ts';
import { ByteTail } from './byte-tail.ts';
import { within } from './within.ts';

const STDERR_TAIL_BYTES = 8 * 1024;
/** Of these, how much goes into a sentence. */
const LAST_WORDS_CHARS = 1000;
/** Passed on as notices while it runs; the tail is kept whatever was passed on. */
const MAX_STDERR_NOTICE_BYTES = 64 * 1024;
/** How long we wait for the exit of a leader that was just killed, before reporting without it. */
const EXIT_PATIENCE_MS = 1000;
const STDERR_PATIENCE_MS = 100;

interface Streams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** One running agent program with everything it starts: a process group with a marker. */
export class AgentProcess {
  readonly identity: ProcessIdentity;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Settles when the leader is gone; what it started may live on until `ended`. */
  readonly exited: Promise<void>;
  /** Settles when the leader is gone and what it left behind was ended, for whatever reason. */
  readonly ended: Promise<AgentExit>;
  readonly #spec: OpenSpec;
  readonly #clock: Clock;
  readonly #leader: GroupLeader;
  readonly #stderrStream: Readable;
  readonly #stderrEnded: Promise<void>;
  readonly #stderr = new ByteTail(STDERR_TAIL_BYTES);
  #exit: { readonly exitCode: number | null; readonly signal: string | null } | null = null;
  #ending: Promise<void> | null = null;
  #settle: (exit: AgentExit) => void = () => {};

  private constructor(spec: OpenSpec, clock: Clock, leader: GroupLeader, streams: Streams) {
    this.#spec = spec;
    this.#clock = clock;
    this.#leader = leader;
    this.identity = leader.identity;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.#stderrStream = streams.stderr;
    this.#stderrEnded = new Promise((resolve) => streams.stderr.once('close', resolve));
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    this.exited = leader.exited.then(async (exit) => {
      this.#exit = exit;
      // Its last words may still be in the pipe.
      await this.#stderrRead();
      // Real agents leave children behind when they die (claude and gemini a running command).
      void this.end(0);
    });
  }

  /** Starts the agent of `spec` with exactly its environment and our marker. Rejects with `agent-not-started`. */
  static async start(spec: OpenSpec, notice: (notice: BackendNotice) => void, clock: Clock): Promise<AgentProcess> {
    const env = { ...spec.env, [SESSION_MARKER]: spec.sessionId };
    let leader: GroupLeader;
    try {
      leader = await startGroup(spec.command, spec.args, { cwd: spec.cwd, env });
    } catch (error) {
      const shown = showCommand(spec.command, spec.args);
      throw unavailable('agent-not-started', `cannot start the agent: ${shown} in ${spec.cwd}: ${messageOf(error)}`, {
        remedy: 'check that the program is installed and that the directory exists (conduxt doctor)',
        cause: error,
        facts: { command: spec.command, args: spec.args, cwd: spec.cwd, code: systemCode(error) ?? null },
      });
    }
    const { stdin, stdout, stderr } = leader.child;
    if (stdin === null || stdout === null || stderr === null) throw new Error('the agent was started without pipes');
    const agent = new AgentProcess(spec, clock, leader, { stdin, stdout, stderr });
    agent.#follow(notice);
    return agent;
  }

  /**
   * Closes stdin, waits `patienceMs`, then ends the tree. A second call changes nothing about the first.
   * Settles like `ended`.
   */
  async end(patienceMs: number): Promise<AgentExit> {
    this.#ending ??= this.#end(patienceMs);
    await this.#ending;
    return this.ended;
  }

  stderrTail(): string {
    return this.#stderr.text();
  }

  /** For people: how it ended, with the end of what it wrote to stderr. */
  describeEnd(): string {
    const { exitCode = null, signal = null } = this.#exit ?? {};
    const how =
      this.#exit === null
        ? 'the agent closed its output'
        : signal === null
          ? `the agent exited with code ${exitCode}`
          : `the agent was ended by ${signal}`;
    const lastWords = endOf(this.stderrTail().trim(), LAST_WORDS_CHARS);
    return lastWords === '' ? how : `${how}; its last words: ${lastWords}`;
  }

  /** The same for programs. */
  facts(): Readonly<Record<string, unknown>> {
    const { exitCode = null, signal = null } = this.#exit ?? {};
    return { exitCode, signal, stderrTail: this.stderrTail() };
  }

  async #end(patienceMs: number): Promise<void> {
    this.stdin.end();
    const { sessionId, termPatienceMs } = this.#spec;
    const left = await endTree(this.identity, { sessionId, patienceMs, termPatienceMs });
    if (!left.includes(this.identity.pid)) await within(this.#leader.exited, EXIT_PATIENCE_MS, this.#clock);
    await this.#stderrRead();
    // Something out of our reach may hold it open; it must not keep this process alive.
    this.#stderrStream.destroy();
    const { exitCode = null, signal = null } = this.#exit ?? {};
    this.#settle({ exitCode, signal, left, stderrTail: this.stderrTail() });
  }

  async #stderrRead(): Promise<void> {
    await within(this.#stderrEnded, STDERR_PATIENCE_MS, this.#clock);
  }

  #follow(notice: (notice: BackendNotice) => void): void {
    let passedBytes = 0;
    const decoder = new StringDecoder('utf8');
    this.#stderrStream.on('data', (bytes: Buffer) => {
      this.#stderr.add(bytes);
      if (passedBytes >= MAX_STDERR_NOTICE_BYTES) return;
      passedBytes += bytes.length;
      // All of it: a secret may go on in the next piece.
      const text = decoder.write(bytes);
      if (text !== '') notice({ type: 'stderr', text });
    });
  }
}
