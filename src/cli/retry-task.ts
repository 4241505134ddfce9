import { readFileSync } from 'node:fs';
import { isoTime } from '../clock.ts';
import { systemCode } from '../errors.ts';
import { checkBranchName } from '../git/branch-name.ts';
import { branchExists, resolveCommit } from '../git/refs.ts';
import { checkWorktreeFree } from '../git/worktree.ts';
import { sessionHooks, sessionLimits, turnLockFields } from '../config/session-settings.ts';
import { taskBody } from '../intake/prompt.ts';
import { newPromptId, newSessionId } from '../session/ids.ts';
import type { TaskSpec } from '../session/record.ts';
import { describePrompt } from '../store/create-session.ts';
import { promptFile } from '../store/paths.ts';
import { expectedDuration } from '../views/expected-duration.ts';
import { holdingName } from './clean/own-name.ts';
import { removeWork, requireNoLoss, type RemovalWish } from './clean/remove-work.ts';
import { requireRest, type RestingTask } from './clean/require-rest.ts';
import { stopOne } from './commands/stop.ts';
import type { RetryOptions } from './commands/retry.ts';
import type { VerbContext } from './context.ts';
import { refuseFromInside } from './own-judge.ts';
import { startOrFollow } from './run/run-tasks.ts';
import { pastTasks } from './run/history.ts';
import { setupPlan, verifyPlan } from './run/judge.ts';
import { backendFields, chosenIn, launchFor, requireMode } from './run/launch-agent.ts';
import { worktreeFor, type TaskPlan } from './run/plan.ts';
import { gatherRepository, type RepositoryFacts } from './run/repository-facts.ts';

/** `conduxt retry`: the old session ends and is archived, its name begins anew with the same words. */
export async function retryTask(context: VerbContext, name: string, options: RetryOptions): Promise<number> {
  const view = context.session(name);
  refuseFromInside(context, view, 'retry');
  const resting = requireRest(view, 'retry');
  return holdingName(context, resting.view, (letGo) => retryHeld(context, resting, options, letGo));
}

async function retryHeld(
  context: VerbContext,
  resting: RestingTask,
  options: RetryOptions,
  letGo: () => void,
): Promise<number> {
  const { view, task } = resting;
  const facts = await gatherRepository(inRepository(context, resting), options.base ?? task.base);
  const adopt = options.adopt === true;
  const branch = await branchFor(facts, resting, options);
  const wish: RemovalWish = {
    // A branch that goes on under the old name is only in the way when it is not adopted.
    branch: !adopt && branch === task.branch,
    discardChanges: options.discard === true,
    discardCommits: options.discard === true,
    flags: { changes: '--discard', commits: '--discard' },
  };
  if (!adopt) await requireNoLoss(facts.repo, resting, wish);
  const plan = await planRetry(context, facts, resting, { branch, options });
  const { record } = plan;
  const place = { repo: facts.repo, path: record.cwd, branch, baseCommit: record.task.baseCommit, adopt };
  if (adopt) await checkWorktreeFree(place);
  await stopOne(context, view);
  if (!adopt) {
    const { snapshots } = await removeWork(context, facts.repo, resting, wish);
    for (const ref of snapshots)
      context.printer.note(`What was there is kept as ${ref}: conduxt undo ${record.name}`, 'dim');
    await checkWorktreeFree(place);
  }
  return startOrFollow(context, [{ ...plan, replaces: view.record.id, onDurable: letGo }], { wait: options.wait });
}

/** The task's repository, wherever the command was typed. */
function inRepository(context: VerbContext, { view }: RestingTask): VerbContext {
  const { repo, cwd } = view.record;
  return context.at(repo?.root ?? cwd);
}

