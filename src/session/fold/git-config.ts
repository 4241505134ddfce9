import type { JournalRecord } from '../events.ts';
import type { GitConfigSnapshot } from '../git-config.ts';

/** A change of git's configuration that nobody has approved. */
export interface PendingGitConfig {
  readonly decisionId: string;
  readonly snapshot: GitConfigSnapshot;
  readonly changes: readonly string[];
  readonly answer: 'open' | 'denied';
}

/** Which configuration our git may work under, and what stands against it. */
export interface GitConfig {
  /** Null until the agent is about to start. */
  accepted: GitConfigSnapshot | null;
  pending: PendingGitConfig | null;
}

export const noGitConfig = (): GitConfig => ({ accepted: null, pending: null });

/**
 * `allow` accepts exactly what was shown: what changed since is found by the next look. `retry`, like a decision that
 * is no longer needed, forgets the change, so that the next look tells whether it is still there.
 */
export function foldGitConfig(config: GitConfig, record: JournalRecord): void {
  switch (record.type) {
    case 'git-config-accepted':
      config.accepted = record.snapshot;
      config.pending = null;
      return;
    case 'git-config-changed': {
      const { decisionId, snapshot, changes } = record;
      config.pending = { decisionId, snapshot, changes, answer: 'open' };
      return;
    }
    case 'decision-ended': {
      const { pending } = config;
      if (pending?.decisionId !== record.decisionId) return;
      const answer = record.end.type === 'withdrawn' ? 'retry' : record.end.answer;
      if (answer === 'allow') config.accepted = pending.snapshot;
      config.pending = answer === 'deny' ? { ...pending, answer: 'denied' } : null;
      return;
    }
    case 'prompt-queued':
      // A person's word takes the task up again: the agent may be told to undo it, so it is looked at anew.
      if (config.pending?.answer === 'denied' && (record.kind === 'user' || record.kind === 'answer'))
        config.pending = null;
      return;
    default:
      return;
  }
}
