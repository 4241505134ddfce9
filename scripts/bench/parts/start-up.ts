import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inTurn, type Command } from '../measure.ts';
import { row, type Part } from '../row.ts';
import type { Stage } from '../stage.ts';

const RSS_ROUNDS = 5;

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
    const watchdog = await inTurn(rounds, {
      pass: () => stage.time(stage.conduxt('watchdog', '--once')),
    });
    const peaks = await inTurn(Math.min(rounds, RSS_ROUNDS), {
      floor: () => peakOf(stage, stage.node('-e', '0')),
      status: () => peakOf(stage, stage.conduxt('status')),
      pass: () => peakOf(stage, stage.conduxt('watchdog', '--once')),
    });
    return [
      row('conduxt --version', '<= 1.3 x floor', { ours: first.version, floor: first.floor, peer: first.peer }),
      row('status, 1 session', '<= 1.6 x floor', { ours: one.status, floor: one.floor }),
      row('status, 100 sessions', '<= 2.5 x floor', { ours: hundred.status, floor: hundred.floor }),
      row('status, 100 sessions (peak RSS)', '<= 55 MB', { ours: peaks.status, floor: peaks.floor }, 'MB'),
      row('watchdog pass, 100 sessions', '<= 500 ms', { ours: watchdog.pass }),
      row('watchdog pass, 100 sessions (peak RSS)', '<= 100 MB', { ours: peaks.pass, floor: peaks.floor }, 'MB'),
    ];
  },
};

async function peakOf(stage: Stage, { args, env, ...command }: Command): Promise<number> {
  const note = path.join(stage.dir, 'peak');
  await stage.run({
    ...command,
    args: ['--require', path.join(import.meta.dirname, '../note-peak.cjs'), ...args],
    env: { ...env, BENCH_PEAK: note },
  });
  return Number(readFileSync(note, 'utf8').trimEnd().split('\n').at(-1)) / 1024;
}
