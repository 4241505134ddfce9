import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GENERIC_TERMINAL } from '../../../src/agents/terminal/profiles.ts';
import type { AgentListener, OpenSpec } from '../../../src/backend/backend.ts';
import { Pane } from '../../../src/backend/terminal/pane.ts';
import { Wake } from '../../../src/backend/terminal/wake.ts';
import { systemClock } from '../../../src/clock.ts';
import { terminalBackend } from '../../../src/backend/terminal/terminal-backend.ts';
import { supervisorProgram } from '../../../src/tmux/programs.ts';
import {
  makeRunDirectory,
  readExit,
  readStarted,
  writeLaunch,
  type RunDirectory,
} from '../../../src/tmux/run-directory.ts';
import { TmuxServer } from '../../../src/tmux/server.ts';
import { installedTmux } from '../../../src/tmux/version.ts';
import { cpuSeconds, familyOf } from '../processes.ts';
import { row, type Part, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const TUI = path.resolve(import.meta.dirname, '../../../src/rehearsal/scripted-tui.ts');
/** The longest prompt there is. */
const MEGABYTE = 1024 * 1024;
const WAKE_LIMIT_MS = 1_000;
const EXITS = 200;
const EXITS_AT_ONCE = 10;
const IDLE_SESSIONS = 100;
const IDLE_SECONDS = 60;

/** What agents in terminals cost: a prompt's way in, how soon output and ends are noticed, and what idle ones take. */
export const terminal: Part = {
  name: 'terminal',
  inCi: false,
  async measure(stage, rounds) {
    if ((await installedTmux(process.env)) === null) return [];
    const scene = new Scene(stage);
    try {
      return [
        ...(await prompts(scene, rounds)),
        ...(await notices(scene, Math.max(rounds, 30))),
        await exits(scene),
        await idle(scene),
      ];
    } finally {
      await scene.server.call([['kill-server']]);
    }
  },
};

/** A private server, and panes with our supervisor in them. */
class Scene {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly server: TmuxServer;
  #count = 0;

  constructor(stage: Stage) {
    this.dir = path.join(stage.dir, 'terminals');
    mkdirSync(this.dir);
    this.env = { PATH: process.env['PATH'] ?? '', HOME: this.dir, LANG: 'C.UTF-8' };
    this.server = new TmuxServer(path.join(this.dir, 'state'), this.env);
  }

  async pane(command: string, args: readonly string[]): Promise<{ readonly run: RunDirectory; readonly pid: number }> {
    const run = makeRunDirectory(path.join(this.dir, 'run'));
    writeLaunch(run, { cwd: this.dir, env: { ...this.env }, command, args: [...args] });
    const [node, flag, file] = supervisorProgram();
    const sessionName = `oc-bench-${(this.#count += 1)}`;
    const argv: [string, string, ...string[]] = [node, flag, file, run.dir];
    const { pid } = await this.server.newPane({ sessionName, width: 220, height: 60, argv, logFile: run.log });
    return { run, pid };
  }
}

const now = (): number => performance.timeOrigin + performance.now();

/** From handing a prompt over to the moment the agent has it; and whether a megabyte arrives as it was. */
async function prompts(scene: Scene, rounds: number): Promise<Row[]> {
  const log = path.join(scene.dir, 'tui.log');
  const script = path.join(scene.dir, 'tui.json');
  const steps = [
    { type: 'say', text: 'done' },
    { type: 'callback', via: 'file', status: 'completed' },
  ];
  writeFileSync(script, JSON.stringify({ log, title: true, prompts: [{ steps }] }));
  let acceptedAt = 0;
  const listener: AgentListener = {
    update: () => {},
    accepted: () => void (acceptedAt = now()),
    permission: async () => ({ type: 'reject' }),
    notice: () => {},
  };
  const backend = terminalBackend({
    server: scene.server,
    env: scene.env,
    runRoot: path.join(scene.dir, 'tui-run'),
    sessionName: 'oc-bench-tui',
    profile: { ...GENERIC_TERMINAL, screen: { ...GENERIC_TERMINAL.screen, settleMs: 800 } },
    permissions: 'approve-all',
    agentVersion: null,
    hookFacts: null,
  });
  const spec: OpenSpec = {
    sessionId: `s-bench-${process.pid}`,
    cwd: scene.dir,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', TUI, '--script', script],
    env: scene.env,
    resume: null,
    ...{ startTimeoutMs: 30_000, firstSignTimeoutMs: 30_000, turnTimeoutMs: 120_000, cancelTimeoutMs: 5_000 },
    ...{ silenceWarnMs: 60_000, closePatienceMs: 2_000, termPatienceMs: 2_000, preferredOptionIds: [] },
  };
  const session = await backend.open(spec, listener);
  const say = async (turnId: string, text: string): Promise<number> => {
    const began = now();
    const { verdict, failure } = await session.prompt({ turnId, text });
    if (verdict !== 'done') throw new Error(`the scripted agent's turn ended as ${verdict} (${failure ?? ''})`);
    return acceptedAt - began;
  };
  const short: number[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const ms = await say(`t-${round + 1}`, `Mend the sum, time ${round}.`);
    if (round >= 0) short.push(ms);
  }
  const line = 'Größe 10 % — `x` $(y) "z" \\ #{w};\n';
  const lines = line.repeat(Math.floor(MEGABYTE / Buffer.byteLength(line)) - 1);
  const megabyte = lines + 'x'.repeat(MEGABYTE - Buffer.byteLength(lines));
  const long = await say('t-long', megabyte);
  await session.close();
  const seen = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const arrived = seen.findLast(({ event }) => event === 'prompt')?.['text'];
  const same = typeof arrived === 'string' && hash(arrived) === hash(megabyte);
  return [
    row('prompt into a ready terminal, until the agent has it', '<= 1000 ms', { ours: short }),
    row('the same with one of 1 MiB', '', { ours: [long] }),
    row('bytes of it that arrived otherwise', '0', { ours: [same ? 0 : MEGABYTE] }, 'count'),
  ];
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * From the program's own word for when it printed, to the moment its screen was looked at and shows that; and for when it
 * ended, to the moment its end is known. Both as the backend does it: its watch of the pane, its look, its exit.
 */
async function notices(scene: Scene, rounds: number): Promise<Row[]> {
  const tell = 'const at = () => performance.timeOrigin + performance.now();';
  const ticks = `${tell} let n = 0; const t = setInterval(() => { console.log("at " + at() + " ;"); if (++n > ${rounds}) clearInterval(t); }, 100);`;
  const { run } = await scene.pane(process.execPath, ['-e', ticks]);
  const output: number[] = [];
  let known = '';
  const pane = await watched(scene.server, run);
  await untilNoticed(pane, async () => {
    const last = (await pane.look())?.screen.match(/at [\d.]+ ;/g)?.at(-1) ?? '';
    if (last !== known && last !== '') output.push(now() - Number(last.split(' ')[1]));
    known = last;
    return output.length >= rounds || (await pane.exit()) !== null;
  });
  const ends: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const bye = `${tell} require("fs").writeFileSync(process.argv[1], String(at())); process.exit(3);`;
    const stamp = path.join(scene.dir, `end-${round}`);
    const ended = await scene.pane(process.execPath, ['-e', bye, stamp]);
    const dying = await watched(scene.server, ended.run);
    await untilNoticed(dying, async () => (await dying.exit()) !== null);
    ends.push(now() - Number(readFileSync(stamp, 'utf8')));
  }
  return [
    row('output of a terminal is noticed', '<= 10 ms', { ours: output }),
    row('the end of a program in one is noticed', '<= 100 ms', { ours: ends }),
  ];
}

async function watched(server: TmuxServer, run: RunDirectory): Promise<Pane> {
  await untilChange(run, () => readStarted(run) !== null);
  const started = readStarted(run);
  if (started === null) throw new Error('the supervisor said nothing');
  return new Pane(server, run, started);
}

/** Asks again each time the pane's watch rings, one at a time, as a turn is followed. */
async function untilNoticed(pane: Pane, fact: () => Promise<boolean>): Promise<void> {
  const wake = new Wake(systemClock);
  const stop = pane.watch(() => wake.ring());
  try {
    while (!(await fact())) await wake.wait(WAKE_LIMIT_MS);
  } finally {
    stop();
  }
}

/** Looks after every change of the run's files: nothing is polled. */
function untilChange(run: RunDirectory, fact: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!fact()) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(run.dir, look);
    look();
  });
}

