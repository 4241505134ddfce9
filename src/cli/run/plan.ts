import path from 'node:path';
import {
  onCrashField,
  sessionHooks,
  sessionLimits,
  turnLockFields,
  worktreeRoot,
  type BudgetFlags,
} from '../../config/session-settings.ts';
import { isoTime } from '../../clock.ts';
import { checkBranchName } from '../../git/branch-name.ts';
import { realPlace, worktreePath } from '../../git/worktree-path.ts';
import { taskBody } from '../../intake/prompt.ts';
import type { GatheredTask } from '../../intake/gather.ts';
import { branchForTask } from '../../naming/task-kind.ts';
import { newPromptId, newSessionId } from '../../session/ids.ts';
import type { SessionRecord, TaskSpec } from '../../session/record.ts';
import type { OnCrash, PermissionMode } from '../../session/words.ts';
import { describePrompt } from '../../store/create-session.ts';
import { plural } from '../../views/quantities.ts';
import type { ExpectedDuration } from '../../views/expected-duration.ts';
import type { VerbContext } from '../context.ts';
import { backendFields, requireMode, type ChosenLaunch } from './launch-agent.ts';
import { setupPlan, verifyPlan } from './judge.ts';
import { choosePermissions, chooseRules } from './permission-default.ts';
import type { PreparedTask } from './prepared.ts';
import type { RepositoryFacts } from './repository-facts.ts';
import { sandboxFields, type SandboxWord } from './sandbox.ts';

/** What a person said about a task beyond its words. */
export interface TaskFlags extends BudgetFlags {
  readonly branch?: string | undefined;
  readonly permissions?: PermissionMode | undefined;
  /** A shell line; false for `--no-verify`. */
  readonly verify?: string | false | undefined;
  readonly fixRounds?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly pullRequest: boolean;
  readonly draft?: boolean | undefined;
  readonly adopt: boolean;
  readonly after: readonly string[];
  readonly tags: readonly string[];
  readonly priority: number;
  readonly checklist: readonly string[];
  readonly requestedBackend: SessionRecord['requestedBackend'];
  readonly sandbox?: SandboxWord | undefined;
  readonly onCrash?: OnCrash | undefined;
  /** Make the worktree and nothing more. */
  readonly prepareOnly?: boolean;
  /** As a person said it, instead of the usual place. */
  readonly worktree?: string | undefined;
}

/** Everything `run` is about to do, as data: printing it is the dry run, `createSession` and a host carry it out. */
export interface TaskPlan {
  readonly record: SessionRecord & { readonly task: TaskSpec };
  /** The text that goes to the agent; the host adds the contract of the turn. */
  readonly promptText: string;
  readonly agentWhy: string;
  readonly expected: ExpectedDuration | null;
  /** Sentences a person should read before the work begins. */
  readonly warnings: readonly string[];
  /** The id of the finished task it takes the name of (`retry`). */
  readonly replaces?: string;
  /** A session that only prepared the worktree: it ends before this one begins. */
  readonly prepared?: PreparedTask;
  /** Called when it is on stable storage under its name. */
  readonly onDurable?: () => void;
}

export interface PlanParts {
  readonly facts: RepositoryFacts;
  readonly gathered: GatheredTask;
  /** Checked and free. */
  readonly name: string;
  readonly agent: ChosenLaunch;
  readonly flags: TaskFlags;
  /** Where the branch begins: the base commit, or the head of the pull request that is continued. */
  readonly baseCommit: string;
  readonly adopted: boolean;
  /** Whose worktree and branch it goes on with. */
  readonly prepared?: PreparedTask | null;
  readonly expected: ExpectedDuration | null;
  readonly warnings: readonly string[];
}

