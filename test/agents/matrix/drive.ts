import { after, describe, it } from 'node:test';
import { drivenAgent } from '../driven.ts';
import { notInstalled } from '../pinned-agents.ts';
import { CASES } from './cases.ts';
import { keepCells } from './column.ts';

/** On two cores that others use, too. */
const CASE_TIMEOUT_MS = 400_000;

/**
 * Takes an agent through every case: the real adapter with its real tools against a scripted model on the loopback. Its
 * cells are kept for the table that `npm run test:agents` prints.
 */
export function drive(name: string): void {
  const agent = drivenAgent(name);
  const slow = process.env['SLOW_TESTS'] === '1' ? null : 'takes minutes: npm run test:agents';
  const skip = notInstalled(agent.pinned) ?? slow ?? false;
  const cells: Record<string, string> = {};
  describe(`${name}, driven`, { skip, concurrency: 1 }, () => {
    for (const one of CASES) {
      it(one.it, { timeout: CASE_TIMEOUT_MS }, async (t) => {
        cells[one.row] = 'FAILED';
        cells[one.row] = await one.run(t, agent);
      });
    }
    after(() => keepCells(agent.pinned, cells));
  });
}
