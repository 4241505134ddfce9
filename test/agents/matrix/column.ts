import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import type { PinnedAgent } from '../pinned-agents.ts';

/** What one run measured of one agent: a column of the table. Test files run in processes of their own, so it is a file. */
const columnSchema = z.object({
  agent: z.string(),
  /** What was driven, with its version. */
  title: z.string(),
  /** Whether anything but the loopback could be reached. */
  network: z.boolean(),
  cells: z.record(z.string(), z.string()),
});
export type Column = z.infer<typeof columnSchema>;

export const COLUMNS = path.resolve(import.meta.dirname, '../../../.test-cache/agent-matrix');

/** `codex-acp 2.6.0`, and what else it needs. */
export const titleOf = ({ packages }: PinnedAgent): string =>
  packages.map((name) => name.replace(/^@[^/]+\//, '').replace('@', ' ')).join(', ');

/** Adds cells to the column of an agent; those of another version are forgotten. */
export function keepCells(agent: PinnedAgent, cells: Readonly<Record<string, string>>): void {
  const title = titleOf(agent);
  const before = readColumns().find((column) => column.title === title);
  const network = isOnline() || before?.network === true;
  const column: Column = { agent: agent.name, title, network, cells: { ...before?.cells, ...cells } };
  mkdirSync(COLUMNS, { recursive: true });
  writeFileSync(path.join(COLUMNS, `${agent.name}.json`), JSON.stringify(column, null, 2));
}

export function readColumns(): readonly Column[] {
  mkdirSync(COLUMNS, { recursive: true });
  return readdirSync(COLUMNS).map((name) =>
    columnSchema.parse(JSON.parse(readFileSync(path.join(COLUMNS, name), 'utf8'))),
  );
}

/** False in a network namespace with nothing but the loopback. */
export const isOnline = (): boolean =>
  Object.values(networkInterfaces()).some((addresses = []) => addresses.some(({ internal }) => !internal));
