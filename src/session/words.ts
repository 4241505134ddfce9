/** The closed sets of words that are written to disk or shown to programs. Each list is the source of its type. */

export const promptStates = [
  'queued',
  'handed',
  'accepted',
  'done',
  'failed',
  'cancelled',
  'dropped',
  'unknown',
] as const;
export type PromptState = (typeof promptStates)[number];

/**
 * The state of a task or session as people and programs see it.
 *
 *     waiting → preparing → running → verifying → delivering → completed | delivered | reported
 *                  any → needs-person | parked → back;   any → failed | cancelled
 *                  delivering → awaiting-review ↔ awaiting-ci → running | verifying | needs-person | an end
 *
 * `idle` belongs to a session without a task, `prepared` to a task whose worktree was made and nothing more, `stopped` to one that was ended on purpose,
 * `crashed` is derived by readers: something is owed and no host lives.
 */
export const sessionStates = [
  'waiting',
  'preparing',
  'running',
  'verifying',
  'delivering',
  'needs-person',
  'parked',
  'awaiting-review',
  'awaiting-ci',
  'idle',
  'prepared',
  'completed',
  'delivered',
  'reported',
  'failed',
  'cancelled',
  'stopped',
  'crashed',
] as const;
export type SessionState = (typeof sessionStates)[number];

/** How a task can end. */
export const taskEnds = ['completed', 'delivered', 'reported', 'failed', 'cancelled'] as const;
export type TaskEnd = (typeof taskEnds)[number];

/** The one word with which an agent, or a script around it, may end a turn instead of a callback. */
export const phases = ['done', 'merged', 'failed', 'escalate', 'awaiting_review', 'awaiting_ci', 'crashed'] as const;
export type Phase = (typeof phases)[number];

/** The work is delivered, and its task waits for somebody's word about it. */
export type AwaitingPhase = Extract<Phase, 'awaiting_review' | 'awaiting_ci'>;

export const permissionModes = ['approve-all', 'approve-reads', 'deny-all', 'ask'] as const;
export type PermissionMode = (typeof permissionModes)[number];

export const backendNames = ['acp', 'tmux', 'headless'] as const;
export type BackendName = (typeof backendNames)[number];

/** What a task changes: decides branch prefix and pull request title. `chore` ends in a report. */
export const taskKinds = ['fix', 'feat', 'refactor', 'docs', 'test', 'chore'] as const;
export type TaskKind = (typeof taskKinds)[number];

/**
 * Who asked for a prompt. `recovery` continues a turn whose outcome is unknown; it never repeats the old text.
 * `resume` goes on after a pause that the agent's model needed.
 */
export const promptKinds = ['task', 'user', 'fix', 'reminder', 'answer', 'recovery', 'resume'] as const;
export type PromptKind = (typeof promptKinds)[number];

/** What becomes of a turn that a crash interrupted, when no evidence tells how it ended. */
export const onCrashWords = ['ask', 'retry', 'skip'] as const;
export type OnCrash = (typeof onCrashWords)[number];

export const tellModes = ['queue', 'steer', 'interrupt', 'replace'] as const;
export type TellMode = (typeof tellModes)[number];
