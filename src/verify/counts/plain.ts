import { toNumber, type Recogniser } from './recogniser.ts';

/**
 * The closing line that needs no runner: `5 passed, 0 failed, 1 skipped`, one word with a colon may stand before it.
 * Only the last one counts, and only when no runner was recognised: such a line often sums up other runners.
 */
export const plain: Recogniser = (lines) => {
  const pattern = /^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\.?$/;
  const found = pattern.exec(lines.findLast((line) => pattern.test(line)) ?? '');
  if (found === null) return null;
  return { passed: toNumber(found[1]), failed: toNumber(found[2]), skipped: toNumber(found[3]) };
};
