import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { inTurn } from '../measure.ts';
import { row, type Part } from '../row.ts';
import { AGENT, LEAST_CLIENT } from '../stage.ts';

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
