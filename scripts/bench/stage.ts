import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run, type Command, type Ran } from './measure.ts';

const here = import.meta.dirname;
const root = path.resolve(here, '../..');
export const AGENT = path.join(here, 'trivial-agent.js');
export const LEAST_CLIENT = path.join(here, 'least-client.js');
export const SYNCED_WRITE = path.join(here, 'synced-write.js');
const PROGRAM = path.join(root, 'dist/conduxt.js');
/** The peer's version the goals were written against. */
const PEER = 'acpx@0.19';

/** A machine for one benchmark: a home, a repository, our program, and the peer where it could be installed. */
export class Stage {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'conduxt-bench-'));
  readonly home = path.join(this.dir, 'home');
  readonly state = path.join(this.dir, 'state');
  readonly repo = path.join(this.dir, 'repo');
  readonly agentLog = path.join(this.dir, 'agent.log');
  readonly env: Readonly<Record<string, string>>;
  /** Null where the registry cannot be reached: its column stays empty. */
  readonly peer: string | null;

  constructor(withPeer: boolean) {
    for (const directory of [this.home, this.state, this.repo]) mkdirSync(directory);
    const config = path.join(this.dir, 'config.json');
    // An agent gets an environment of its own: what it shall see stands in its profile.
    const env = { BENCH_LOG: this.agentLog };
    const bench = { acp: { command: process.execPath, args: [AGENT], env } };
    writeFileSync(config, JSON.stringify({ agents: { bench }, slots: { perUser: 64, perAgent: 64 } }));
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.home,
      CONDUXT_HOME: this.state,
      CONDUXT_CONFIG: config,
      CONDUXT_AGENT: 'bench',
      BENCH_LOG: this.agentLog,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Bench',
      GIT_AUTHOR_EMAIL: 'bench@example.invalid',
      GIT_COMMITTER_NAME: 'Bench',
      GIT_COMMITTER_EMAIL: 'bench@example.invalid',
    };
    this.git('init', '-q', '-b', 'main');
    writeFileSync(path.join(this.repo, 'readme'), 'x\n');
    this.git('add', '-A');
    this.git('commit', '-q', '-m', 'First');
    this.peer = withPeer ? installPeer() : null;
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.repo, env: { ...this.env }, encoding: 'utf8' });
  }

  node(...args: string[]): Command {
    return { program: process.execPath, args, cwd: this.repo, env: this.env };
  }

  conduxt(...args: string[]): Command {
    return this.node(PROGRAM, ...args);
  }

  /** @throws when there is no peer. */
  acpx(cwd: string, ...args: string[]): Command {
    if (this.peer === null) throw new Error('the peer is not installed');
    const agent = `${process.execPath} ${AGENT}`;
    return { ...this.node(this.peer, '--agent', agent, '--approve-all', ...args), cwd };
  }

  /** When the agent last noted `event`, in milliseconds since 1970. */
  lastNoted(event: 'prompt' | 'answer'): number {
    const lines = readFileSync(this.agentLog, 'utf8').trimEnd().split('\n');
    return Number(lines.findLast((line) => line.startsWith(`${event} `))?.split(' ')[1]);
  }

  countNoted(event: 'prompt' | 'answer'): number {
    if (!existsSync(this.agentLog)) return 0;
    return readFileSync(this.agentLog, 'utf8').split(`${event} `).length - 1;
  }

  /** Resolves when the agent has noted `event` more than `before` times. */
  async untilNoted(event: 'prompt' | 'answer', before: number): Promise<void> {
    while (this.countNoted(event) <= before) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  time(command: Command): Promise<number> {
    return run(command).then(({ ms }) => ms);
  }

  run(command: Command): Promise<Ran> {
    return run(command);
  }

  /** Copies a finished session under other names: real files, without a host for each. */
  copySession(name: string, copies: readonly string[]): void {
    const repos = path.join(this.state, 'repos');
    const names = path.join(repos, readdirSync(repos).find((each) => !each.startsWith('.')) ?? '', 'names');
    const id = readFileSync(path.join(names, name), 'utf8').trim();
    const from = path.join(this.state, 'sessions', id);
    copies.forEach((copy, index) => {
      const copyId = `${id.slice(0, -4)}${String(index).padStart(4, '0')}`;
      const to = path.join(this.state, 'sessions', copyId);
      mkdirSync(to, { mode: 0o700 });
      const record = readFileSync(path.join(from, 'session.json'), 'utf8').replaceAll(id, copyId);
      writeFileSync(path.join(to, 'session.json'), record.replace(`"name": "${name}"`, `"name": "${copy}"`));
      copyFileSync(path.join(from, 'journal.ndjson'), path.join(to, 'journal.ndjson'));
      writeFileSync(path.join(names, copy), copyId);
    });
  }

  sessionDir(name: string): string {
    const repos = path.join(this.state, 'repos');
    const names = path.join(repos, readdirSync(repos).find((each) => !each.startsWith('.')) ?? '', 'names');
    return path.join(this.state, 'sessions', readFileSync(path.join(names, name), 'utf8').trim());
  }

  /** The pid of a session's host. */
  hostPid(name: string): number {
    const journal = readFileSync(path.join(this.sessionDir(name), 'journal.ndjson'), 'utf8');
    return Number([...journal.matchAll(/"type":"host-started","process":\{"pid":(\d+)/g)].at(-1)?.[1]);
  }

  /** Ends what the runs left: every session by its own verb, every peer session by the peer's. */
  async strike(): Promise<void> {
    const { stdout } = await run(this.conduxt('status', '--all', '--json'));
    const { sessions } = JSON.parse(stdout) as { sessions: { name: string; hostAlive: boolean }[] };
    for (const { name, hostAlive } of sessions) if (hostAlive) await run(this.conduxt('stop', name)).catch(() => {});
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Into a cache of its own, once. */
function installPeer(): string | null {
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(process.env['HOME'] ?? tmpdir(), '.cache'));
  const prefix = path.join(cache, 'conduxt-bench');
  const program = path.join(prefix, 'node_modules/acpx/package.json');
  try {
    if (!existsSync(program)) {
      mkdirSync(prefix, { recursive: true });
      execFileSync('npm', ['install', '--prefix', prefix, '--no-audit', '--no-fund', PEER], { stdio: 'ignore' });
    }
    const { bin } = JSON.parse(readFileSync(program, 'utf8')) as { bin: Record<string, string> };
    return path.join(path.dirname(program), bin['acpx'] ?? '');
  } catch {
    return null;
  }
}

export interface Memory {
  readonly rssMb: number;
  /** Its fair share of what is shared, and what it has alone. */
  readonly pssMb: number;
  /** The most that was ever resident. */
  readonly peakMb: number;
}

/** What the kernel counts for a process. */
export function memoryOf(pid: number): Memory {
  const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  const text = read('smaps_rollup') + read('status');
  const mb = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024;
  return { rssMb: mb('Rss'), pssMb: mb('Pss'), peakMb: mb('VmHWM') };
}
