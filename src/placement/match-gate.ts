/**
 * Which of the lines that fit are told, and when: the first at once, what follows soon after together, and no more often
 * than was asked for. A command that prints the same thing a thousand times must not cost a thousand turns.
 */
export interface Gate {
  readonly told: number;
  /** Null before the first. */
  readonly toldAtMs: number | null;
  /** What fits and was not told yet, oldest first. */
  readonly waiting: readonly string[];
  /** Lines left out of `waiting`, which holds so many at most. */
  readonly leftOut: number;
}

export interface GateLimits {
  /** How often at most. */
  readonly times: number;
  /** Between two. */
  readonly pauseMs: number;
}

/** A session is told so many lines at once. */
export const MAX_LINES = 20;

export const closedGate: Gate = { told: 0, toldAtMs: null, waiting: [], leftOut: 0 };

export function admit(gate: Gate, lines: readonly string[]): Gate {
  const all = [...gate.waiting, ...lines];
  const waiting = all.slice(0, MAX_LINES);
  return { ...gate, waiting, leftOut: gate.leftOut + all.length - waiting.length };
}

export type Due =
  | { readonly type: 'tell'; readonly lines: readonly string[]; readonly leftOut: number; readonly gate: Gate }
  | { readonly type: 'later'; readonly inMs: number }
  | { readonly type: 'nothing' }
  /** Nothing is told any more. */
  | { readonly type: 'over' };

/** @param isEnding nothing more will be printed: what waits is told now or never. */
export function due(gate: Gate, limits: GateLimits, nowMs: number, isEnding: boolean): Due {
  if (gate.told >= limits.times) return { type: 'over' };
  if (gate.waiting.length === 0) return isEnding ? { type: 'over' } : { type: 'nothing' };
  const atMs = gate.toldAtMs === null ? nowMs : gate.toldAtMs + limits.pauseMs;
  if (!isEnding && atMs > nowMs) return { type: 'later', inMs: atMs - nowMs };
  const { waiting: lines, leftOut } = gate;
  return { type: 'tell', lines, leftOut, gate: { told: gate.told + 1, toldAtMs: nowMs, waiting: [], leftOut: 0 } };
}
