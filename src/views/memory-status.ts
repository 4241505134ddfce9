import type { SessionState } from '../session/words.ts';

/** The words of MEMORY.md and active-tasks.json, which people and other programs already know. */
export const memoryStatuses = ['pending', 'in-progress', 'blocked', 'completed', 'failed', 'abandoned'] as const;
export type MemoryStatus = (typeof memoryStatuses)[number];

const WORD: Readonly<Record<SessionState, MemoryStatus>> = {
  waiting: 'pending',
  preparing: 'pending',
  prepared: 'pending',
  running: 'in-progress',
  verifying: 'in-progress',
  delivering: 'in-progress',
  idle: 'in-progress',
  'needs-person': 'blocked',
  parked: 'blocked',
  'awaiting-review': 'blocked',
  'awaiting-ci': 'blocked',
  crashed: 'blocked',
  completed: 'completed',
  delivered: 'completed',
  reported: 'completed',
  failed: 'failed',
  cancelled: 'abandoned',
  stopped: 'abandoned',
};

export const memoryStatus = (state: SessionState): MemoryStatus => WORD[state];

/** True while something may still happen by itself or through a person. */
export const isUnfinished = (status: MemoryStatus): boolean =>
  status === 'pending' || status === 'in-progress' || status === 'blocked';
