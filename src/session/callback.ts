import type { AwaitingPhase } from './words.ts';

/** The JSON with which an agent ends a task (`callback-json` block). Snake case: it is the agents' format, not ours. */
export interface Callback {
  readonly task_id: string;
  readonly nonce: string;
  readonly status: 'completed' | 'failed' | 'need_clarification';
  readonly branch?: string | undefined;
  readonly files_changed?: readonly string[] | undefined;
  readonly test_results?: TestCounts | undefined;
  readonly duration_minutes?: number | undefined;
  readonly summary: string;
  /** Of its phase file: when the work is delivered, the task is not over, but waits for this. */
  readonly phase?: AwaitingPhase;
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * What was found at the end of a turn. `problem` is a sentence for the agent: it is quoted in the reminder.
 */
export type CallbackResult =
  | { readonly type: 'valid'; readonly callback: Callback }
  | { readonly type: 'malformed'; readonly problem: string }
  | { readonly type: 'missing' };
