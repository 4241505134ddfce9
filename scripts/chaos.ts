/**
 * `npm run chaos`: real sessions of the built program under random faults, then a check of everything that was
 * acknowledged. Prints its seed; what is drawn follows from it, what lives at that moment and can be hurt does not.
 *
 *   npm run chaos -- --seconds 60 --sessions 20 --seed 7
 *
 * Exit code 1 when a promise was broken.
 */
import { parseArgs } from 'node:util';
import { chaos, wordsAboutFaults } from '../test/faults/chaos/chaos.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, sessions: { type: 'string' }, seed: { type: 'string' } },
});
const options = {
  seconds: Number(values.seconds ?? '30'),
  sessions: Number(values.sessions ?? '20'),
  seed: Number(values.seed ?? Math.floor(Math.random() * 1_000_000)),
};
console.log(`seed ${options.seed}, ${options.sessions} sessions, ${options.seconds} s`);
const report = await chaos(options);
const { wrong, acknowledged, canFillDisk, ends, tasks, kept } = report;
console.log(
  `acknowledged: ${JSON.stringify(acknowledged)}; prompts: ${JSON.stringify(ends)}; tasks: ${JSON.stringify(tasks)}`,
);
console.log(wordsAboutFaults(report));
if (!canFillDisk) console.log('no full disk: a file system cannot be mounted here (needs root)');
for (const text of wrong) console.log(`BROKEN ${text}`);
console.log(
  kept === null
    ? `no promise broken (seed ${options.seed})`
    : `${wrong.length} broken; seed ${options.seed}, kept: ${kept}`,
);
process.exitCode = wrong.length === 0 ? 0 : 1;
