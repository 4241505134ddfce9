import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { readJournal } from '../../src/journal/read-journal.ts';
import type { JournalRecord } from '../../src/session/events.ts';
import type { Script } from '../../src/rehearsal/fault-agent/script.ts';
import { waitFor } from '../host/scratch.ts';
import { killRecorded } from '../process/kill-recorded.ts';

const DIST = path.resolve(import.meta.dirname, '../../dist');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A user's machine: a home, a repository with a failing test, a bare remote, and the built program. */
export class Machine {
  readonly root: string;
  readonly home: string;
  readonly state: string;
  readonly repo: string;
  readonly remote: string;
  readonly env: Record<string, string>;
  readonly #running = new Set<ChildProcess>();

  /** @param state name of the state directory */
  constructor(t: TestContext, state = 'state') {
    assert.ok(existsSync(path.join(DIST, 'conduxt.js')), 'build first: these tests run the built program');
    this.root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-e2e-')));
    this.home = path.join(this.root, 'home');
    this.state = path.join(this.root, state);
    this.repo = path.join(this.root, 'demo');
    this.remote = path.join(this.root, 'remote.git');
    this.env = {
      PATH: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: this.home,
      CONDUXT_HOME: this.state,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'A User',
      GIT_AUTHOR_EMAIL: 'user@example.invalid',
      GIT_COMMITTER_NAME: 'A User',
      GIT_COMMITTER_EMAIL: 'user@example.invalid',
      LANG: 'C.UTF-8',
    };
    mkdirSync(this.home);
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
    this.git('remote', 'add', 'origin', this.remote);
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

  file(name: string): string {
    return path.join(this.root, name);
  }

  /** Writes the user's configuration: one agent `fault` that follows `script`. */
  agent(script: Script, config: Record<string, unknown> = {}): void {
    const scriptFile = this.file('agent.script.json');
    writeFileSync(
      scriptFile,
      JSON.stringify({ log: this.file('agent-{{session}}.ndjson'), resume: { supported: true }, ...script }),
    );
    const directory = path.join(this.home, '.config/conduxt');
    mkdirSync(directory, { recursive: true });
    const acp = { command: process.execPath, args: [path.join(DIST, 'fault-agent.js'), '--script', scriptFile] };
    writeFileSync(
      path.join(directory, 'config.json'),
      JSON.stringify({ agent: 'fault', agents: { fault: { acp } }, ...config }),
    );
  }

  start(...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [path.join(DIST, 'conduxt.js'), ...args], {
      cwd: this.repo,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  run(...args: string[]): Promise<Finished> {
    return finished(this.start(...args));
  }

  /** Runs and expects exit code 0. */
  async ok(...args: string[]): Promise<Finished> {
    const result = await this.run(...args);
    assert.equal(result.code, 0, `conduxt ${args.join(' ')}\n${result.stdout}\n${result.stderr}`);
    return result;
  }

  async json(...args: string[]): Promise<Record<string, unknown>> {
    return JSON.parse((await this.ok(...args, '--json')).stdout) as Record<string, unknown>;
  }

  sessionIds(): string[] {
    const directory = path.join(this.state, 'sessions');
    return existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith('s-')) : [];
  }

  /** The journal of the only session, or of the one with that name. */
  journal(name?: string): readonly JournalRecord[] {
    const id = this.sessionIds().find((each) => name === undefined || this.nameOf(each) === name);
    return id === undefined ? [] : readJournal(path.join(this.state, 'sessions', id, 'journal.ndjson')).records;
  }

  nameOf(id: string): string {
    return (JSON.parse(readFileSync(path.join(this.state, 'sessions', id, 'session.json'), 'utf8')) as { name: string })
      .name;
  }

  /** Waits for a record in the journal. */
  async until(type: JournalRecord['type'], name?: string): Promise<void> {
    await waitFor(
      this.root,
      () => this.journal(name).some((record) => record.type === type),
      20_000,
      () =>
        `no ${type} in the journal:\n${this.journal(name)
          .map((record) => JSON.stringify(record))
          .join('\n')}`,
    );
  }

  async untilFile(file: string): Promise<void> {
    await waitFor(
      path.dirname(file),
      () => existsSync(file),
      20_000,
      () => `${file} was never made`,
    );
  }

  /** Ends commands that hang, and what the sessions started, by what their journals name. */
  close(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    for (const id of this.sessionIds()) {
      for (const record of readJournal(path.join(this.state, 'sessions', id, 'journal.ndjson')).records) {
        if (record.type === 'host-started' || record.type === 'agent-started') killRecorded(record.process);
      }
    }
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function finished(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}
