import { rmSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { makePrivateDirectory } from '../store/durable-files.ts';
import { namesIn } from '../store/names-in.ts';
import { readJson, replaceJson } from '../tmux/run-directory.ts';

const identitySchema = z.object({ pid: z.number(), startTime: z.string(), bootId: z.string() });

const recordSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  /** Of the tmux session, with its prefix; changes only by `terminal rename`. */
  name: z.string(),
  project: z.string(),
  cwd: z.string(),
  /** Null: a shell. */
  command: z.array(z.string()).nullable(),
  createdAt: z.string(),
  /** The session whose agent asked for it; null: a person, or something conduxt does not know. */
  owner: z.string().nullable(),
  /** False for one that was there before and was given our name: nothing writes down its end. */
  supervised: z.boolean(),
  /** Its pane and the process in it; null until it is started. */
  pane: z
    .object({
      paneId: z.string(),
      process: identitySchema,
    })
    .nullable(),
  /** Who starts it; until its pane is there, this tells one that is being made from one whose maker was killed. */
  maker: identitySchema.nullable().default(null),
});

/** `terminals/<id>/terminal.json`: what was started, and for whom. The truth about a terminal, before any name. */
export type TerminalRecord = Readonly<z.infer<typeof recordSchema>>;

const terminalsDir = (home: string): string => path.join(home, 'terminals');
const directoryOf = (home: string, id: string): string => path.join(terminalsDir(home), id);

/** Held while a terminal of this name is looked for, ended and made: callers that come at once take turns. */
export function nameLock(home: string, name: string): string {
  const directory = path.join(terminalsDir(home), 'names');
  makePrivateDirectory(directory);
  return path.join(directory, `${name}.lock`);
}

/** Under which the run directories of its panes are. */
export const runRoot = (home: string, id: string): string => path.join(directoryOf(home, id), 'run');

/** Written before its pane is started, so that nothing runs which is not in the ledger. */
export function writeTerminal(home: string, record: TerminalRecord): void {
  makePrivateDirectory(runRoot(home, record.id));
  replaceJson(path.join(directoryOf(home, record.id), 'terminal.json'), record);
}

/** Every terminal there is, oldest first. One that cannot be read is left out. */
export function readTerminals(home: string): TerminalRecord[] {
  return namesIn(terminalsDir(home))
    .toSorted()
    .flatMap((id) => {
      const record = readJson(path.join(directoryOf(home, id), 'terminal.json'), recordSchema);
      return record === null || record.id !== id ? [] : [record];
    });
}

/** Its logs go with it. */
export function removeTerminal(home: string, id: string): void {
  rmSync(directoryOf(home, id), { recursive: true, force: true });
}
