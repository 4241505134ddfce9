import { spawn } from 'node:child_process';
import path from 'node:path';
import { statOf } from '../../../src/process/stat.ts';
import { inTurn } from '../measure.ts';
import { row, type Measured, type Part } from '../row.ts';
import { memoryOf, type Stage } from '../stage.ts';

const UPDATES = 1_000_000;
/** A pass over hundreds of megabytes takes seconds. */
const MOST_PASSES = 5;

/** What an idle host weighs, and what a million updates leave behind: in memory, at the next start, for a reader. */
export const long: Part = {
  name: 'long',
  inCi: false,
  async measure(stage, rounds) {
    await stage.run(stage.conduxt('start', 'long', 'hello', '--agent', 'bench'));
    await stage.run(stage.conduxt('wait', 'long'));
    const idle = memoryOf(stage.hostPid('long'));
    const bare = await bareNode();
    await stage.run(stage.conduxt('tell', 'long', `flood ${UPDATES} 20`, '--wait'));
    const after = memoryOf(stage.hostPid('long'));
    return [
      row('host, idle (PSS)', '<= 1.4 x bare Node', { ours: [idle.pssMb], floor: [bare.pssMb] }, 'MB'),
      row('host, idle (RSS)', '<= 1.4 x bare Node', { ours: [idle.rssMb], floor: [bare.rssMb] }, 'MB'),
      row(
        'host, after a million updates (RSS)',
        'no growth, <= 120 MB',
        { ours: [after.rssMb], floor: [idle.rssMb] },
        'MB',
      ),
      row('host, at most in them (RSS)', '<= 120 MB', { ours: [after.peakMb] }, 'MB'),
      row('start of a host on a million updates', 'an empty one + <= 100 ms', await startOn(stage, rounds)),
      row('log --since 0 --json of a million updates', '<= 2 x reading the file', await readAll(stage, rounds)),
    ];
  },
};

async function bareNode(): Promise<ReturnType<typeof memoryOf>> {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)']);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  try {
    return memoryOf(child.pid ?? 0);
  } finally {
    child.kill();
  }
}

/** A tell that has to start the host first: on an empty session, and on the long one. */
async function startOn(stage: Stage, rounds: number): Promise<Measured> {
  await stage.run(stage.conduxt('start', 'empty', '--agent', 'bench'));
  const startOf = async (name: string): Promise<number> => {
    const pid = stage.hostPid(name);
    if (isThere(pid)) process.kill(pid, 'SIGTERM');
    while (isThere(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
    const ms = await stage.time(stage.conduxt('tell', name, 'hello'));
    await stage.run(stage.conduxt('wait', name));
    return ms;
  };
  return inTurn(rounds, { floor: () => startOf('empty'), ours: () => startOf('long') });
}

const isThere = (pid: number): boolean => statOf(pid)?.isZombie === false;

async function readAll(stage: Stage, rounds: number): Promise<Measured> {
  const file = path.join(stage.sessionDir('long'), 'transcript.ndjson');
  const read = `const {createReadStream}=require('node:fs');let n=0;createReadStream(${JSON.stringify(file)}).on('data',c=>n+=c.length)`;
  return inTurn(Math.min(rounds, MOST_PASSES), {
    floor: () => stage.time(stage.node('-e', read)),
    ours: () => stage.time({ ...stage.conduxt('log', 'long', '--json', '--since', '0'), discard: true }),
  });
}
