import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readJournal } from '../../src/journal/read-journal.ts';
import { isAlive } from '../../src/process/identity.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import { finished, Machine } from '../e2e/scratch.ts';

/**
 * The command line and the host it starts, killed or refused at their n-th system call of one kind. What was
 * acknowledged must be there; the same command again must lead to exactly one prompt; no journal may be broken.
 */
const FULL = process.env['FAULTS'] === 'all';
const PROGRAM = path.join(import.meta.dirname, '../../dist/conduxt.js');
/** What makes things durable and known: the other calls change nothing that is promised. */
const CALLS = ['fdatasync', 'fsync', 'pwrite64', 'rename', 'link', 'bind', 'connect', 'ftruncate'] as const;
const KINDS = ['signal=SIGKILL', 'error=ENOSPC', 'error=EIO'] as const;

const traceable = (): string | null => {
  const ran = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true']);
  if (ran.error !== undefined) return 'strace is not installed';
  return ran.status === 0 ? null : 'ptrace is not allowed here';
};

interface Injected {
  readonly code: number | null;
  /** False when the program made fewer such calls: there is nothing more to inject. */
  readonly hit: boolean;
}

async function inject(machine: Machine, call: string, kind: string, nth: number, args: string[]): Promise<Injected> {
  const log = machine.file('strace.log');
  const trace = ['-f', '-qq', '-o', log, '-e', `trace=${call}`, '-e', `inject=${call}:${kind}:when=${nth}`];
  // The host inherits the tracer, which stays until it leaves: the answer counts, so the command's own end is waited for.
  const child = spawn('strace', [...trace, process.execPath, PROGRAM, ...args], {
    cwd: machine.repo,
    env: machine.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { code } = await finished(child);
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  return { code, hit: /INJECTED|killed by SIGKILL/.test(text) };
}

async function desk(t: TestContext): Promise<Machine> {
  const machine = new Machine(t);
  machine.agent({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] }, { hostIdleSeconds: 1 });
  await machine.ok('start', 'x', '--no-wait');
  killHost(machine);
  return machine;
}

function killHost(machine: Machine): void {
  const { host } = foldSession(machine.journal()).life;
  if (host !== null && isAlive(host.process)) process.kill(host.process.pid, 'SIGKILL');
}

const journalFile = (machine: Machine): string =>
  path.join(machine.state, 'sessions', machine.sessionIds()[0] ?? '', 'journal.ndjson');

/** How often the agent saw a text. */
function timesSeen(machine: Machine, text: string): number {
  const log = machine.file(`agent-${machine.sessionIds()[0]}.ndjson`);
  if (!existsSync(log)) return 0;
  const lines = readFileSync(log, 'utf8').split('\n');
  return lines.filter((line) => line.includes('"prompt"') && line.includes(text)).length;
}

async function tellUnderFault(machine: Machine, call: string, kind: string, nth: number): Promise<boolean> {
  const key = `${call}-${kind.replace('=', '-')}-${nth}`;
  const text = `say ${key} now`;
  const where = `${call} ${kind} number ${nth}`;
  const args = ['tell', 'x', text, '--key', key];
  const { code, hit } = await inject(machine, call, kind, nth, args);
  const before = readJournal(journalFile(machine));
  assert.deepEqual(before.damaged, [], where);
  const queued = before.records.filter((one) => one.type === 'prompt-queued' && one.key === key);
  if (code === 0) assert.equal(queued.length, 1, `${where}: acknowledged and lost`);
  killHost(machine);
  await machine.ok(...args);
  await machine.ok('wait', 'x', '--timeout', '30s').catch(() => undefined);
  const after = readJournal(journalFile(machine));
  assert.deepEqual(after.damaged, [], where);
  const keys = after.records.filter((one) => one.type === 'prompt-queued' && one.key === key);
  assert.equal(keys.length, 1, `${where}: one key, one prompt`);
  assert.ok(timesSeen(machine, text) <= 1, `${where}: the agent saw it twice`);
  killHost(machine);
  return hit;
}

describe('tell, and the host it starts, at every system call', () => {
  const why = traceable();
  const calls = FULL ? CALLS : (['fdatasync', 'pwrite64'] as const);
  const kinds = FULL ? KINDS : ([KINDS[0]] as const);
  const most = FULL ? 12 : 3;
  for (const call of calls) {
    for (const kind of kinds) {
      it(`${call}, ${kind}: nothing acknowledged is lost, nothing is there twice`, async (t) => {
        if (why !== null) return t.skip(why);
        const machine = await desk(t);
        let points = 0;
        for (let nth = 1; nth <= most; nth += 1) {
          if (!(await tellUnderFault(machine, call, kind, nth))) break;
          points += 1;
        }
        t.diagnostic(`${points} points`);
        if (call !== 'ftruncate') assert.ok(points > 0, 'nothing was injected');
      });
    }
  }
});
