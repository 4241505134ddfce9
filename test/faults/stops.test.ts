import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { markedPids } from '../../src/process/marker.ts';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { runs } from '../process/scratch.ts';
import { Scratch, type LiveSession } from '../host/scratch.ts';

const FULL = process.env['FAULTS'] === 'all';
const STOPS = FULL ? 200 : 2;
/** Most of the time of a stop is patience with what ignores TERM. */
const AT_ONCE = FULL ? 8 : 2;

interface Kind {
  readonly ignoreTerm: boolean;
  readonly setsid: boolean;
}

/** Children that left the group, and every fourth time such as ignore TERM, too. */
const kindsOf = (index: number): readonly Kind[] => [
  { ignoreTerm: false, setsid: true },
  { ignoreTerm: false, setsid: false },
  ...(index % 4 === 3
    ? [
        { ignoreTerm: true, setsid: true },
        { ignoreTerm: true, setsid: false },
      ]
    : []),
];

/** Pids that outlived a stop. */
async function stopped(session: LiveSession, files: readonly string[]): Promise<readonly number[]> {
  await session.tell('work');
  const host = await session.host();
  for (const file of files) await session.untilFile(file);
  await session.untilType('prompt-accepted');
  const agent = session.view().folded.life.agent.process?.pid;
  assert.ok(agent !== undefined);
  assert.deepEqual(await session.call({ op: 'stop' }), { stopped: true, left: [] });
  await session.untilType('host-stopped');
  assert.deepEqual(markedPids(session.record.id), []);
  const children = files.map((file) => Number(readFileSync(file, 'utf8')));
  assert.ok(children.every((pid) => pid > 1));
  // The host may need another moment to leave after its last record; it is no process of the agent.
  assert.ok(!children.includes(host));
  return [agent, ...children].filter(runs);
}

describe(
  'stop',
  { skip: process.platform === 'linux' ? false : 'processes that leave their group are found on Linux' },
  () => {
    it(`leaves no process behind, ${STOPS} times`, { timeout: 1_100_000 }, async (t) => {
      const scratch = new Scratch(t);
      const begin = performance.now();
      const left: number[] = [];
      const waiting = Array.from({ length: STOPS }, (_, index) => index);
      const worker = async (): Promise<void> => {
        for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
          const kinds = kindsOf(index);
          const files = kinds.map((_, kind) => path.join(scratch.root, `pid-${index}-${kind}`));
          const steps: Step[] = [
            ...kinds.map((kind, at): Step => ({ type: 'spawn', pidFile: files[at] ?? '', ...kind })),
            { type: 'text', text: 'x' },
            { type: 'hang' },
          ];
          const limits = { cancelTimeoutMs: 500, slotsPerUser: AT_ONCE, slotsPerAgent: AT_ONCE };
          left.push(...(await stopped(scratch.plain({ prompts: [{ steps }] }, { limits }), files)));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      t.diagnostic(
        `${STOPS} stops, ${left.length} processes left, ${Math.round((performance.now() - begin) / 1000)} s`,
      );
      assert.deepEqual(left, []);
    });
  },
);
