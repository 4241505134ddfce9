/**
 * `npm run chaos`: real sessions of the built program under random faults, then a check of everything that was
 * acknowledged. Prints its seed; the faults and their order follow from it, their timing does not.
 *
 *   npm run chaos -- --seconds 60 --sessions 20 --seed 7
 *
 * Exit code 1 when a promise was broken.
 */
import { spawn } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readJournal } from '../src/journal/read-journal.ts';
import { isAlive } from '../src/process/identity.ts';
import { markedProcesses } from '../src/process/marker.ts';
import type { JournalRecord } from '../src/session/events.ts';
import { foldSession } from '../src/session/fold/session-fold.ts';

const FAULT_EVERY_MS = 200;
const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: { seconds: { type: 'string' }, sessions: { type: 'string' }, seed: { type: 'string' } },
});
const seconds = Number(values.seconds ?? '30');
const count = Number(values.sessions ?? '20');
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
console.log(`seed ${seed}, ${count} sessions, ${seconds} s`);

const random = randomOf(seed);
const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'conduxt-chaos-')));
const home = join(scratch, 'state');
const repo = join(scratch, 'repo');
const env = {
  PATH: process.env['PATH'] ?? '',
  HOME: scratch,
  CONDUXT_HOME: home,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

interface Ran {
  readonly code: number | null;
  readonly out: string;
}

/** Runs the built program; `killAfterMs` ends it in the middle of what it does. */
function conduxt(args: readonly string[], killAfterMs: number | null = null): Promise<Ran> {
  const child = spawn(process.execPath, [join(root, 'dist/conduxt.js'), ...args], {
    cwd: repo,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const timer = killAfterMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, out });
    });
  });
}

interface Session {
  readonly name: string;
  /** Keys of tells that ended with exit code 0, in that order. */
  readonly acknowledged: string[];
  id: string | null;
}

const agentLog = (id: string): string => join(scratch, `agent-${id}.ndjson`);

function prepare(): void {
  mkdirSync(join(scratch, '.config/conduxt'), { recursive: true });
  mkdirSync(repo);
  execFileSync('git', ['init', '-q', '-b', 'main'], { cwd: repo, env });
  const script = join(scratch, 'script.json');
  writeFileSync(
    script,
    JSON.stringify({
      log: join(scratch, 'agent-{{session}}.ndjson'),
      resume: { supported: true },
      prompts: [
        {
          match: '.',
          steps: [
            { type: 'text', text: 'ok' },
            { type: 'delay', ms: 150 },
            { type: 'text', text: 'done' },
          ],
        },
      ],
    }),
  );
  const acp = { command: process.execPath, args: [join(root, 'dist/fault-agent.js'), '--script', script] };
  writeFileSync(
    join(scratch, '.config/conduxt/config.json'),
    JSON.stringify({
      agent: 'fault',
      agents: { fault: { acp } },
      hostIdleSeconds: 3,
      slots: { perUser: 8, perAgent: 8 },
    }),
  );
}

const journalOf = ({ id }: Session): readonly JournalRecord[] =>
  id === null ? [] : readJournal(join(home, 'sessions', id, 'journal.ndjson')).records;

/** Tells until it is acknowledged, with the same key, as a careful script would. */
async function tellInTurn(session: Session, until: () => boolean): Promise<void> {
  for (let number = 1; !until(); number += 1) {
    const key = `${session.name}/${number}`;
    for (;;) {
      const killAfterMs = random() < 0.15 ? Math.floor(random() * 300) : null;
      const { code } = await conduxt(['tell', session.name, `say ${key}`, '--key', key], killAfterMs);
      if (code === 0) {
        session.acknowledged.push(key);
        break;
      }
      if (until()) return;
    }
  }
}

type Fault = 'kill-host' | 'kill-agent' | 'freeze-host' | 'cancel' | 'watchdog';
const FAULTS: readonly Fault[] = [
  'kill-host',
  'kill-host',
  'kill-agent',
  'kill-agent',
  'freeze-host',
  'cancel',
  'watchdog',
];

async function hurt(session: Session): Promise<Fault | null> {
  const fault = pick(FAULTS);
  const { host, agent } = foldSession(journalOf(session)).life;
  switch (fault) {
    case 'kill-host':
    case 'freeze-host':
      if (host === null || !isAlive(host.process)) return null;
      process.kill(host.process.pid, fault === 'kill-host' ? 'SIGKILL' : 'SIGSTOP');
      return fault;
    case 'kill-agent':
      if (agent.process === null || !isAlive(agent.process)) return null;
      process.kill(agent.process.pid, 'SIGKILL');
      return fault;
    case 'cancel':
      await conduxt(['cancel', session.name], 2_000);
      return fault;
    case 'watchdog':
      await conduxt(['watchdog', '--once'], 20_000);
      return fault;
    default:
      return null;
  }
}