async function exits(scene: Scene): Promise<Row> {
  let lost = 0;
  for (let first = 0; first < EXITS; first += EXITS_AT_ONCE) {
    const codes = Array.from({ length: EXITS_AT_ONCE }, (_, at) => (first + at) % 256);
    await Promise.all(
      codes.map(async (code) => {
        const { run } = await scene.pane('sh', ['-c', `exit ${code}`]);
        const known = untilChange(run, () => readExit(run) !== null).then(() => true);
        const isKnown = await Promise.race([known, delay(30_000, false, { ref: false })]);
        if (!isKnown || readExit(run)?.exitCode !== code) lost += 1;
      }),
    );
  }
  return row(`exits of ${EXITS} that were lost or wrong`, '0', { ours: [lost] }, 'count');
}

/**
 * The processor time of everything that idle terminals keep: tmux server, log writers, supervisors, and the programs, in
 * hundredths of one core. They need no host; what looks at them is the watchdog's pass, which has a row of its own.
 */
async function idle(scene: Scene): Promise<Row> {
  const runs: RunDirectory[] = [];
  for (let at = 0; at < IDLE_SESSIONS; at += 1) runs.push((await scene.pane('sleep', ['100000'])).run);
  for (const run of runs) await untilChange(run, () => (readStarted(run)?.agentPid ?? null) !== null);
  const { stdout } = await scene.server.call([['display-message', '-p', '#{pid}']]);
  const server = Number(stdout.trim());
  // What was just started is still busy with that.
  await delay(5_000);
  const pids = familyOf(server);
  const before = cpuSeconds(pids);
  const began = performance.now();
  await delay(IDLE_SECONDS * 1000);
  const share = (cpuSeconds(pids) - before) / ((performance.now() - began) / 1000);
  const what = `${IDLE_SESSIONS} idle terminals, ${pids.length} processes, for ${IDLE_SECONDS} s`;
  return row(what, '<= 1 % of one core', { ours: [share * 100] }, '%');
}
