import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { figuresOf } from '../measure.ts';
import { row, type Part } from '../row.ts';

const UPDATES = 600;
const PER_SECOND = 50;
/** What `pace` sends: the moment, in milliseconds since 1970. */
const STAMP = /"at (\d+\.?\d*) "/;

/** How long an update takes from the agent's word until `log -f` has printed it. */
export const follow: Part = {
  name: 'follow',
  inCi: false,
  async measure(stage) {
    await stage.run(stage.conduxt('start', 'follow', 'hello', '--agent', 'bench'));
    await stage.run(stage.conduxt('wait', 'follow'));
    const { program, args, cwd, env } = stage.conduxt('log', 'follow', '-f', '--json');
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    const delays: number[] = [];
    const lines = createInterface({ input: child.stdout });
    const first = new Promise<void>((resolve) => lines.once('line', () => resolve()));
    lines.on('line', (line) => {
      const stamp = STAMP.exec(line)?.[1];
      if (stamp !== undefined) delays.push(performance.timeOrigin + performance.now() - Number(stamp));
    });
    try {
      await first;
      await stage.run(stage.conduxt('tell', 'follow', `pace ${UPDATES} ${PER_SECOND}`, '--wait'));
      while (delays.length < UPDATES) await new Promise((resolve) => lines.once('line', resolve));
    } finally {
      child.kill('SIGTERM');
      await gone;
    }
    return [
      row(`log -f, ${UPDATES} updates at ${PER_SECOND} a second, until printed`, '', { ours: delays }),
      row('the slowest of a hundred of them (p99)', '<= 20 ms', { ours: [figuresOf(delays).p99] }),
    ];
  },
};
