import { figuresOf, ratioOf, type Figures } from './measure.ts';
import type { Stage } from './stage.ts';

/** One line of the table. Times in milliseconds unless `unit` says otherwise. */
export interface Row {
  readonly what: string;
  readonly unit: 'ms' | 'MB' | '1/s' | '%' | 'count';
  readonly ours: Figures;
  readonly floor: Figures | null;
  readonly peer: Figures | null;
  /** Ours over the floor, and ours over the peer: medians of the ratios of neighbouring runs. */
  readonly overFloor: number | null;
  readonly overPeer: number | null;
  readonly goal: string;
}

export interface Measured {
  readonly ours: readonly number[];
  readonly floor?: readonly number[];
  readonly peer?: readonly number[];
}

export function row(
  what: string,
  goal: string,
  { ours, floor = [], peer = [] }: Measured,
  unit: Row['unit'] = 'ms',
): Row {
  return {
    what,
    unit,
    goal,
    ours: figuresOf(ours),
    floor: floor.length === 0 ? null : figuresOf(floor),
    peer: peer.length === 0 ? null : figuresOf(peer),
    overFloor: floor.length === 0 ? null : ratioOf(ours, floor),
    overPeer: peer.length === 0 ? null : ratioOf(ours, peer),
  };
}

export interface Part {
  readonly name: string;
  /** Short enough, and steady enough, to guard ratios in CI. */
  readonly inCi: boolean;
  measure(stage: Stage, rounds: number): Promise<readonly Row[]>;
}
