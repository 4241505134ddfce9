import { KEPT_DAYS } from '../../git/kept-days.ts';
import { listed } from '../../views/receipt.ts';
import type { Removed } from './remove-work.ts';

/** What became of what was discarded, for people. */
export const keptLines = (name: string, { snapshots, ignored }: Removed): readonly string[] => [
  ...snapshots.map((ref) => `  kept as ${ref}`),
  ...(snapshots.length === 0 ? [] : [`  for ${KEPT_DAYS} days: conduxt undo ${name}`]),
  ...(ignored.length === 0 ? [] : [`  git-ignored files that went with it: ${listed(ignored, 8)}`]),
];
