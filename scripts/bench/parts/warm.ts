import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { inTurn } from '../measure.ts';
import { row, type Part } from '../row.ts';
import { SYNCED_WRITE } from '../stage.ts';

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