/** Puts a task's plan together. Reads git and changes nothing. @throws `invalid-branch`, `invalid-worktree-path`. */
export async function planTask(context: VerbContext, parts: PlanParts): Promise<TaskPlan> {
  const { facts, gathered, name, agent, flags, baseCommit } = parts;
  const { repo, ref, base, loaded } = facts;
  const { config } = loaded;
  const { homedir } = context.io;
  const prepared = parts.prepared ?? null;
  const branch = await checkBranchName(
    repo.git,
    flags.branch ?? prepared?.task.branch ?? gathered.pullRequest?.headBranch ?? branchForTask(gathered.kind, name),
  );
  const said = flags.worktree === undefined ? null : path.resolve(context.io.cwd, flags.worktree);
  const worktree = prepared?.view.record.cwd ?? (await (said === null ? worktreeFor(parts, homedir) : realPlace(said)));
  const permissions = choosePermissions(flags.permissions, config, gathered);
  requireMode(agent, permissions.mode);
  const task: TaskSpec = {
    title: gathered.title,
    words: gathered.words,
    source: gathered.source,
    kind: gathered.kind,
    branch,
    base: base.branch,
    baseCommit,
    adopted: parts.adopted,
    lent: prepared?.task.lent ?? parts.adopted,
    verify: await verifyPlan(flags, loaded, facts.tree),
    setup: await setupPlan(config, facts.tree),
    delivery: {
      forge: facts.detected.forge,
      remote: facts.remote,
      pullRequest: flags.pullRequest,
      draft: flags.draft ?? config.draft,
      pullRequestNumber: gathered.pullRequest?.number ?? null,
    },
    fixRounds: flags.fixRounds ?? config.fixRounds,
    reminders: config.reminders,
    tags: flags.tags,
    priority: flags.priority,
    after: flags.after,
    checklist: flags.checklist,
  };
  const body = taskBody({
    taskId: name,
    worktree,
    branch,
    base: base.branch,
    kind: gathered.kind,
    brief: gathered.brief,
  });
  const promptText = withChecklist(body, flags.checklist);
  const record: TaskPlan['record'] = {
    schemaVersion: 1,
    id: newSessionId(),
    name,
    kind: 'task',
    repo: ref,
    agent: agent.launch,
    ...backendFields(agent, { prefix: config.sessionPrefix, repoKey: ref.key, name }),
    requestedBackend: flags.requestedBackend,
    cwd: worktree,
    permissions: permissions.mode,
    permissionsReason: permissions.reason,
    ...chooseRules(flags.permissions, config, gathered),
    createdAt: isoTime(context.io.now()),
    task,
    firstPrompt: flags.prepareOnly === true ? null : describePrompt(newPromptId(), 'task', promptText),
    limits: sessionLimits(config, agent.launch.name, flags.timeoutMs ?? null, flags),
    hooks: sessionHooks(config, ref.root, homedir),
    ...turnLockFields(config, agent.launch.name, { home: context.places.home, homedir }),
    ...onCrashField(flags.onCrash, config),
    ...(await sandboxFields(context, config, flags.sandbox, ref.root)),
  };
  const warnings = [...agent.warnings, ...parts.warnings, ...warningsOf(facts, gathered)];
  const takesOver = prepared === null ? {} : { prepared, replaces: prepared.view.record.id };
  return { record, promptText, agentWhy: agent.why, expected: parts.expected, warnings, ...takesOver };
}

/** Absolute real path of the worktree a task of this name gets. */
export function worktreeFor({ facts, name }: Pick<PlanParts, 'facts' | 'name'>, homedir: string): Promise<string> {
  const { ref, loaded } = facts;
  return realPlace(worktreePath(ref, name, worktreeRoot(loaded.config, ref.root, homedir) ?? undefined));
}

const withChecklist = (body: string, checklist: readonly string[]): string =>
  checklist.length === 0
    ? body
    : `${body}\n\n# Checklist\n\nBefore you end, check each of these:\n\n${checklist.map((item) => `- ${item}`).join('\n')}`;

function warningsOf({ base, loaded, configNote }: RepositoryFacts, gathered: GatheredTask): string[] {
  const { untrusted } = loaded;
  return [
    ...(configNote === null ? [] : [configNote]),
    ...(untrusted.length === 0
      ? []
      : [`conduxt.json sets ${untrusted.join(', ')}, which is ignored until you allow it: conduxt trust`]),
    ...(base.behind === 0
      ? []
      : [`${base.branch} is ${plural(base.behind, 'commit')} behind its remote, as of the last fetch`]),
    ...(gathered.omittedComments === 0
      ? []
      : [`left out: ${plural(gathered.omittedComments, 'comment')}, resolved or not by members of the repository`]),
  ];
}
