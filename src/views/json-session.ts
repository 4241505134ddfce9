import { agentJson, type AgentOfSessionJson } from './agent.ts';
import { backendNow } from '../session/backend.ts';
import { usedUp } from '../session/budget.ts';
import type { Decision } from '../session/decision.ts';
import type { ProcessIdentity, TaskEndCode, Usage } from '../session/events.ts';
import type { Receipt } from '../session/receipt.ts';
import type { RepoRef, SessionLimits, TaskSpec } from '../session/record.ts';
import type { AwaitingPhase, BackendName, PromptKind, PromptState, SessionState, TaskEnd } from '../session/words.ts';
import type { Milestone } from '../session/fold/life.ts';
import { doingNow } from './now.ts';
import { elapsedMs } from './elapsed.ts';
import { nextStep, type NextStep } from './next-step.ts';
import type { SessionFacts } from './outcome.ts';
import { permissionsJson, type PermissionsJson } from './permissions.ts';
import { callbackSummary } from './said.ts';
import { usageOrNull } from './usage.ts';

/** Every JSON document and every line of a JSON stream carries this. It grows only when a field changes its meaning. */
export const SCHEMA_VERSION = 1;

/** What a reader of a session knows besides its record and journal. */
export interface ReadFacts extends SessionFacts {
  readonly hostAlive: boolean;
  readonly damaged: readonly { readonly offset: number; readonly bytes: number }[];
}

/** One session in a list: `status --json`. */
export interface SessionJson {
  readonly id: string;
  readonly name: string;
  readonly repo: Pick<RepoRef, 'key' | 'slug' | 'root'> | null;
  readonly kind: 'task' | 'session' | 'ask';
  readonly agent: AgentOfSessionJson;
  readonly backend: BackendName;
  readonly requestedBackend: BackendName | 'auto';
  readonly state: SessionState;
  /** A few words for people. */
  readonly doing: string;
  readonly hostAlive: boolean;
  /** Prompts that are owed to the agent. */
  readonly queue: number;
  readonly turns: number;
  readonly fixRounds: number;
  readonly openDecisions: number;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly lastActivityAt: string | null;
  readonly elapsedMs: number;
  /** Null when the agent reported nothing. */
  readonly usage: Usage | null;
  readonly title: string | null;
  readonly branch: string | null;
  /** The worktree of a task; the directory of a plain session. */
  readonly directory: string;
  readonly pullRequest: PullRequestJson | null;
  /** What it waits for outside, after the work was delivered; null: nothing. */
  readonly awaiting: { readonly phase: AwaitingPhase; readonly since: string } | null;
  readonly blocked: { readonly why: string; readonly remedy: string } | null;
  readonly end: { readonly state: TaskEnd; readonly reason: string; readonly code: TaskEndCode | null } | null;
  readonly damagedRecords: number;
  /** Of the last journal record: for `log --since`. */
  readonly cursor: string;
}

export interface PullRequestJson {
  readonly url: string;
  readonly number: number | null;
  /** Files that other running tasks' branches also touch, by task. */
  readonly conflicts: Readonly<Record<string, readonly string[]>>;
}

/** A session whose record cannot be read: shown, never hidden. */
export interface UnreadableJson {
  readonly id: string;
  readonly name: string;
  readonly state: 'unreadable';
  readonly error: { readonly code: string; readonly message: string };
}

export interface StatusJson {
  readonly schemaVersion: 1;
  readonly sessions: readonly (SessionJson | UnreadableJson)[];
}

/** One session with everything: `status <name> --json`. */
export interface SessionDetailsJson {
  readonly schemaVersion: 1;
  readonly session: SessionJson & {
    readonly task: TaskSpec | null;
    readonly permissions: PermissionsJson;
    /** What confines the writes of agent, set-up and tests; null: nothing does. */
    readonly sandbox: { readonly type: 'bwrap'; readonly writable: readonly string[] } | null;
    readonly agentProcess: ProcessIdentity | null;
    readonly nativeSessionId: string | null;
    readonly host: ProcessIdentity | null;
    readonly queued: readonly PromptJson[];
    readonly milestones: readonly Milestone[];
    readonly decisions: readonly Decision[];
    readonly next: NextStep;
    readonly receipt: Receipt | null;
    /** From the callback of the last turn; null without a valid one. */
    readonly summary: string | null;
    readonly lastMessage: string | null;
    readonly limits: SessionLimits;
    /** Null without `--max-tokens` and `--max-cost`. */
    readonly budget: BudgetJson | null;
    /** Scores between 0 and 1 by name; null until somebody judged the work. */
    readonly evaluation: Readonly<Record<string, number>> | null;
    readonly damaged: readonly { readonly offset: number; readonly bytes: number }[];
    readonly files: { readonly directory: string; readonly journal: string; readonly transcript: string };
  };
}

