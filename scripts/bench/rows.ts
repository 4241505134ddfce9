import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inTurn } from './measure.ts';
import { row, type Measured, type Part, type Row } from './row.ts';
import { AGENT, LEAST_CLIENT, memoryOf, SYNCED_WRITE, type Stage } from './stage.ts';
import { terminal } from './terminal.ts';

/** `--version`, and `status` with one and with a hundred sessions. */
export const startUp: Part = {
  name: 'start',
  inCi: true,
  async measure(stage, rounds) {
    const { peer } = stage;
    const first = await inTurn(rounds, {
      floor: () => stage.time(stage.node('-e', '0')),
      version: () => stage.time(stage.conduxt('--version')),
      peer: peer === null ? null : () => stage.time(stage.acpx(stage.repo, '--version')),
    });
    await stage.run(stage.conduxt('start', 'seed', 'hello', '--agent', 'bench'));
    await stage.run(stage.conduxt('wait', 'seed'));
    await stage.run(stage.conduxt('stop', 'seed'));
    const one = await inTurn(rounds, {
      floor: () => stage.time(stage.node('-e', '0')),
      status: () => stage.time(stage.conduxt('status')),
    });
    stage.copySession(
      'seed',
      Array.from({ length: 99 }, (_, index) => `copy-${index}`),
    );
    const hundred = await inTurn(rounds, {
      floor: () => stage.time(stage.node('-e', '0')),
      status: () => stage.time(stage.conduxt('status')),
    });
    const watchdog = await inTurn(Math.min(rounds, 5), {
      pass: () => stage.time(stage.conduxt('watchdog', '--once')),
    });
    return [
      row('conduxt --version', '<= 1.3 x floor', { ours: first.version, floor: first.floor, peer: first.peer }),
      row('status, 1 session', '<= 1.6 x floor', { ours: one.status, floor: one.floor }),
      row('status, 100 sessions', '<= 2.5 x floor', { ours: hundred.status, floor: hundred.floor }),
      row('watchdog pass, 100 sessions', '<= 500 ms', { ours: watchdog.pass }),
    ];
  },
};

/** A prompt to a living session: acknowledged, and answered. */
export const warm: Part = {
  name: 'warm',
  inCi: true,
  async measure(stage, rounds) {
    await stage.run(stage.conduxt('start', 'warm', 'hello', '--agent', 'bench'));
    await stage.run(stage.conduxt('wait', 'warm'));
    const cwd = path.join(stage.dir, 'peer-warm');
    mkdirSync(cwd);
    const { peer } = stage;
    if (peer !== null) {
      await stage.run(stage.acpx(cwd, 'sessions', 'new'));
      await stage.run(stage.acpx(cwd, 'prompt', 'hello'));
    }
    const held = async (prompt: () => Promise<unknown>, cancel: () => Promise<number>): Promise<number> => {
      const before = stage.countNoted('prompt');
      await prompt();
      await stage.untilNoted('prompt', before);
      return cancel();
    };
    const synced = path.join(stage.dir, 'synced');
    const times = await inTurn(rounds, {
      floor: () => stage.time(stage.node(SYNCED_WRITE, synced)),
      tell: async () => {
        const ms = await stage.time(stage.conduxt('tell', 'warm', 'hello'));
        await stage.run(stage.conduxt('wait', 'warm'));
        return ms;
      },
      cancel: () =>
        held(
          () => stage.run(stage.conduxt('tell', 'warm', 'hold')),
          () => stage.time(stage.conduxt('cancel', 'warm')),
        ),
      answered: async () => {
        const { endedAt } = await stage.run(stage.conduxt('tell', 'warm', 'hello', '--wait'));
        return endedAt - stage.lastNoted('answer');
      },
      whole: () => stage.time(stage.conduxt('tell', 'warm', 'hello', '--wait')),
      peerTell:
        peer === null
          ? null
          : async () => {
              const before = stage.countNoted('answer');
              const ms = await stage.time(stage.acpx(cwd, 'prompt', '--no-wait', 'hello'));
              await stage.untilNoted('answer', before);
              return ms;
            },
      peerCancel:
        peer === null
          ? null
          : () =>
              held(
                () => stage.run(stage.acpx(cwd, 'prompt', '--no-wait', 'hold')),
                () => stage.time(stage.acpx(cwd, 'cancel')),
              ),
      peerWhole: peer === null ? null : () => stage.time(stage.acpx(cwd, 'prompt', 'hello')),
    });
    if (peer !== null) await stage.run(stage.acpx(cwd, 'sessions', 'close'));
    return [
      row('tell, acknowledged', '<= 1.6 x floor, <= 1/4 of the peer', {
        ours: times.tell,
        floor: times.floor,
        peer: times.peerTell,
      }),
      row('cancel of a running prompt', '<= 1.6 x floor, <= 1/4 of the peer', {
        ours: times.cancel,
        floor: times.floor,
        peer: times.peerCancel,
      }),
      row('tell --wait, start to end', '<= 1/6 of the peer', { ours: times.whole, peer: times.peerWhole }),
      row("tell --wait, from the agent's answer to the end", '<= 50 ms', { ours: times.answered }),
    ];
  },
};

