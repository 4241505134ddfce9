import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pause } from '../clock.ts';
import { tryLock, waitForLock, type FileLock } from '../lock/file-lock.ts';
import { makePrivateDirectory } from '../store/durable-files.ts';

export interface SlotLimits {
  readonly perUser: number;
  readonly perAgent: number;
  /** Of the tasks of one command; its pool is a directory of its own. */
  readonly batch?: { readonly pool: string; readonly size: number };
}

export type SlotScope = 'user' | 'agent' | 'batch';

/** A place in the cap on running tasks. It dies with its holder. */
export interface Slot {
  release(): void;
}

interface Wait {
  /** Whose ticket comes first in alphabetical order is served first. */
  readonly ticket: string;
  readonly signal: AbortSignal;
  /** Called once, when a pool is full. */
  readonly onWait: (scope: SlotScope) => Promise<void>;
}

type PoolWait = Pick<Wait, 'ticket' | 'signal'> & { readonly onFull: () => Promise<void> };

/** Waiting hosts look this often for a freed slot: nothing announces that a kernel lock was dropped. */
const POLL_MS = 250;

/**
 * Takes one slot of the batch's pool, then of the agent's, then of the user's, waiting where a pool is full. The caps
 * hold across all shells because a slot is a lock file. Null when `wait.signal` aborted first.
 *
 * In this order nobody who waits for one agent, or for others of one command, holds up those who do not.
 */
export async function takeSlot(directory: string, agent: string, limits: SlotLimits, wait: Wait): Promise<Slot | null> {
  let told = false;
  const tellOnce = (scope: SlotScope) => async (): Promise<void> => {
    if (told) return;
    told = true;
    await wait.onWait(scope);
  };
  const pools: readonly (readonly [SlotScope, string, number])[] = [
    ...(limits.batch === undefined ? [] : [['batch', limits.batch.pool, limits.batch.size] as const]),
    ['agent', path.join(directory, `agent-${agent}`), limits.perAgent],
    ['user', path.join(directory, 'user'), limits.perUser],
  ];
  const held: FileLock[] = [];
  const release = (): void => {
    for (const lock of held.toReversed()) lock.release();
  };
  for (const [scope, pool, size] of pools) {
    const lock = await takeFrom(pool, size, { ...wait, onFull: tellOnce(scope) });
    if (lock === null) {
      release();
      return null;
    }
    held.push(lock);
  }
  return { release };
}

async function takeFrom(pool: string, size: number, wait: PoolWait): Promise<FileLock | null> {
  const line = path.join(pool, 'line');
  makePrivateDirectory(line);
  const ticketFile = path.join(line, `${wait.ticket}.lock`);
  const place = await standInLine(ticketFile, wait.signal);
  if (place === null) return null;
  try {
    for (;;) {
      const lock = (await someoneOlderWaits(line, wait.ticket)) ? null : await firstFree(pool, size);
      if (lock !== null) return lock;
      if (wait.signal.aborted) return null;
      await wait.onFull();
      await pause(POLL_MS, wait.signal);
    }
  } finally {
    rmSync(ticketFile, { force: true });
    place.release();
  }
}

/** A ticket in the line. Somebody who found it before it was locked took it for a dead one's and removed it: again. */
async function standInLine(ticketFile: string, signal: AbortSignal): Promise<FileLock | null> {
  for (;;) {
    const place = await waitForLock(ticketFile, { pollMs: POLL_MS, signal });
    if (place === null || existsSync(ticketFile)) return place;
    place.release();
  }
}

async function firstFree(pool: string, size: number): Promise<FileLock | null> {
  for (let index = 0; index < size; index += 1) {
    const lock = await tryLock(path.join(pool, `${index}.lock`));
    if (lock !== null) return lock;
  }
  return null;
}

/** A ticket whose lock is free belongs to a host that died in the line. */
async function someoneOlderWaits(line: string, ticket: string): Promise<boolean> {
  for (const name of readdirSync(line).toSorted()) {
    if (!name.endsWith('.lock') || name >= `${ticket}.lock`) continue;
    const file = path.join(line, name);
    const lock = await tryLock(file);
    if (lock === null) return true;
    rmSync(file, { force: true });
    lock.release();
  }
  return false;
}
