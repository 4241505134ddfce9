import type { TaskKind } from '../session/words.ts';

/** One finished task of the repository's past. */
export interface PastTask {
  readonly kind: TaskKind;
  readonly agent: string;
  readonly durationMs: number;
}

export interface ExpectedDuration {
  /** Half of the comparable tasks were faster. */
  readonly medianMs: number;
  readonly samples: number;
  /** What they have in common with this one. */
  readonly basis: 'kind-and-agent' | 'kind' | 'repository';
}

/** Fewer than this say nothing about the next one. */
const ENOUGH = 3;

/** How long a task like this took here before; null when there is too little to go by. */
export function expectedDuration(
  past: readonly PastTask[],
  task: { readonly kind: TaskKind; readonly agent: string },
): ExpectedDuration | null {
  const sameKind = past.filter((one) => one.kind === task.kind);
  const candidates = [
    ['kind-and-agent', sameKind.filter((one) => one.agent === task.agent)],
    ['kind', sameKind],
    ['repository', past],
  ] as const;
  for (const [basis, tasks] of candidates) {
    if (tasks.length >= ENOUGH)
      return { medianMs: median(tasks.map((one) => one.durationMs)), samples: tasks.length, basis };
  }
  return null;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