/** A new session until its first answer. */
export const cold: Part = {
  name: 'cold',
  inCi: false,
  async measure(stage, rounds) {
    const { peer } = stage;
    let count = 0;
    const out = path.join(stage.dir, 'least.out');
    const times = await inTurn(rounds, {
      floor: () => stage.time(stage.node(LEAST_CLIENT, AGENT, 'hello', out)),
      ours: async () => {
        const name = `cold-${(count += 1)}`;
        const ms = await stage.time(stage.conduxt('tell', name, 'hello', '--create', '--agent', 'bench', '--wait'));
        await stage.run(stage.conduxt('stop', name));
        return ms;
      },
      peer:
        peer === null
          ? null
          : async () => {
              const cwd = path.join(stage.dir, `peer-cold-${(count += 1)}`);
              mkdirSync(cwd);
              const made = await stage.time(stage.acpx(cwd, 'sessions', 'new'));
              const ms = made + (await stage.time(stage.acpx(cwd, 'prompt', 'hello')));
              await stage.run(stage.acpx(cwd, 'sessions', 'close'));
              return ms;
            },
    });
    return [row('new session, first answer', '<= floor + 250 ms, <= 1/4 of the peer', times)];
  },
};

/** `run --no-wait` in a repository of 10,000 files. */
export const task: Part = {
  name: 'task',
  inCi: false,
  async measure(stage, rounds) {
    for (let directory = 0; directory < 100; directory += 1) {
      mkdirSync(path.join(stage.repo, `d${directory}`));
      for (let file = 0; file < 100; file += 1)
        writeFileSync(path.join(stage.repo, `d${directory}`, `f${file}`), `${directory} ${file}\n`);
    }
    stage.git('add', '-A');
    stage.git('commit', '-q', '-m', 'Many files');
    let count = 0;
    const flags = ['--no-wait', '--no-verify', '--no-pr', '--agent', 'bench'];
    const times = await inTurn(Math.min(rounds, 7), {
      floor: async () => {
        const where = path.join(stage.dir, `floor-${(count += 1)}`);
        const started = performance.now();
        stage.git('worktree', 'add', '-q', '--detach', where);
        const ms = performance.now() - started + (await stage.time(stage.node('-e', '0')));
        stage.git('worktree', 'remove', '--force', where);
        return ms;
      },
      ours: async () => {
        const name = `task-${(count += 1)}`;
        const ms = await stage.time(stage.conduxt('run', 'Do nothing', '--name', name, ...flags));
        await stage.run(stage.conduxt('stop', name));
        return ms;
      },
    });
    return [row('run --no-wait, 10,000 files', '<= floor + 200 ms', times)];
  },
};

const FLOODS = [
  { what: '100,000 updates of 20 bytes', prompt: 'flood 100000 20', count: 100_000 },
  { what: '10,000 updates of 4 KiB', prompt: 'flood 10000 4096', count: 10_000 },
  { what: '4,000 tool calls of 4 KiB', prompt: 'tools 4000 4096', count: 8_000 },
  { what: '100,000 tool calls of 4 KiB', prompt: 'tools 100000 4096', count: 200_000 },
] as const;

/** Updates a second that become durable, and what the host's memory is then. */
export const ingest: Part = {
  name: 'ingest',
  inCi: false,
  async measure(stage) {
    await stage.run(stage.conduxt('start', 'ingest', 'hello', '--agent', 'bench'));
    await stage.run(stage.conduxt('wait', 'ingest'));
    const idle = memoryOf(stage.hostPid('ingest'));
    const bare = await bareNode();
    const rows: Row[] = [];
    const out = path.join(stage.dir, 'least.out');
    let most = idle.rssMb;
    for (const { what, prompt, count } of FLOODS) {
      const rates = await inTurn(2, {
        floor: async () =>
          rateOf(stage, count, (await stage.run(stage.node(LEAST_CLIENT, AGENT, prompt, out))).endedAt),
        ours: async () => {
          const ended = stage.run(stage.conduxt('tell', 'ingest', prompt, '--wait'));
          const rate = rateOf(stage, count, (await ended).endedAt);
          most = Math.max(most, memoryOf(stage.hostPid('ingest')).rssMb);
          return rate;
        },
      });
      rows.push(row(what, '>= 0.4 x floor', rates, '1/s'));
    }
    const after = memoryOf(stage.hostPid('ingest'));
    return [
      ...rows,
      row('host, idle (PSS)', '<= 1.4 x bare Node', { ours: [idle.pssMb], floor: [bare.pssMb] }, 'MB'),
      row('host, idle (RSS)', '<= 120 MB', { ours: [idle.rssMb], floor: [bare.rssMb] }, 'MB'),
      row('host, after all that (RSS)', 'no growth, <= 120 MB', { ours: [after.rssMb], floor: [idle.rssMb] }, 'MB'),
      row('host, most seen between turns (RSS)', '<= 120 MB', { ours: [most] }, 'MB'),
      row('start of a host on that session', '+ <= 100 ms', await startOnLong(stage)),
      row('log --since 0 --json of that session', '<= 2 x reading the file', await readLong(stage)),
    ];
  },
};

