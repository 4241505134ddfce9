import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { inTurn } from '../measure.ts';
import { processesOf } from '../processes.ts';
import { row, type Part } from '../row.ts';
import { AGENT, LEAST_CLIENT, memoryOf, type Stage } from '../stage.ts';

const SESSIONS = 20;
/** A round takes half a minute with its ends. */
const MOST_ROUNDS = 5;
const OWNER_OF_PEER = '__queue-owner';

/** Twenty sessions at once until every agent has its prompt, and what their owners weigh. */
export const many: Part = {
  name: 'many',
  inCi: false,
  async measure(stage, rounds) {
    const weights: number[] = [];
    let round = 0;
    const times = await inTurn(Math.min(rounds, MOST_ROUNDS), {
      floor: () =>
        untilAllPrompted(stage, namesOf('least'), (name) =>
          stage.run(stage.node(LEAST_CLIENT, AGENT, 'hello', path.join(stage.dir, `${name}.out`))),
        ),
      ours: async () => {
        const names = namesOf(`many-${(round += 1)}`);
        const start = (name: string): Promise<unknown> =>
          stage.run(stage.conduxt('start', name, 'hello', '--no-wait', '--agent', 'bench'));
        const ms = await untilAllPrompted(stage, names, start);
        for (const name of names) await stage.run(stage.conduxt('wait', name));
        weights.push(weightOf(names.map((name) => stage.hostPid(name))));
        for (const name of names) await stage.run(stage.conduxt('stop', name));
        return ms;
      },
    });
    const peer = await ofPeer(stage);
    return [
      row('20 sessions until every agent has its prompt', '<= 1.5 x floor', { ...times, peer: peer.times }),
      row('owners of 20 sessions (PSS)', '<= 1/2 of the peer', { ours: weights, peer: peer.weights }, 'MB'),
    ];
  },
};

const namesOf = (what: string): string[] => Array.from({ length: SESSIONS }, (_, index) => `${what}-${index}`);

async function untilAllPrompted(
  stage: Stage,
  names: readonly string[],
  start: (name: string) => Promise<unknown>,
): Promise<number> {
  const before = stage.countNoted('prompt');
  const began = performance.timeOrigin + performance.now();
  await Promise.all(names.map(start));
  await stage.untilNoted('prompt', before + names.length - 1);
  return stage.lastNoted('prompt') - began;
}

/** Once: it takes twenty seconds. */
async function ofPeer(
  stage: Stage,
): Promise<{ readonly times: readonly number[]; readonly weights: readonly number[] }> {
  if (stage.peer === null) return { times: [], weights: [] };
  const directories = namesOf('peer').map((name) => path.join(stage.dir, name));
  for (const cwd of directories) mkdirSync(cwd);
  const ms = await untilAllPrompted(stage, directories, async (cwd) => {
    await stage.run(stage.acpx(cwd, 'sessions', 'new'));
    await stage.run(stage.acpx(cwd, 'prompt', 'hello'));
  });
  const owners = processesOf(stage.dir).filter(({ args }) => args.includes(OWNER_OF_PEER));
  const weight = weightOf(owners.map(({ pid }) => pid));
  for (const cwd of directories) await stage.run(stage.acpx(cwd, 'sessions', 'close'));
  return { times: [ms], weights: [weight] };
}

const weightOf = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + memoryOf(pid).pssMb, 0);
