import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import PQueue from 'p-queue';
import { readJournal, type JournalContents } from '../../../src/journal/read-journal.ts';
import { listNames } from '../../../src/store/read-session.ts';
import type { Script } from '../../../src/rehearsal/fault-agent/script.ts';

const DIST = path.resolve(import.meta.dirname, '../../../dist');
const DISK = 'size=128m,mode=0700';
/** Twenty commands that start at once take the cores from the hosts and agents that are to be hurt. */
const COMMANDS_AT_ONCE = 2 * availableParallelism();

/** Half a second of work, so that a fault finds it in the middle; `ask` wants to be allowed something. */
const SCRIPT: Script = {
  resume: { supported: true },
  prompts: [
    {
      match: 'Make the sum 4|conduxt was interrupted',
      steps: [
        { type: 'delay', ms: 100 },
        { type: 'shell', command: 'echo 4 > sum.txt && git commit -qam "The sum" || :' },
        { type: 'delay', ms: 100 },
        { type: 'callback', status: 'completed', fields: { summary: 'It is 4.' } },
      ],
    },
    {
      match: 'ask \\S+$',
      steps: [
        { type: 'text', text: 'may I? ' },
        {
          type: 'permission',
          options: [
            { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
            { optionId: 'no', name: 'Reject', kind: 'reject_once' },
          ],
        },
        { type: 'text', text: 'done' },
      ],
    },
    {
      match: '.',
      steps: [
        { type: 'text', text: 'ok ' },
        { type: 'delay', ms: 150 },
        { type: 'text', text: 'done' },
      ],
    },
  ],
};

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home, a repository and the built program; the state directory is a disk of its own where that can be mounted. */
export class Place {
  readonly root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-chaos-')));
  readonly home = path.join(this.root, 'state');
  /** Whether the disk of the state directory can be filled. */
  readonly ownDisk: boolean;
  readonly #repo = path.join(this.root, 'repo');
  readonly #remote = path.join(this.root, 'remote.git');
  readonly #env: Readonly<Record<string, string>>;
  readonly #commands = new PQueue({ concurrency: COMMANDS_AT_ONCE });

  constructor() {
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.root,
      CONDUXT_HOME: this.home,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'A User',
      GIT_AUTHOR_EMAIL: 'user@example.invalid',
      GIT_COMMITTER_NAME: 'A User',
      GIT_COMMITTER_EMAIL: 'user@example.invalid',
    };
    mkdirSync(this.home, { mode: 0o700 });
    this.ownDisk = spawnSync('mount', ['-t', 'tmpfs', '-o', DISK, 'tmpfs', this.home]).status === 0;
    mkdirSync(this.#repo);
    this.#git('init', '-q', '-b', 'main');
    writeFileSync(path.join(this.#repo, 'sum.txt'), '5\n');
    const judge =
      'sleep 0.1; grep -qx 4 sum.txt && echo "1 passed, 0 failed" || { echo "0 passed, 1 failed"; exit 1; }\n';
    writeFileSync(path.join(this.#repo, 'test.sh'), judge);
    this.#git('add', '-A');
    this.#git('commit', '-q', '-m', 'First');
    this.#git('clone', '-q', '--bare', '.', this.#remote);
    this.#git('remote', 'add', 'origin', this.#remote);
    const script = path.join(this.root, 'script.json');
    writeFileSync(script, JSON.stringify({ log: path.join(this.root, 'agent-{{session}}.ndjson'), ...SCRIPT }));
    const acp = { command: process.execPath, args: [path.join(DIST, 'fault-agent.js'), '--script', script] };
    mkdirSync(path.join(this.root, '.config/conduxt'), { recursive: true });
    const config = {
      agent: 'fault',
      agents: { fault: { acp } },
      hostIdleSeconds: 10,
      slots: { perUser: 8, perAgent: 8 },
    };
    writeFileSync(path.join(this.root, '.config/conduxt/config.json'), JSON.stringify(config));
  }

  /** Runs the built program; `killAfterMs` ends it in the middle of what it does. */
  conduxt(args: readonly string[], killAfterMs: number | null = null): Promise<Ran> {
    const child = spawn(process.execPath, [path.join(DIST, 'conduxt.js'), ...args], {
      cwd: this.#repo,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const timer = killAfterMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    return new Promise((resolve) => {
      child.once('close', (code) => {
        clearTimeout(timer);
        resolve({ code, stdout, stderr });
      });
    });
  }

  /** The same when few enough others run. */
  inTurn(args: readonly string[], killAfterMs: number | null): Promise<Ran> {
    return this.#commands.add(() => this.conduxt(args, killAfterMs));
  }

  #git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.#repo, env: this.#env, encoding: 'utf8' }).trim();
  }

  /** The commit that a branch of the remote stands at; '' where there is none. */
  pushed(branch: string): string {
    return this.#git('ls-remote', 'origin', `refs/heads/${branch}`).split('\t')[0] ?? '';
  }

  /** How many pull requests a branch has. */
  pullRequests(branch: string): number {
    return globSync(path.join(this.home, 'repos', '*', 'prs', `${branch.replace('/', '-')}.md`)).length;
  }

  /** The session of this name; null while there is none. */
  idOf(name: string): string | null {
    return listNames(this.home, null).find((one) => one.name === name)?.id ?? null;
  }

  /** Another one when something was written. */
  journalVersionOf(id: string): string {
    const { size, mtimeMs } = statSync(this.#journal(id));
    return `${size} ${mtimeMs}`;
  }

  journalOf(id: string): JournalContents {
    return readJournal(this.#journal(id));
  }

  #journal(id: string): string {
    return path.join(this.home, 'sessions', id, 'journal.ndjson');
  }

  agentLogOf(id: string): string {
    const file = path.join(this.root, `agent-${id}.ndjson`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Takes what the disk has left. */
  fillDisk(): void {
    const filler = openSync(this.#filler, 'a');
    try {
      for (const size of [1 << 20, 1 << 12]) writeUntilFull(filler, Buffer.alloc(size));
    } finally {
      closeSync(filler);
    }
  }

  emptyDisk(): void {
    rmSync(this.#filler, { force: true });
  }

  get #filler(): string {
    return path.join(this.home, 'filler');
  }

  /** Unmounts, and removes everything unless it is to be looked at. */
  close(keep: boolean): void {
    if (keep && this.ownDisk) execFileSync('cp', ['-a', this.home, path.join(this.root, 'state-kept')]);
    if (this.ownDisk) execFileSync('umount', ['-l', this.home]);
    if (!keep) rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

function writeUntilFull(file: number, chunk: Buffer): void {
  try {
    for (;;) writeSync(file, chunk);
  } catch {
    // Full, as it should be.
  }
}
