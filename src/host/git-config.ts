import { existsSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import { compareConfig, configChanged, sharedConfig, snapshotConfig } from '../git/config-guard.ts';
import { createGit } from '../git/git.ts';
import { gitEnvironment } from '../git/git-environment.ts';
import type { GitConfigSnapshot } from '../session/git-config.ts';
import { newDecisionId } from '../session/ids.ts';
import { listNames, readSessionOrNull } from '../store/read-session.ts';
import { oneLine } from '../text/sanitize.ts';
import type { HostContext } from './context.ts';
import { endDecision, openQuestion } from './questions.ts';

/** So many changes are named in a question; the facts and the journal have all of them. */
const NAMED_CHANGES = 3;

/** The configuration as our git would meet it now: in the worktree, or in the main checkout before there is one. */
function snapshotNow({ record, env }: HostContext): Promise<GitConfigSnapshot> {
  const cwd = existsSync(record.cwd) ? record.cwd : (record.repo?.root ?? record.cwd);
  return snapshotConfig(createGit({ cwd, env: gitEnvironment(env) }));
}

/** What stands between our git and the worktree now; empty when it may run. */
async function changesSinceAccepted(context: HostContext): Promise<{ now: GitConfigSnapshot; changes: string[] }> {
  const now = await snapshotNow(context);
  const { accepted } = context.log.folded.gitConfig;
  if (accepted === null) return { now, changes: [] };
  // Without its worktree there is nothing but the repository's own to compare.
  return existsSync(context.record.cwd)
    ? { now, changes: compareConfig(accepted, now) }
    : { now, changes: compareConfig(sharedConfig(accepted), sharedConfig(now)) };
}

/** For `guardGit`: throws `git-config-changed` instead of letting git execute what was planted. */
export async function requireSameGitConfig(context: HostContext): Promise<void> {
  const { changes } = await changesSinceAccepted(context);
  if (changes.length > 0) throw configChanged(changes);
}

/**
 * After each turn, and after git was refused: a change becomes a decision, one that was undone is forgotten. In a session
 * without a task our git only lists files, which executes nothing; there a change is only said.
 */
export async function inspectGitConfig(context: HostContext): Promise<void> {
  const { log } = context;
  if (log.folded.gitConfig.accepted === null) return;
  const { now, changes } = await changesSinceAccepted(context);
  // Looking takes a while; a person may have answered meanwhile.
  const { accepted, pending } = log.folded.gitConfig;
  if (changes.length === 0) {
    if (pending === null || accepted === null) return;
    await withdraw(context, pending.decisionId);
    await log.appendPatiently({ type: 'git-config-accepted', snapshot: accepted });
    return;
  }
  if (context.record.task === null) {
    const text = `git's configuration was changed: ${changes.join('; ')}`;
    await log.appendPatiently({ type: 'milestone', level: 'warn', text: oneLine(context.redact(text), 300) });
    await log.appendPatiently({ type: 'git-config-accepted', snapshot: now });
    return;
  }
  // An end or a stop withdraws what was asked, not what was found; a denial stands until a person takes the task up.
  const isKnown = pending?.answer === 'denied' || log.folded.life.decisions.has(pending?.decisionId ?? '');
  if (pending !== null && isKnown && compareConfig(pending.snapshot, now).length === 0) return;
  await openDecision(context, now, changes, 'while the agent worked');
}

/** What cannot be looked at now is looked at again before the next call of git. */
export async function tryInspectGitConfig(context: HostContext): Promise<void> {
  await inspectGitConfig(context).catch((error: unknown) => context.note(`git configuration: ${messageOf(error)}`));
}

/**
 * Before the worktree is made (git runs smudge filters) and before the agent starts: what is there now becomes what later
 * looks are compared with. What another task's agent planted and nobody approved must not pass as ours.
 * @returns false when a person has to decide first.
 */
export async function acceptGitConfig(context: HostContext): Promise<boolean> {
  const { log, record } = context;
  if (record.repo === null) return true;
  const now = await snapshotNow(context);
  const changes = record.task === null ? [] : foreignChanges(context, now);
  if (changes.length > 0) {
    await openDecision(context, now, changes, 'by another task that is not finished');
    return false;
  }
  const { accepted } = log.folded.gitConfig;
  if (accepted === null || compareConfig(accepted, now).length > 0)
    await log.appendPatiently({ type: 'git-config-accepted', snapshot: now });
  return true;
}

/** Changes that an unfinished session of this repository has not accepted, unless a person allowed them here. */
function foreignChanges({ home, runtimeDir, record, log }: HostContext, now: GitConfigSnapshot): string[] {
  const shared = sharedConfig(now);
  const { accepted } = log.folded.gitConfig;
  if (accepted !== null && compareConfig(sharedConfig(accepted), shared).length === 0) return [];
  for (const { id } of listNames(home, record.repo?.key ?? null)) {
    const other = id === record.id ? null : readSessionOrNull(home, runtimeDir, id);
    if (other === null || other.record.task === null) continue;
    const { gitConfig, life, turns } = other.folded;
    const isOver = (life.ended !== null || life.stopped) && turns.open === null && gitConfig.pending === null;
    if (gitConfig.accepted === null || isOver) continue;
    const changes = compareConfig(sharedConfig(gitConfig.accepted), shared);
    if (changes.length > 0) return changes;
  }
  return [];
}

async function openDecision(
  context: HostContext,
  snapshot: GitConfigSnapshot,
  changes: readonly string[],
  when: string,
): Promise<void> {
  const { log, redact } = context;
  const { pending } = log.folded.gitConfig;
  if (pending !== null) await withdraw(context, pending.decisionId);
  const id = newDecisionId();
  const safe = changes.map((change) => oneLine(redact(change), 300));
  await log.appendPatiently({ type: 'git-config-changed', decisionId: id, snapshot, changes: safe });
  // Nobody is asked about a session that was stopped; what was found keeps our git off it all the same.
  if (log.folded.life.stopped) return;
  const more = safe.length > NAMED_CHANGES ? ` and ${safe.length - NAMED_CHANGES} more` : '';
  await openQuestion(context, {
    id,
    kind: 'gate',
    question: `Git's configuration was changed ${when}: ${safe.slice(0, NAMED_CHANGES).join('; ')}${more}. May conduxt's git run under it?`,
    facts: Object.fromEntries(safe.map((change, index) => [`change ${index + 1}`, change])),
    choices: ['allow', 'deny', 'retry'],
    fallback: 'deny',
  });
}

async function withdraw(context: HostContext, decisionId: string): Promise<void> {
  await endDecision(context, decisionId, { type: 'withdrawn' });
}
