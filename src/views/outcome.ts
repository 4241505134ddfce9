import { ExitCode, unreachable } from '../errors.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import type { SessionRecord } from '../session/record.ts';
import type { SessionState } from '../session/words.ts';
import { oneLine } from '../text/sanitize.ts';
import { failureWords, REASON_CHARS } from './failure-words.ts';
import type { Tone } from './tone.ts';

/** The part of a session's view that projections need. */
export interface SessionFacts {
  readonly record: SessionRecord;
  readonly folded: FoldedSession;
  readonly state: SessionState;
}

/** What came of a session, for people and as an exit code (README, "Exit codes"). */
export interface Outcome {
  readonly state: SessionState;
  readonly exitCode: ExitCode;
  /** One sanitized clause. */
  readonly reason: string;
  readonly tone: Tone;
}

/** True when nothing more happens by itself: `run` and `wait` return. */
export function isSettled(state: SessionState): boolean {
  switch (state) {
    case 'completed':
    case 'delivered':
    case 'reported':
    case 'failed':
    case 'cancelled':
    case 'needs-person':
    case 'awaiting-review':
    case 'awaiting-ci':
    case 'idle':
    case 'prepared':
    case 'stopped':
      return true;
    case 'waiting':
    case 'preparing':
    case 'running':
    case 'verifying':
    case 'delivering':
    case 'parked':
    case 'crashed':
      return false;
    default:
      return unreachable(state, 'session state');
  }
}

export function outcomeOf({ record, folded, state }: SessionFacts): Outcome {
  const { life, delivery, turns } = folded;
  switch (state) {
    case 'completed':
    case 'delivered':
    case 'reported': {
      const reason = oneLine(life.ended?.reason ?? state, 300);
      if (delivery.blocked === null) return { state, exitCode: ExitCode.done, reason, tone: 'good' };
      const why = oneLine(delivery.blocked.why, 300);
      return {
        state,
        exitCode: ExitCode.prBlocked,
        reason: `${reason}, but delivery is blocked: ${why}`,
        tone: 'warn',
      };
    }
    case 'failed':
      return {
        state,
        exitCode: failedExit(folded),
        reason: oneLine(life.ended?.reason ?? 'it failed', REASON_CHARS),
        tone: 'bad',
      };
    case 'cancelled':
      return {
        state,
        exitCode: ExitCode.cancelled,
        reason: oneLine(life.ended?.reason ?? 'cancelled', 300),
        tone: 'warn',
      };
    case 'stopped':
      return { state, exitCode: ExitCode.cancelled, reason: 'the session was stopped', tone: 'warn' };
    case 'needs-person': {
      const question = [...life.decisions.values()][0]?.question ?? 'it waits for an answer';
      return { state, exitCode: ExitCode.needsPerson, reason: oneLine(question, 500), tone: 'warn' };
    }
    case 'awaiting-review':
    case 'awaiting-ci': {
      const reason = `the work is delivered; it waits for ${state === 'awaiting-ci' ? 'CI' : 'a review'}`;
      return { state, exitCode: ExitCode.needsPerson, reason, tone: 'warn' };
    }
    case 'prepared':
      return {
        state,
        exitCode: ExitCode.done,
        reason: 'its worktree is prepared; it waits to be begun',
        tone: 'plain',
      };
    case 'idle':
      return { state, ...idleOutcome(turns.last?.end, record) };
    case 'crashed':
      return { state, exitCode: ExitCode.unavailable, reason: 'work is owed and no host is alive', tone: 'bad' };
    case 'waiting':
    case 'preparing':
    case 'running':
    case 'verifying':
    case 'delivering':
    case 'parked':
      return { state, exitCode: ExitCode.done, reason: 'the work goes on', tone: 'plain' };
    default:
      return unreachable(state, 'session state');
  }
}

function failedExit({ life }: FoldedSession): ExitCode {
  const code = life.ended?.code ?? null;
  switch (code) {
    case 'timed-out':
      return ExitCode.timedOut;
    case 'agent-unavailable':
    case 'login-required':
    case 'recovery-failed':
      return ExitCode.unavailable;
    case 'lock-held':
      return ExitCode.held;
    case 'budget-used-up':
      return ExitCode.overBudget;
    case 'set-up-failed':
    case 'dependency-failed':
    case null:
      return ExitCode.taskFailed;
    default:
      return unreachable(code, 'end code');
  }
}

/** The last turn decides: an idle session has no end of its own. */
function idleOutcome(
  end: NonNullable<FoldedSession['turns']['last']>['end'] | undefined,
  record: SessionRecord,
): Omit<Outcome, 'state'> {
  if (end === undefined) return { exitCode: ExitCode.done, reason: 'it waits for instructions', tone: 'plain' };
  const why = end.failure === undefined ? '' : failureWords[end.failure];
  switch (end.verdict) {
    case 'done':
      return { exitCode: ExitCode.done, reason: 'the agent has answered', tone: 'good' };
    case 'cancelled': {
      const rest = record.task === null ? '' : '; the task waits for your word';
      return { exitCode: ExitCode.cancelled, reason: `the turn was cancelled${rest}`, tone: 'warn' };
    }
    case 'failed': {
      const exitCode = end.failure === 'auth-required' ? ExitCode.unavailable : ExitCode.taskFailed;
      return { exitCode, reason: why === '' ? 'the turn failed' : why, tone: 'bad' };
    }
    case 'unknown':
      return { exitCode: ExitCode.taskFailed, reason: `nobody knows how the turn ended: ${why}`, tone: 'bad' };
    default:
      return unreachable(end.verdict, 'verdict');
  }
}
