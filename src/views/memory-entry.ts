import { backendNow } from '../session/backend.ts';
import { profileFor } from '../agents/profiles.ts';
import { kindOf } from '../session/record.ts';
import type { CallbackResult } from '../session/callback.ts';
import type { SessionView } from '../store/read-session.ts';
import { shellWord } from '../text/shell-word.ts';
import { awaitedWords } from './awaited.ts';
import type { MemoryEntry } from './memory-section.ts';

/** One session as the memory file tells it. */
export function memoryEntry(view: SessionView): MemoryEntry {
  const { record, folded, hostAlive, state } = view;
  const { life, turns, delivery } = folded;
  const { task } = record;
  const directory = delivery.worktree?.path ?? record.cwd;
  return {
    name: record.name,
    sessionId: record.id,
    description: task?.title ?? 'interactive session',
    state,
    agent: record.agent.version === null ? record.agent.name : `${record.agent.name} ${record.agent.version}`,
    backend: backendNow(record, folded),
    branch: task?.branch ?? null,
    base: task?.base ?? null,
    baseCommit: task?.baseCommit ?? null,
    directory,
    createdAt: record.createdAt,
    startedAt: life.startedAt,
    endedAt: life.ended?.at ?? null,
    milestone: life.milestones.at(-1)?.text ?? furthestPoint(folded),
    callback: callbackText(turns.last?.end.callback),
    reason: reasonOf(folded),
    pullRequest: delivery.pullRequest?.url ?? null,
    nativeId: life.agent.nativeId,
    resumeByHand: resumeByHand(kindOf(record.agent), life.agent.nativeId, directory),
    commands: [`conduxt status ${record.name}`, `conduxt log ${record.name} -f`, `conduxt tell ${record.name} "…"`],
    pid: hostAlive ? (life.host?.process.pid ?? null) : null,
  };
}

function callbackText(result: CallbackResult | undefined): string {
  switch (result?.type) {
    case undefined:
      return 'none yet';
    case 'missing':
      return 'none in the last turn';
    case 'malformed':
      return `malformed: ${result.problem}`;
    case 'valid': {
      const { status, test_results: tests, summary } = result.callback;
      const counts =
        tests === undefined ? '' : ` (${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped)`;
      return `${status}${counts}: ${summary}`;
    }
  }
}

/** How far the work has come, in the journal's own facts, while nothing out of the ordinary was noted. */
function furthestPoint({ delivery, turns, life }: SessionView['folded']): string | null {
  if (delivery.pullRequest !== null) return 'pull request opened';
  if (delivery.pushedCommit !== null) return 'branch pushed';
  if (delivery.receipt !== null)
    return delivery.receipt.verdict.type === 'green' ? 'tests passed' : 'tests did not pass';
  if (turns.count > 0) return `turn ${turns.count} ${turns.open === null ? 'ended' : 'is running'}`;
  if (delivery.setup !== null) return 'worktree is ready';
  return life.startedAt === null ? null : 'preparing the worktree';
}

/** What it waits for, or else why it ended. */
function reasonOf({ life, delivery, awaiting }: SessionView['folded']): string | null {
  const [decision] = life.decisions.values();
  if (decision !== undefined) return decision.question;
  if (life.ended !== null) return life.ended.reason;
  if (awaiting.now !== null) return `it waits for ${awaitedWords(awaiting.now.phase)}`;
  if (life.waitsFor.length > 0) return `it waits for ${life.waitsFor.join(', ')}`;
  if (life.parked !== null) return `${life.parked.reason} (until ${life.parked.until})`;
  return delivery.blocked === null ? null : `${delivery.blocked.why} ${delivery.blocked.remedy}`;
}

/** A line to paste. The id is the agent's own word: quoted, or it could be a command of its choice. */
function resumeByHand(agent: string, nativeId: string | null, directory: string): string | null {
  const words = profileFor(agent).resumeByHand;
  if (words === undefined || nativeId === null || nativeId.startsWith('-')) return null;
  return `cd ${shellWord(directory)} && ${words.map((word) => (word === '{id}' ? shellWord(nativeId) : word)).join(' ')}`;
}
