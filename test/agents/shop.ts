import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { readJournal } from '../../src/journal/read-journal.ts';
import { markedPids } from '../../src/process/marker.ts';
import type { EventType, JournalRecord } from '../../src/session/events.ts';
import { until } from '../backend/acp/rig.ts';
import { piHome, type AgentHome } from './agent-homes.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CONDUXT = path.join(ROOT, 'dist', 'conduxt.js');
const FIXTURE = path.join(ROOT, 'fixtures', 'demo');

/** A full turn of the slowest test takes about 6 s on 2 busy cores; with real agents beside it, ten times that. */
const PATIENCE_MS = process.env['SLOW_TESTS'] === '1' ? 120_000 : 40_000;

export interface Finished {
  readonly code: number | null;
  /** Both streams. */
  readonly output: string;
}

export interface Pace {
  /** pi's first pause before it asks its model again. */
  readonly retryBaseMs: number;
  readonly reminderPauseSeconds: number;
}
const QUICK: Pace = { retryBaseMs: 200, reminderPauseSeconds: 0 };
/** What users have who configured nothing. */
export const DEFAULT_PACE: Pace = { retryBaseMs: 2000, reminderPauseSeconds: 20 };

/** The corner shop with its bug and issue 78, a bare remote, and a user of an agent (pi) whose model is at `modelUrl`. */
export class Shop {
  readonly root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-shop-')));
  readonly repo = path.join(this.root, 'corner-shop');
  readonly remote = path.join(this.root, 'origin.git');
  readonly state = path.join(this.root, 'state');
  readonly #env: Readonly<Record<string, string>>;
  readonly #patienceMs: number;

  constructor(
    t: TestContext,
    modelUrl: string,
    pace: Pace = QUICK,
    agent: AgentHome = piHome(pace.retryBaseMs),
    patienceMs = PATIENCE_MS,
  ) {
    this.#patienceMs = patienceMs;
    assert.ok(existsSync(CONDUXT), 'build first: this test runs the built program');
    t.after(() => this.#close());
    const home = path.join(this.root, 'home');
    this.#env = {
      ...agent(home, { modelUrl, directories: [this.repo, this.worktree] }),
      TMPDIR: path.join(this.root, 'tmp'),
      CONDUXT_HOME: this.state,
      CONDUXT_REMINDER_PAUSE_SECONDS: String(pace.reminderPauseSeconds),
      GIT_AUTHOR_NAME: 'Test',
      GIT_AUTHOR_EMAIL: 'test@example.invalid',
      GIT_COMMITTER_NAME: 'Test',
      GIT_COMMITTER_EMAIL: 'test@example.invalid',
    };
    mkdirSync(path.join(this.root, 'tmp'));
    this.#makeRepository();
  }

  #makeRepository(): void {
    const issues = path.join(FIXTURE, 'issues');
    cpSync(FIXTURE, this.repo, { recursive: true, filter: (source) => source !== issues });
    this.git('init', '--quiet', '--initial-branch=main');
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', 'Open the shop');
    execFileSync('git', ['clone', '--quiet', '--bare', this.repo, this.remote], { env: this.#env });
    this.git('remote', 'add', 'origin', this.remote);
    cpSync(issues, path.join(this.repo, '.conduxt', 'issues'), { recursive: true });
  }

  git(...args: string[]): string {
    return this.gitIn(this.repo, ...args);
  }

  gitIn(cwd: string, ...args: string[]): string {
    return execFileSync('git', args, { cwd, env: this.#env, encoding: 'utf8' }).trim();
  }

  get worktree(): string {
    return path.join(this.root, 'worktrees', 'corner-shop', 'issue-78');
  }

  /** Runs the built program in the repository. It is ended when it takes too long. */
  conduxt(...args: string[]): Promise<Finished> {
    return finished(this.start(...args));
  }

  /** The same, for whoever wants to end it. */
  start(...args: string[]): ChildProcess {
    return spawn(process.execPath, [CONDUXT, ...args], {
      cwd: this.repo,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: this.#patienceMs,
      killSignal: 'SIGKILL',
    });
  }

  /** Runs, and expects this exit code. */
  async expect(code: number, ...args: string[]): Promise<Finished> {
    const result = await this.conduxt(...args);
    assert.equal(result.code, code, `conduxt ${args.join(' ')}\n${result.output}\n${this.#story()}`);
    return result;
  }

  /** Directory of the only session. */
  get session(): string | null {
    return globSync(path.join(this.state, 'sessions', 's-*'))[0] ?? null;
  }

  journal(): readonly JournalRecord[] {
    return this.session === null ? [] : readJournal(path.join(this.session, 'journal.ndjson')).records;
  }

  /** The records of one type, in order. */
  records<T extends EventType>(type: T): Extract<JournalRecord, { readonly type: T }>[] {
    return this.journal().filter(
      (record): record is Extract<JournalRecord, { readonly type: T }> => record.type === type,
    );
  }

  /** What the agent sent, as it is on disk. */
  transcript(): string {
    const file = path.join(this.session ?? '', 'transcript.ndjson');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  async until(what: string, fact: () => boolean): Promise<void> {
    await until(what, fact, this.#patienceMs).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.#story()}`);
    });
  }

  pullRequests(): readonly string[] {
    return globSync(path.join(this.state, 'repos', '*', 'prs', '*.md')).map((file) => readFileSync(file, 'utf8'));
  }

  /** Stops the session: its agent is gone when the command returns, and its host soon after. */
  async stop(): Promise<void> {
    await this.expect(0, 'stop', 'issue-78');
    assert.deepEqual(markedPids(path.basename(this.session ?? '')), []);
    await this.until('nothing runs any more', () => this.processes().length === 0);
  }

  /** Living processes of this user that carry a path of the scratch in environment or command line. Linux only. */
  processes(): readonly number[] {
    if (process.platform !== 'linux') return [];
    return readdirSync('/proc').flatMap((entry) => {
      if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return [];
      try {
        // A zombie's read as empty.
        const texts = ['environ', 'cmdline'].map((name) => readFileSync(`/proc/${entry}/${name}`, 'utf8'));
        return texts.some((text) => text.includes(this.root)) ? [Number(entry)] : [];
      } catch {
        return []; // Gone meanwhile, or another user's.
      }
    });
  }

  /** For a failure's message. */
  #story(): string {
    return this.journal()
      .map((record) => JSON.stringify(record).slice(0, 600))
      .join('\n');
  }

  #close(): void {
    for (const pid of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself, as it should.
      }
    }
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

function finished(child: ChildProcess): Promise<Finished> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (output += data.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