/** The promises, over everything that was acknowledged. */
function check(session: Session): string[] {
  const journal = readJournal(join(home, 'sessions', session.id ?? '', 'journal.ndjson'));
  const folded = foldSession(journal.records);
  const wrong: string[] = [];
  const say = (text: string): void => void wrong.push(`${session.name}: ${text}`);
  if (journal.damaged.length > 0) say(`${journal.damaged.length} damaged records`);
  for (const key of session.acknowledged) {
    const entry = folded.prompts.byKey.get(key);
    if (entry === undefined) say(`${key} was acknowledged and is lost`);
    else if (!['done', 'failed', 'cancelled', 'unknown'].includes(entry.state)) say(`${key} is still ${entry.state}`);
  }
  const seqs = session.acknowledged.map((key) => folded.prompts.byKey.get(key)?.queuedSeq ?? 0);
  if (seqs.some((seq, index) => seq < (seqs[index - 1] ?? 0))) say('acknowledged in another order than recorded');
  const seen = promptsSeen(session.id ?? '');
  for (const [text, times] of seen) if (times > 1) say(`the agent saw "${text}" ${times} times`);
  const records = journal.records.map(({ seq }) => seq);
  if (records.some((seq, index) => seq <= (records[index - 1] ?? 0))) say('a sequence number was used twice');
  return wrong;
}

function promptsSeen(id: string): Map<string, number> {
  const seen = new Map<string, number>();
  if (!existsSync(agentLog(id))) return seen;
  for (const line of readFileSync(agentLog(id), 'utf8').split('\n')) {
    // The line is torn when the agent was killed in it.
    const found = /say ([\w/-]+)/.exec(line)?.[1];
    if (found !== undefined && line.includes('"prompt"')) seen.set(found, (seen.get(found) ?? 0) + 1);
  }
  return seen;
}

async function settle(sessions: readonly Session[]): Promise<void> {
  const end = performance.now() + 60_000;
  for (;;) {
    await conduxt(['watchdog', '--once'], 60_000);
    const open = sessions.filter((session) => {
      const { prompts, turns } = foldSession(journalOf(session));
      return prompts.owed.length > 0 || turns.open !== null;
    });
    if (open.length === 0 || performance.now() > end) return;
    await delay(500);
  }
}

function randomOf(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

prepare();
const sessions: Session[] = [];
const wrong: string[] = [];
try {
  for (let index = 0; index < count; index += 1) {
    const name = `chaos-${index}`;
    const { code, out } = await conduxt(['start', name, '--no-wait', '--json']);
    if (code !== 0) throw new Error(`a session could not be started: ${out}`);
    sessions.push({ name, acknowledged: [], id: (JSON.parse(out) as { sessionId: string }).sessionId });
  }
  const end = performance.now() + seconds * 1000;
  const isOver = (): boolean => performance.now() > end;
  // A few at a time: each tell is a process of its own.
  const tellers = sessions.map((session, index) => delay((index % 5) * 50).then(() => tellInTurn(session, isOver)));
  const done = new Map<string, number>();
  const faults: Promise<void>[] = [];
  while (!isOver()) {
    await delay(FAULT_EVERY_MS);
    const victim = pick(sessions);
    if (victim === undefined) continue;
    faults.push(hurt(victim).then((fault) => void (fault !== null && done.set(fault, (done.get(fault) ?? 0) + 1))));
  }
  await Promise.all([...tellers, ...faults]);
  await settle(sessions);
  for (const session of sessions) wrong.push(...check(session));
  const acknowledged = sessions.reduce((sum, session) => sum + session.acknowledged.length, 0);
  for (const { name } of sessions) await conduxt(['stop', name], 30_000);
  const left = [...markedProcesses()].filter(([id]) => sessions.some((session) => session.id === id));
  if (left.length > 0) wrong.push(`left running: ${JSON.stringify(left)}`);
  console.log(`${acknowledged} tells acknowledged; faults: ${JSON.stringify(Object.fromEntries(done))}`);
} finally {
  for (const session of sessions) {
    const { host } = foldSession(journalOf(session)).life;
    if (host !== null && isAlive(host.process)) process.kill(host.process.pid, 'SIGKILL');
  }
  for (const [id, pids] of markedProcesses()) {
    if (sessions.some((session) => session.id === id)) for (const pid of pids) process.kill(pid, 'SIGKILL');
  }
}
for (const text of wrong) console.log(`BROKEN ${text}`);
console.log(
  wrong.length === 0 ? `no promise broken (seed ${seed})` : `${wrong.length} broken; seed ${seed}, kept: ${scratch}`,
);
if (wrong.length === 0) rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
process.exitCode = wrong.length === 0 ? 0 : 1;
