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

export type Action =
  /** A new host; with `endFirst`, the one that lives but does not answer is ended by its recorded identity. */
  | { readonly type: 'start-host'; readonly endFirst: boolean; readonly why: string }
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