export interface BudgetJson {
  readonly maxTokens: number | null;
  readonly maxCost: number | null;
  /** What counts against it: since the work began, or was last taken up again. */
  readonly tokens: number;
  readonly cost: number;
  readonly usedUp: boolean;
}

export interface PromptJson {
  readonly id: string;
  readonly key: string;
  readonly kind: PromptKind;
  readonly state: PromptState;
  readonly bytes: number;
  readonly queuedAt: string;
}

export function sessionJson(facts: ReadFacts, nowMs: number): SessionJson {
  const { record, folded, state, hostAlive, damaged } = facts;
  const { life, turns, prompts, delivery, awaiting } = folded;
  return {
    id: record.id,
    name: record.name,
    repo: record.repo === null ? null : { key: record.repo.key, slug: record.repo.slug, root: record.repo.root },
    kind: record.kind,
    agent: agentJson({ ...record.agent, version: life.agent.version ?? record.agent.version }),
    backend: backendNow(record, folded),
    requestedBackend: record.requestedBackend,
    state,
    doing: doingNow(facts),
    hostAlive,
    queue: prompts.owed.length,
    turns: turns.count,
    fixRounds: life.fixRoundsUsed,
    openDecisions: life.decisions.size,
    createdAt: record.createdAt,
    startedAt: life.startedAt,
    endedAt: life.ended?.at ?? null,
    lastActivityAt: folded.lastAt,
    elapsedMs: elapsedMs(facts, nowMs),
    usage: usageOrNull(turns.usage.usage),
    title: record.task?.title ?? null,
    branch: record.task?.branch ?? null,
    directory: record.cwd,
    pullRequest: pullRequestJson(facts),
    awaiting: awaiting.now === null ? null : { phase: awaiting.now.phase, since: awaiting.now.since },
    blocked: delivery.blocked === null ? null : { why: delivery.blocked.why, remedy: delivery.blocked.remedy },
    end: life.ended === null ? null : { state: life.ended.end, reason: life.ended.reason, code: life.ended.code },
    damagedRecords: damaged.length,
    cursor: `${folded.epoch}:${folded.seq}`,
  };
}

function budgetJson({ record, folded }: SessionFacts): BudgetJson | null {
  const { maxTokens = null, maxCost = null } = record.limits;
  if (maxTokens === null && maxCost === null) return null;
  const { spent } = folded.turns;
  return { maxTokens, maxCost, ...spent, usedUp: usedUp(spent, record.limits) !== null };
}

export function pullRequestJson({ folded }: SessionFacts): PullRequestJson | null {
  const made = folded.delivery.pullRequest;
  return made === null ? null : { url: made.url, number: made.number, conflicts: made.conflicts };
}

export function sessionDetailsJson(
  facts: ReadFacts & {
    readonly paths: { readonly dir: string; readonly journal: string; readonly transcript: string };
  },
  nowMs: number,
): SessionDetailsJson {
  const { record, folded, state, damaged, paths } = facts;
  const { life, turns, prompts, delivery } = folded;
  return {
    schemaVersion: SCHEMA_VERSION,
    session: {
      ...sessionJson(facts, nowMs),
      task: record.task,
      permissions: permissionsJson(record),
      sandbox: record.sandbox === undefined ? null : { type: record.sandbox.type, writable: record.sandbox.writable },
      agentProcess: life.agent.process,
      nativeSessionId: life.agent.nativeId,
      host: life.host?.process ?? null,
      queued: prompts.owed.map(({ id, key, kind, state: promptState, bytes, queuedAt }) => ({
        id,
        key,
        kind,
        state: promptState,
        bytes,
        queuedAt,
      })),
      milestones: life.milestones,
      decisions: [...life.decisions.values()],
      next: nextStep(folded, record, state),
      receipt: delivery.receipt,
      summary: callbackSummary(folded),
      lastMessage: turns.last?.end.lastMessage ?? null,
      limits: record.limits,
      budget: budgetJson(facts),
      evaluation: folded.life.evaluation,
      damaged,
      files: { directory: paths.dir, journal: paths.journal, transcript: paths.transcript },
    },
  };
}
