import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { row, type Part } from '../row.ts';

/** What a user downloads. */
export const packed: Part = {
  name: 'package',
  inCi: true,
  async measure() {
    const dist = path.resolve(import.meta.dirname, '../../../dist');
    const bytes = readdirSync(dist).reduce((sum, name) => sum + statSync(path.join(dist, name)).size, 0);
    return [row('published files, unpacked', '<= 5 MB', { ours: [bytes / 1024 / 1024] }, 'MB')];
  },
};