/** The old branch, or a new one beside it when the old one was pushed: its pull request stays what it is. */
async function branchFor(
  { repo, remote }: RepositoryFacts,
  { view, task }: RestingTask,
  options: RetryOptions,
): Promise<string> {
  if (options.branch !== undefined) return checkBranchName(repo.git, options.branch);
  if (options.adopt === true) return task.branch;
  if (!task.lent && view.folded.delivery.pushedCommit === null) return task.branch;
  for (let number = 2; ; number += 1) {
    const name = `${task.branch}-${number}`;
    const remotely = remote === null ? null : await resolveCommit(repo.git, `refs/remotes/${remote}/${name}`);
    if (remotely === null && !(await branchExists(repo.git, name))) return name;
  }
}

async function planRetry(
  context: VerbContext,
  facts: RepositoryFacts,
  { view, task: old }: RestingTask,
  { branch, options }: { readonly branch: string; readonly options: RetryOptions },
): Promise<TaskPlan> {
  const { record: before } = view;
  const { loaded, base, ref } = facts;
  const { config } = loaded;
  const agent = await launchFor(
    context,
    { config, cwd: ref.root, repoRoot: ref.root },
    options.agent ?? before.agent.name,
    before.requestedBackend,
    // Another agent offers other ones.
    options.agent === undefined ? { ...before.agent.choices, ...chosenIn(options) } : options,
  );
  const worktree = await worktreeFor({ facts, name: before.name }, context.io.homedir);
  const task: TaskSpec = {
    ...old,
    branch,
    base: base.branch,
    baseCommit: base.commit,
    adopted: options.adopt === true,
    // What a person said counts again; what was detected is detected anew, from the base as it is now.
    verify:
      old.verify.type === 'skipped' || (old.verify.type === 'command' && old.verify.from === 'flag')
        ? old.verify
        : await verifyPlan({}, loaded, facts.tree),
    setup: await setupPlan(config, facts.tree),
  };
  const promptText = sameWords(view.paths, before.firstPrompt?.promptId ?? '', { before, old, worktree, task });
  const permissions =
    options.permissions === undefined
      ? { mode: before.permissions, reason: before.permissionsReason }
      : { mode: options.permissions, reason: 'as you said' };
  requireMode(agent, permissions.mode);
  const { terminal: _terminal, turnLock: _turnLock, ...kept } = before;
  return {
    record: {
      ...kept,
      id: newSessionId(),
      agent: agent.launch,
      ...backendFields(agent, { prefix: config.sessionPrefix, repoKey: ref.key, name: before.name }),
      cwd: worktree,
      permissions: permissions.mode,
      permissionsReason: permissions.reason,
      createdAt: isoTime(context.io.now()),
      task,
      firstPrompt: describePrompt(newPromptId(), 'task', promptText),
      limits: sessionLimits(config, agent.launch.name, before.limits.taskTimeoutMs, before.limits),
      hooks: sessionHooks(config, ref.root, context.io.homedir),
      ...turnLockFields(config, agent.launch.name, { home: context.places.home, homedir: context.io.homedir }),
    },
    promptText,
    agentWhy: options.agent === undefined ? 'as last time' : 'it was asked for',
    expected: expectedDuration(pastTasks(context.places, ref.key), { kind: task.kind, agent: agent.launch.name }),
    warnings: agent.warnings,
  };
}

interface Move {
  readonly before: { readonly name: string; readonly cwd: string };
  readonly old: TaskSpec;
  readonly worktree: string;
  readonly task: TaskSpec;
}

/**
 * The text as it was sent, with the new place of work in it. When it was pruned, what the user typed is all there is.
 */
function sameWords(
  paths: { readonly prompts: string },
  promptId: string,
  { before, old, worktree, task }: Move,
): string {
  const place = (cwd: string, { branch, base }: TaskSpec): string =>
    `- Directory: ${cwd}\n- Branch: ${branch}, which began at ${base}`;
  try {
    const text = readFileSync(promptFile(paths, promptId), 'utf8');
    return text.split(place(before.cwd, old)).join(place(worktree, task));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    const { branch, base, kind, words } = task;
    return taskBody({ taskId: before.name, worktree, branch, base, kind, brief: words });
  }
}
