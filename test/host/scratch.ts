import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { ControlRequest, Replies } from '../../src/control/protocol.ts';
import { requestHost } from '../../src/control/request-host.ts';
import { ensureHost, type HostAddress } from '../../src/control/start-host.ts';
import { readJournal } from '../../src/journal/read-journal.ts';
import { markedPids } from '../../src/process/marker.ts';
import { identityOf, isAlive } from '../../src/process/identity.ts';
import type { Script } from '../../src/rehearsal/fault-agent/script.ts';
import { newPromptId, newSessionId } from '../../src/session/ids.ts';
import type { JournalRecord, ProcessIdentity } from '../../src/session/events.ts';
import type { SessionRecord, TaskSpec } from '../../src/session/record.ts';
import { createSession, describePrompt } from '../../src/store/create-session.ts';
import type { SessionPaths } from '../../src/store/paths.ts';
import { readSession, type SessionView } from '../../src/store/read-session.ts';
import { killRecorded } from '../process/kill-recorded.ts';
import { sessionRecord, taskSpec } from '../session/samples.ts';

const FAULT_AGENT = path.resolve(import.meta.dirname, '../../src/rehearsal/fault-agent.ts');

/** A repository with a failing test, its bare remote, a state directory, and sessions whose agent follows a script. */
export class Scratch {
  readonly root: string;
  /** The state directory; a test may move it before it makes a session. */
  home: string;
  readonly repo: string;
  readonly remote: string;
  readonly env: Record<string, string>;
  readonly #sessions: LiveSession[] = [];
  #count = 0;

  constructor(t: TestContext) {
    this.root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-host-')));
    this.home = path.join(this.root, 'state');
    this.repo = path.join(this.root, 'demo');
    this.remote = path.join(this.root, 'remote.git');
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.root,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Test',
      GIT_AUTHOR_EMAIL: 'test@example.invalid',
      GIT_COMMITTER_NAME: 'Test',
      GIT_COMMITTER_EMAIL: 'test@example.invalid',
    };
    this.#makeRepository();
    t.after(() => this.close());
  }

  git(...args: string[]): string {
    return execFileSync('git', args, {
      cwd: this.repo,
      env: this.env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }

  /** `test.sh` fails until `sum.txt` holds 4. */
  #makeRepository(): void {
    mkdirSync(this.repo);
    writeFileSync(path.join(this.repo, 'sum.txt'), '5\n');
    writeFileSync(
      path.join(this.repo, 'test.sh'),
      'grep -qx 4 sum.txt && echo "1 passed, 0 failed" || { echo "0 passed, 1 failed"; exit 1; }\n',
    );
    this.git('init', '-q', '-b', 'main');
    this.git('add', '-A');
    this.git('commit', '-q', '-m', 'First');
    execFileSync('git', ['clone', '-q', '--bare', this.repo, this.remote], { env: this.env });
    // Relative on purpose: it is meant from the checkout, not from a worktree elsewhere.
    this.git('remote', 'add', 'origin', '../remote.git');
  }

  /** A task whose agent follows `script`. Its host is not started yet. */
  task(
    script: Script,
    over: {
      name?: string;
      task?: Partial<TaskSpec>;
      limits?: Partial<SessionRecord['limits']>;
      record?: Partial<SessionRecord>;
    } = {},
  ): LiveSession {
    const name = over.name ?? `task-${(this.#count += 1)}`;
    const spec = taskSpec({
      branch: `fix/${name}`,
      baseCommit: this.git('rev-parse', 'HEAD'),
      source: { type: 'text' },
      verify: {
        type: 'command',
        command: { type: 'shell', line: 'sh test.sh' },
        from: 'flag',
        runner: null,
        timeoutMs: 20_000,
      },
      ...over.task,
    });
    return this.#session(
      script,
      name,
      { ...over.record, kind: 'task', task: spec, cwd: path.join(this.root, 'worktrees', name) },
      over.limits,
      'Make the sum 4.',
    );
  }

  /** A session without a task, in the repository itself. */
  plain(
    script: Script,
    over: { name?: string; limits?: Partial<SessionRecord['limits']>; record?: Partial<SessionRecord> } = {},
  ): LiveSession {
    return this.#session(
      script,
      over.name ?? `session-${(this.#count += 1)}`,
      { ...over.record, kind: 'session', task: null, cwd: this.repo },
      over.limits,
      null,
    );
  }

  #session(
    script: Script,
    name: string,
    over: Partial<SessionRecord>,
    limits: Partial<SessionRecord['limits']> = {},
    prompt: string | null,
  ): LiveSession {
    const log = path.join(this.root, `${name}.agent.ndjson`);
    const scriptFile = path.join(this.root, `${name}.script.json`);
    writeFileSync(scriptFile, JSON.stringify({ log, resume: { supported: true }, ...script }));
    const base = sessionRecord();
    const record = sessionRecord({
      id: newSessionId(),
      name,
      repo: { key: 'demo-12345678', slug: 'demo', root: this.repo, commonDir: path.join(this.repo, '.git') },
      agent: {
        name: 'fault',
        command: process.execPath,
        args: [FAULT_AGENT, '--script', scriptFile],
        env: {},
        envFile: null,
        version: null,
      },
      firstPrompt: prompt === null ? null : describePrompt(newPromptId(), 'task', prompt),
      ...over,
      limits: { ...base.limits, hostIdleMs: 60_000, cancelTimeoutMs: 3_000, ...limits },
    });
    const result = createSession(this.home, path.join(this.root, 'run'), record, prompt);
    assert.equal(result.type, 'created');
    const session = new LiveSession(this, record, (result as { paths: SessionPaths }).paths, log);
    this.#sessions.push(session);
    return session;
  }

  /** Ends every host and agent this scratch started, by pid, and checks that they are gone. */
  async close(): Promise<void> {
    for (const session of this.#sessions) await session.end();
    rmSync(this.root, { recursive: true, force: true });
  }
}

