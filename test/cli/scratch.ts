import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { main } from '../../src/cli/main.ts';
import { listen } from '../../src/control/server.ts';
import type { ControlRequest, Replies } from '../../src/control/protocol.ts';
import { encodeRecord } from '../../src/journal/record-line.ts';
import { encodeTranscript } from '../../src/journal/transcript.ts';
import { newSessionId } from '../../src/session/ids.ts';
import type { SessionEvent } from '../../src/session/events.ts';
import type { SessionRecord } from '../../src/session/record.ts';
import { createSession } from '../../src/store/create-session.ts';
import type { SessionPaths } from '../../src/store/paths.ts';
import { journalOf, sessionRecord } from '../session/samples.ts';
import { fakeIo, type FakeIo } from './fake-io.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A state directory, a directory that looks like a repository, and the command line inside of this process. */
export class Desk {
  readonly root: string;
  readonly home: string;
  readonly repo: string;
  readonly repoKey: string;

  constructor(t: TestContext) {
    this.root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-cli-')));
    t.after(() => rmSync(this.root, { recursive: true, force: true }));
    this.home = path.join(this.root, 'state');
    this.repo = path.join(this.root, 'demo');
    mkdirSync(path.join(this.repo, '.git'), { recursive: true });
    writeFileSync(path.join(this.repo, '.git/HEAD'), 'ref: refs/heads/main\n');
    const commonDir = path.join(this.repo, '.git');
    this.repoKey = `demo-${createHash('sha256').update(commonDir).digest('hex').slice(0, 8)}`;
  }

  io(over: { stdin?: string; cwd?: string; env?: Record<string, string>; nowMs?: number } = {}): FakeIo {
    const env = { PATH: process.env['PATH'] ?? '', CONDUXT_HOME: this.home, XDG_RUNTIME_DIR: this.root, ...over.env };
    return fakeIo({ cwd: over.cwd ?? this.repo, homedir: this.root, ...over, env });
  }

  async run(
    args: readonly string[],
    over: { stdin?: string; cwd?: string; env?: Record<string, string>; nowMs?: number } = {},
  ): Promise<Ran> {
    const io = this.io(over);
    const code = await main(args, io);
    return { code, out: io.out(), err: io.err() };
  }

  /** A session on disk with this journal, as a host would have left it. */
  session(
    name: string,
    events: readonly SessionEvent[],
    over: Partial<SessionRecord> = {},
  ): { record: SessionRecord; paths: SessionPaths } {
    const record = sessionRecord({
      id: newSessionId(),
      name,
      repo: { key: this.repoKey, slug: 'demo', root: this.repo, commonDir: path.join(this.repo, '.git') },
      cwd: this.repo,
      ...over,
    });
    const made = createSession(
      this.home,
      path.join(this.root, 'conduxt'),
      record,
      record.firstPrompt === null ? null : 'fix',
    );
    if (made.type === 'taken') throw new Error(`${name} is taken`);
    for (const written of journalOf(events)) appendFileSync(made.paths.journal, encodeRecord(written));
    return { record, paths: made.paths };
  }

  /** A file of its user; its path. */
  file(name: string, text: string): string {
    const file = path.join(this.root, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  /** Adds an agent's update to the transcript. */
  update(paths: SessionPaths, seq: number, update: object, turnId = 't-p-1'): void {
    const message = JSON.stringify({ jsonrpc: '2.0', method: 'session/update', params: { sessionId: 'n', update } });
    const prefix = { seq, epoch: 1, atMs: 1_700_000_000_000 + seq, turnId };
    appendFileSync(paths.transcript, encodeTranscript(prefix, Buffer.from(message)));
  }

  /** The control side of a host that answers with `replies`. @returns the requests it got. */
  async host(t: TestContext, paths: SessionPaths, replies: Partial<Replies>): Promise<ControlRequest[]> {
    const requests: ControlRequest[] = [];
    const hello: Replies['hello'] = { protocol: 1, version: '0', pid: process.pid, sessionId: 's', state: 'running' };
    const server = await listen(paths.socket, {
      handle: async <R extends Exclude<ControlRequest, { op: 'watch' }>>(request: R) => {
        if (request.op !== 'hello') requests.push(request);
        const reply = { hello, ...replies }[request.op];
        if (reply === undefined) throw new Error(`no reply for ${request.op}`);
        return reply as Replies[R['op']];
      },
      watch: () => () => {},
    });
    t.after(() => server.close());
    return requests;
  }
}
