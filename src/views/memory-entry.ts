import type { CallbackResult } from '../session/callback.ts';
import type { SessionView } from '../store/read-session.ts';
import type { MemoryEntry } from './memory-section.ts';

/** How to continue an agent's own session without conduxt, for agents whose own program can. */
const RESUME_BY_HAND: Readonly<Record<string, (nativeId: string) => string>> = {
  claude: (id) => `claude --resume ${id}`,
  codex: (id) => `codex resume ${id}`,
  opencode: (id) => `opencode --session ${id}`,
};

/** One session as the memory file tells it. */
export function memoryEntry({ record, folded, hostAlive, state }: SessionView): MemoryEntry {
  const { life, turns, delivery } = folded;
  const { nativeId } = life.agent;
  const resume = nativeId === null ? undefined : RESUME_BY_HAND[record.agent.name];
  return {
    name: record.name,
    sessionId: record.id,
    description: record.task?.title ?? 'interactive session',
    state,
    agent: record.agent.name,
    backend: record.backend,
    branch: record.task?.branch ?? null,
    base: record.task?.base ?? null,
    baseCommit: record.task?.baseCommit ?? null,
    directory: record.cwd,
    createdAt: record.createdAt,
    startedAt: life.startedAt,
    endedAt: life.ended?.at ?? null,
    milestone: life.milestones.at(-1)?.text ?? furthestPoint(folded),
    callback: callbackText(turns.last?.end.callback),
    reason: [...life.decisions.values()][0]?.question ?? life.ended?.reason ?? null,
    pullRequest: delivery.pullRequest?.url ?? null,
    nativeId,
    resumeByHand: resume === undefined || nativeId === null ? null : resume(nativeId),
    commands: [`conduxt status ${record.name}`, `conduxt log ${record.name} -f`, `conduxt tell ${record.name} "…"`],
    pid: hostAlive ? (life.host?.process.pid ?? null) : null,
  };
}

function callbackText(result: CallbackResult | undefined): string {
  switch (result?.type) {
    case undefined:
    case 'missing':
      return 'none yet';
    case 'malformed':
      return `malformed: ${result.problem}`;
    case 'valid':
      return `${result.callback.status}: ${result.callback.summary}`;
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