export class LiveSession {
  readonly scratch: Scratch;
  readonly record: SessionRecord;
  readonly paths: SessionPaths;
  readonly agentLog: string;

  constructor(scratch: Scratch, record: SessionRecord, paths: SessionPaths, agentLog: string) {
    this.scratch = scratch;
    this.record = record;
    this.paths = paths;
    this.agentLog = agentLog;
  }

  get address(): HostAddress {
    const { socket, hostLog, journal } = this.paths;
    return { home: this.scratch.home, sessionId: this.record.id, socket, hostLog, journal };
  }

  /** Starts the host if none lives; its pid. */
  async host(): Promise<number> {
    return (await ensureHost(this.address, this.scratch.env)).pid;
  }

  call<R extends Exclude<ControlRequest, { op: 'watch' }>>(request: R): Promise<Replies[R['op']]> {
    return requestHost(this.address, this.scratch.env, request, null);
  }

  tell(
    text: string,
    mode: 'queue' | 'steer' | 'interrupt' | 'replace' = 'queue',
    key = `key/${text}`,
  ): Promise<Replies['tell']> {
    return this.call({ op: 'tell', promptId: newPromptId(), key, text, mode });
  }

  view(): SessionView {
    const view = readSession(this.scratch.home, path.join(this.scratch.root, 'run'), this.record.id);
    assert.ok(view);
    return view;
  }

  journal(): readonly JournalRecord[] {
    return readJournal(this.paths.journal).records;
  }

  types(): string[] {
    return this.journal().map((record) => record.type);
  }

  /** Waits until the journal holds a record that fits, or fails with what it holds. */
  async until(
    what: string,
    fits: (record: JournalRecord, all: readonly JournalRecord[]) => boolean,
    withinMs = 20_000,
  ): Promise<JournalRecord> {
    let found: JournalRecord | undefined;
    await waitFor(
      this.paths.dir,
      () => {
        const all = this.journal();
        found = all.find((record) => fits(record, all));
        return found !== undefined;
      },
      withinMs,
      () =>
        `${what} did not happen. Journal:\n${this.journal()
          .map((record) => JSON.stringify(record))
          .join('\n')}\nHost log:\n${this.hostLog()}`,
    );
    assert.ok(found);
    return found;
  }

  untilType<T extends JournalRecord['type']>(type: T, nth = 1): Promise<JournalRecord & { type: T }> {
    return this.until(
      `${type} number ${nth}`,
      (record, all) => record.type === type && all.filter((one) => one.type === type).length >= nth,
    ).then(
      () =>
        this.journal().filter((record): record is JournalRecord & { type: T } => record.type === type)[
          nth - 1
        ] as JournalRecord & { type: T },
    );
  }

  /** Waits until the host has written down something the agent said. */
  async untilTranscript(text: string): Promise<void> {
    const has = (): boolean =>
      existsSync(this.paths.transcript) && readFileSync(this.paths.transcript, 'utf8').includes(text);
    await waitFor(this.paths.dir, has, 20_000, () => `"${text}" was never transcribed. Host log:\n${this.hostLog()}`);
  }

  /** Waits until the scripted agent made a file: the proof that it has come to a certain step. */
  async untilFile(file: string): Promise<void> {
    await waitFor(
      path.dirname(file),
      () => existsSync(file),
      20_000,
      () => `${file} was never made. Host log:\n${this.hostLog()}`,
    );
  }

  hostLog(): string {
    return existsSync(this.paths.hostLog) ? readFileSync(this.paths.hostLog, 'utf8').slice(-4000) : '';
  }

  /** What the agent was asked to do, in order. */
  prompts(): string[] {
    return this.agentRecords('prompt').map((record) => String(record['text']));
  }

  agentRecords(event: string): Record<string, unknown>[] {
    if (!existsSync(this.agentLog)) return [];
    return readFileSync(this.agentLog, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((record) => record['event'] === event || record['type'] === event);
  }

  /** SIGKILL for the host, as a crash; waits until it is gone. */
  async killHost(): Promise<void> {
    const { host } = this.view().folded.life;
    if (host !== null) await kill(host.process);
  }

  async killAgent(): Promise<void> {
    const { process: agent } = this.view().folded.life.agent;
    assert.ok(agent);
    await kill(agent);
  }

  async end(): Promise<void> {
    // A session that was deleted tells nobody its host; that host has ended, or the marked processes below tell on it.
    if (existsSync(this.paths.record) && existsSync(this.paths.journal)) await this.killHost();
    for (const pid of markedPids(this.record.id)) {
      const marked = identityOf(pid);
      if (marked !== null) await kill(marked);
    }
    assert.deepEqual(markedPids(this.record.id), []);
  }
}

async function kill(identity: ProcessIdentity): Promise<void> {
  killRecorded(identity);
  await waitFor(
    tmpdir(),
    () => !isAlive(identity),
    10_000,
    () => `process ${identity.pid} did not end`,
  );
}

/** Looks again after every change in `directory`, and now and then for what the directory does not show. */
export async function waitFor(
  directory: string,
  fact: () => boolean,
  withinMs: number,
  problem: () => string,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!fact()) {
    if (performance.now() > end) throw new Error(problem());
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, 50);
      let watcher: ReturnType<typeof watch> | null = null;
      try {
        watcher = watch(directory, done);
        watcher.on('error', done);
      } catch {
        // Not there yet: the timer looks again.
      }
      function done(): void {
        clearTimeout(timer);
        watcher?.close();
        resolve();
      }
    });
  }
}
