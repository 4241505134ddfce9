import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { inTurn } from '../measure.ts';
import { row, type Part, type Row } from '../row.ts';
import { AGENT, LEAST_CLIENT, memoryOf, type Stage } from '../stage.ts';

/**
 * `most`: runs of one kind, however many are asked for; hundreds of megabytes take their time. `ofPeer`: what the peer
 * is given instead, since it takes 250 µs an update and about N^1.7 for N tool calls; null where its session would not
 * survive it.
 */
const FLOODS = [
  {
    what: '100,000 updates of 20 bytes',
    prompt: 'flood 100000 20',
    count: 100_000,
    most: 15,
    ofPeer: { prompt: 'flood 10000 20', count: 10_000 },
  },
  {
    what: '10,000 updates of 4 KiB',
    prompt: 'flood 10000 4096',
    count: 10_000,
    most: 15,
    ofPeer: { prompt: 'flood 2000 4096', count: 2_000 },
  },
  {
    what: '4,000 tool calls of 4 KiB',
    prompt: 'tools 4000 4096',
    count: 8_000,
    most: 15,
    ofPeer: { prompt: 'tools 1000 4096', count: 2_000 },
  },
  { what: '100,000 tool calls of 4 KiB', prompt: 'tools 100000 4096', count: 200_000, most: 3, ofPeer: null },
] as const;
const MOST_OF_PEER = 3;

/** Updates a second that become durable, and the most memory that its host takes at it. */
export const ingest: Part = {
  name: 'ingest',
  inCi: false,
  async measure(stage, rounds) {
    await stage.run(stage.conduxt('start', 'ingest', 'hello', '--agent', 'bench'));
    await stage.run(stage.conduxt('wait', 'ingest'));
    const rows: Row[] = [];
    const out = path.join(stage.dir, 'least.out');
    for (const { what, prompt, count, most, ofPeer } of FLOODS) {
      const rates = await inTurn(Math.min(rounds, most), {
        floor: async () =>
          rateOf(stage, count, (await stage.run(stage.node(LEAST_CLIENT, AGENT, prompt, out))).endedAt),
        ours: async () =>
          rateOf(stage, count, (await stage.run(stage.conduxt('tell', 'ingest', prompt, '--wait'))).endedAt),
      });
      const peer = ofPeer === null ? [] : await ratesOfPeer(stage, ofPeer, Math.min(rounds, MOST_OF_PEER));
      const goal = ofPeer === null ? '>= 0.4 x floor' : '>= 0.4 x floor, >= 10 x the peer';
      rows.push(row(what, goal, { ...rates, peer }, '1/s'));
    }
    const { rssMb, peakMb } = memoryOf(stage.hostPid('ingest'));
    return [
      ...rows,
      row('host, after all that (RSS)', '<= 120 MB', { ours: [rssMb] }, 'MB'),
      row('host, at most in all that (RSS)', '<= 120 MB', { ours: [peakMb] }, 'MB'),
    ];
  },
};

/** From the prompt's arrival at the agent to the end of everything. */
const rateOf = (stage: Stage, count: number, endedAt: number): number =>
  (count / (endedAt - stage.lastNoted('prompt'))) * 1000;

/** In a new session each time: one that has heard much becomes slow, and ends at ten megabytes. */
async function ratesOfPeer(
  stage: Stage,
  { prompt, count }: { readonly prompt: string; readonly count: number },
  rounds: number,
): Promise<readonly number[]> {
  if (stage.peer === null) return [];
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const cwd = mkdtempSync(path.join(stage.dir, 'peer-'));
    await stage.run(stage.acpx(cwd, 'sessions', 'new'));
    rates.push(rateOf(stage, count, (await stage.run(stage.acpx(cwd, 'prompt', prompt))).endedAt));
    await stage.run(stage.acpx(cwd, 'sessions', 'close'));
  }
  return rates;
}
