import type { TaskEnd } from '../session/words.ts';
import { oneLine } from '../text/sanitize.ts';

/** What people are told: that a task has its outcome, or that it waits for them. */
export interface NotifyFacts {
  /** Name of the session, as in `conduxt status <session>`. */
  readonly session: string;
  readonly sessionId: string;
  /** The task in one line. */
  readonly task: string;
  /** Name of the repository; empty outside of one. */
  readonly repo: string;
  readonly agent: string;
  readonly outcome: TaskEnd | 'needs-person' | 'awaiting-review' | 'awaiting-ci' | 'silent';
  /** Why it ended so, or the open question. */
  readonly reason: string;
  readonly prUrl: string | null;
  /** The agent's own words; empty when it said none. */
  readonly summary: string;
  readonly decisionId: string | null;
  /** ISO time at which its last phase was taken in; null: none yet. */
  readonly phaseAt: string | null;
}

const VERB: Readonly<Record<NotifyFacts['outcome'], string>> = {
  completed: 'completed',
  delivered: 'delivered, not verified:',
  reported: 'reported on',
  failed: 'failed at',
  cancelled: 'was stopped at',
  'needs-person': 'needs you for',
  'awaiting-review': 'awaits a review of',
  'awaiting-ci': 'awaits CI for',
  silent: 'has been silent for long at',
};

const MAX_TITLE_CHARS = 100;
const MAX_BODY_CHARS = 500;
/** One variable of a process may hold 128 KiB; nobody reads more than this. */
const MAX_VARIABLE_CHARS = 4000;

export interface NotifyMessage {
  /** Names agent and task. */
  readonly title: string;
  /** One line: the reason, the pull request or the summary, and how to go on. */
  readonly body: string;
}

export function notifyMessage(facts: NotifyFacts): NotifyMessage {
  const where = facts.repo === '' ? facts.session : `${facts.repo}/${facts.session}`;
  const details = facts.outcome === 'completed' || facts.outcome === 'reported' ? facts.summary : facts.reason;
  const next =
    facts.outcome === 'needs-person' || facts.outcome === 'silent' ? `conduxt status ${facts.session}` : null;
  const parts = [facts.task, details, facts.prUrl, next].filter((part) => part !== null && part !== '');
  return {
    title: oneLine(`${facts.agent} ${VERB[facts.outcome]} ${where}`, MAX_TITLE_CHARS),
    body: oneLine(parts.join(' — '), MAX_BODY_CHARS),
  };
}

/**
 * The facts as environment variables of a notify command. None of them is also a setting (`CONDUXT_AGENT`) or the
 * process marker (`CONDUXT_SESSION`): a notify command may call conduxt itself.
 */
export function notifyVariables(facts: NotifyFacts): Record<string, string> {
  const { title, body } = notifyMessage(facts);
  const values = {
    CONDUXT_TASK: facts.task,
    CONDUXT_TASK_NAME: facts.session,
    CONDUXT_TASK_ID: facts.sessionId,
    CONDUXT_TASK_AGENT: facts.agent,
    CONDUXT_REPO: facts.repo,
    CONDUXT_OUTCOME: facts.outcome,
    CONDUXT_REASON: facts.reason,
    CONDUXT_PR_URL: facts.prUrl ?? '',
    CONDUXT_SUMMARY: facts.summary,
    CONDUXT_DECISION: facts.decisionId ?? '',
    CONDUXT_PHASE_AT: facts.phaseAt ?? '',
    CONDUXT_TEXT: `${title}: ${body}`,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, oneLine(value, MAX_VARIABLE_CHARS)]));
}
