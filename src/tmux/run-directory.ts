import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { readUmask } from '../process/umask.ts';
import type { ProcessIdentity } from '../session/events.ts';

/**
 * The directory of one pane's run (0700): what the supervisor, the agent and its hooks write, and what outlives us.
 * Facts go through these files; the terminal carries input, a view for people, and evidence of last resort.
 */
export interface RunDirectory {
  readonly dir: string;
  /** What to start, with the whole environment: 0600, removed by the supervisor as soon as it has read it. */
  readonly launch: string;
  /** Written by the supervisor before the agent starts, and again with the agent's pid. */
  readonly started: string;
  /** Written once, complete or not at all, before the pane ends. */
  readonly exit: string;
  readonly log: string;
  /** What stood before it where it was cut (`bounded-log`). */
  readonly logBefore: string;
  /** There when something older than that is gone. */
  readonly logCut: string;
  /** Where the agent puts its callback (`CONDUXT_CALLBACK`). */
  readonly callback: string;
  /** Where it may put one word instead (`CONDUXT_PHASE`). */
  readonly phase: string;
  /** One line for each event of the agent's own hooks. */
  readonly hooks: string;
  /** How far the prompt of the running turn has come. */
  readonly turn: string;
}

/** Behind the name of a log whose end was put aside. */
export const LOG_BEFORE = '.1';

export const runDirectory = (dir: string): RunDirectory => ({
  dir,
  launch: path.join(dir, 'launch.json'),
  started: path.join(dir, 'started.json'),
  exit: path.join(dir, 'exit.json'),
  log: path.join(dir, 'pane.log'),
  logBefore: path.join(dir, `pane.log${LOG_BEFORE}`),
  logCut: path.join(dir, 'pane.log.cut'),
  callback: path.join(dir, 'callback.json'),
  phase: path.join(dir, 'phase'),
  hooks: path.join(dir, 'hooks.ndjson'),
  turn: path.join(dir, 'turn.json'),
});

/**
 * A fresh one under `root`; its name is safe in a shell line. Its log and hook files are there already, mode 0600.
 * @param kind what its name begins with: only those of panes are looked for later.
 */
export function makeRunDirectory(root: string, kind: 'pane' | 'headless' = 'pane'): RunDirectory {
  // In order of their making, so that the newest is found by name.
  const run = runDirectory(path.join(root, `${kind}-${Date.now().toString(36)}-${randomBytes(6).toString('hex')}`));
  mkdirSync(run.dir, { recursive: true, mode: 0o700 });
  for (const file of kind === 'pane' ? [run.log, run.hooks] : [run.hooks])
    writeFileSync(file, '', { mode: 0o600, flag: 'wx' });
  return run;
}

/** Newest first. */
export function runDirectories(root: string): RunDirectory[] {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch {
    // No pane yet.
    return [];
  }
  return names
    .filter((name) => name.startsWith('pane-'))
    .toSorted()
    .toReversed()
    .map((name) => runDirectory(path.join(root, name)));
}

const launchSchema = z.object({
  cwd: z.string(),
  command: z.string(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  /** The server's own is that of whoever happened to start it; absent in what an older version wrote. */
  umask: z.number().optional(),
  /** The supervisor keeps the log shorter than twice this; absent: whoever follows the pane does. */
  maxLogBytes: z.number().optional(),
});
export type Launch = Readonly<z.infer<typeof launchSchema>>;

const identitySchema = z.object({ pid: z.number(), startTime: z.string(), bootId: z.string() });
const startedSchema = z.object({
  supervisor: identitySchema,
  /** Of the agent; null until it was spawned. */
  agentPid: z.number().nullable(),
  /** `%3`, as tmux told the supervisor. */
  paneId: z.string(),
});
export interface Started {
  readonly supervisor: ProcessIdentity;
  readonly agentPid: number | null;
  readonly paneId: string;
}

const exitSchema = z.object({
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  /** The signal that the supervisor was asked to end it with, if any. */
  asked: z.string().nullable(),
  /** Why it never ran: `no-directory`, or the system's code (`ENOENT`, `EACCES`). */
  problem: z.string().nullable(),
  atMs: z.number(),
});
export type ExitRecord = Readonly<z.infer<typeof exitSchema>>;

export const readLaunch = (run: RunDirectory): Launch | null => readJson(run.launch, launchSchema);
export const readStarted = (run: RunDirectory): Started | null => readJson(run.started, startedSchema);
export const readExit = (run: RunDirectory): ExitRecord | null => readJson(run.exit, exitSchema);

/** The pane makes files as this process does. */
export const writeLaunch = (run: RunDirectory, launch: Launch): void =>
  replaceJson(run.launch, { ...launch, umask: readUmask() });
export const writeStarted = (run: RunDirectory, started: Started): void => replaceJson(run.started, started);
export const writeExit = (run: RunDirectory, exit: ExitRecord): void => replaceJson(run.exit, exit);

/** Under a name of its own first: a reader sees all of it or none. */
export function replaceJson(file: string, value: unknown): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, JSON.stringify(value), { mode: 0o600, flush: true });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Null when the file is not there or is not what it should be: an agent may write into its own run directory. */
export function readJson<T>(file: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

/** 0 when it is not there. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** What the agent put into one of its files, trimmed; null when there is nothing. */
export function textIn(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? null : text;
  } catch {
    // Not written, or not yet.
    return null;
  }
}