/** From the prompt's arrival at the agent to the end of everything. */
const rateOf = (stage: Stage, count: number, endedAt: number): number =>
  (count / (endedAt - stage.lastNoted('prompt'))) * 1000;

async function bareNode(): Promise<ReturnType<typeof memoryOf>> {
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)']);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  try {
    return memoryOf(child.pid ?? 0);
  } finally {
    child.kill();
  }
}

/** A tell that has to start the host first: on an empty session, and on one with hundreds of thousands of updates. */
async function startOnLong(stage: Stage): Promise<Measured> {
  await stage.run(stage.conduxt('start', 'empty', '--agent', 'bench'));
  const startOf = async (name: string): Promise<number> => {
    const pid = stage.hostPid(name);
    if (isThere(pid)) process.kill(pid, 'SIGTERM');
    while (isThere(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
    const ms = await stage.time(stage.conduxt('tell', name, 'hello'));
    await stage.run(stage.conduxt('wait', name));
    return ms;
  };
  const times = await inTurn(5, { floor: () => startOf('empty'), ours: () => startOf('ingest') });
  return times;
}

function isThere(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === false;
  } catch {
    return false;
  }
}

async function readLong(stage: Stage): Promise<Measured> {
  const file = path.join(stage.sessionDir('ingest'), 'transcript.ndjson');
  const read = `const {createReadStream}=require('node:fs');let n=0;createReadStream(${JSON.stringify(file)}).on('data',c=>n+=c.length)`;
  return inTurn(2, {
    floor: () => stage.time(stage.node('-e', read)),
    ours: () => stage.time(stage.conduxt('log', 'ingest', '--json', '--since', '0')),
  });
}

/** Twenty sessions at once until every agent has its prompt, and what their owners weigh. */
export const many: Part = {
  name: 'many',
  inCi: false,
  async measure(stage) {
    const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
    const out = (name: string): string => path.join(stage.dir, `${name}.out`);
    const until = async (start: () => Promise<unknown>): Promise<number> => {
      const before = stage.countNoted('prompt');
      const began = performance.timeOrigin + performance.now();
      await start();
      await stage.untilNoted('prompt', before + names.length - 1);
      return stage.lastNoted('prompt') - began;
    };
    const floor = await until(() =>
      Promise.all(names.map((name) => stage.run(stage.node(LEAST_CLIENT, AGENT, 'hello', out(name))))),
    );
    const ours = await until(() =>
      Promise.all(names.map((name) => stage.run(stage.conduxt('start', name, 'hello', '--agent', 'bench')))),
    );
    for (const name of names) await stage.run(stage.conduxt('wait', name));
    const weights = names.map((name) => memoryOf(stage.hostPid(name)).pssMb);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const name of names) await stage.run(stage.conduxt('stop', name));
    return [
      row('20 sessions until every agent has its prompt', '<= 1.5 x floor', { ours: [ours], floor: [floor] }),
      row('owners of 20 sessions (PSS)', '<= 1/2 of the peer (918 MB measured)', { ours: [total] }, 'MB'),
    ];
  },
};

/** What a user downloads. */
export const packed: Part = {
  name: 'package',
  inCi: true,
  async measure(stage) {
    const dist = path.resolve(import.meta.dirname, '../../dist');
    const { readdirSync } = await import('node:fs');
    const bytes = readdirSync(dist).reduce((sum, name) => sum + statSync(path.join(dist, name)).size, 0);
    void stage;
    return [row('published files, unpacked', '<= 5 MB', { ours: [bytes / 1024 / 1024] }, 'MB')];
  },
};

export const parts: readonly Part[] = [startUp, warm, cold, task, ingest, many, terminal, packed];
