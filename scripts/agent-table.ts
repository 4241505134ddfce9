/** The table of agents against cases, as `npm run test:agents` last measured it. */
import { readColumns } from '../test/agents/matrix/column.ts';
import { surroundingsOf, tableOf } from '../test/agents/matrix/table.ts';

export function printTable(): void {
  const columns = readColumns();
  if (columns.length > 0) console.log(`\n${tableOf(columns)}\n\n${surroundingsOf(columns)}`);
}

if (import.meta.main) printTable();
