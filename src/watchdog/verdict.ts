import type { ProcessIdentity } from '../session/events.ts';
import type { WatchMemory } from './memory.ts';

/** Which rule decided. Shown by `conduxt why` and in `--json`: the words stay. */
export type Rule =
  | 'over'
  | 'nothing-owed'
  | 'waits-for-person'
  | 'healthy'
  | 'parked'
  | 'awaiting'
  | 'phase-reported'
  | 'stalled'
  | 'turn-overdue'
  | 'cancel-overdue'
  | 'agent-gone'
  | 'wake-overdue'
  | 'decision-expired'
  | 'host-silent'
  | 'host-deaf'
  | 'host-dead'
  | 'rebooted'
  | 'never-started'
  | 'orphans'
  | 'login-halt'
  | 'gave-up';

/** The living host that was sensed, by its identity. Whoever acts looks at it once more: that may be a minute later. */
export interface SensedHost {
  readonly process: ProcessIdentity;
  /** Null: it did not answer. Otherwise it did, and does not come out of this turn. */
  readonly stuckIn: string | null;
}

export type Action =
  /** A new host; with `endFirst`, that one is ended before, if it is still as it was sensed. */
  | { readonly type: 'start-host'; readonly endFirst: SensedHost | null; readonly why: string }
  /** To a living host. Each is also a milestone. */
  | { readonly type: 'wake'; readonly text: string }
  | { readonly type: 'renew-agent'; readonly text: string }
  | { readonly type: 'expire'; readonly decisionId: string; readonly text: string }
  | { readonly type: 'milestone'; readonly text: string }
  /** The task ends as failed with the history of tries. */
  | { readonly type: 'give-up' }
  /** People are told, through the session's notifiers. */
  | { readonly type: 'tell'; readonly text: string };

export interface Verdict {
  readonly rule: Rule;
  /** Why, as a clause for people. */
  readonly because: string;
  /** In this order. */
  readonly actions: readonly Action[];
  /** When something will be done without anybody asking; null: nothing is planned. */
  readonly nextAtMs: number | null;
  /** To be made durable before the first action: what was tried or told is not tried or told again. */
  readonly memory: WatchMemory;
}
