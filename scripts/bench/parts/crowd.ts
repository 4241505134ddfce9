import { setTimeout as delay } from 'node:timers/promises';
import { figuresOf } from '../measure.ts';
import { row, type Part } from '../row.ts';
import { cpuSeconds } from '../processes.ts';

const SESSIONS = 50;
const PER_SECOND = 10;
const LISTEN_SECONDS = 20;
const TELLS = 150;
/** Longer than everything that is measured: the rest is cancelled. */
const PACED = 300 * PER_SECOND;

/** Fifty sessions whose agents all talk: what their hosts take of a core, and whether one that is told something answers. */
export const crowd: Part = {
  name: 'crowd',
  inCi: false,
  async measure(stage) {
    const names = Array.from({ length: SESSIONS }, (_, index) => `crowd-${index}`);
    for (const name of names)
      await stage.run(stage.conduxt('start', name, `pace ${PACED} ${PER_SECOND}`, '--no-wait', '--agent', 'bench'));
    await stage.untilNoted('prompt', SESSIONS - 1);
    const hosts = names.map((name) => stage.hostPid(name));
    const before = cpuSeconds(hosts);
    const began = performance.now();
    await delay(LISTEN_SECONDS * 1_000);
    const share = (cpuSeconds(hosts) - before) / ((performance.now() - began) / 1_000) / SESSIONS;
    const tells: number[] = [];
    for (let at = 0; at < TELLS; at += 1)
      tells.push(await stage.time(stage.conduxt('tell', names[at % SESSIONS] ?? '', 'hello')));
    for (const name of names) await stage.run(stage.conduxt('stop', name));
    return [
      row(
        `a host of ${SESSIONS}, at ${PER_SECOND} updates a second each`,
        '<= 1 % of a core',
        { ours: [share * 100] },
        '%',
      ),
      row('tell to one of them', '', { ours: tells }),
      row('the slowest of a hundred of them (p99)', '<= 300 ms', { ours: [figuresOf(tells).p99] }),
    ];
  },
};
