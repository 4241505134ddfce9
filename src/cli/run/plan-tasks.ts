import { LONG_TASK_TOKENS, tokensIn } from '../../agents/choose.ts';
import { openForge } from '../../forge/choose.ts';
import { createGithubForge } from '../../forge/github.ts';
import { withTrustedPath } from '../../process/find-program.ts';
import type { Forge } from '../../forge/forge.ts';
import { checkWorktreeFree } from '../../git/worktree.ts';
import { notFound, usageError } from '../../errors.ts';
import { gatherTask, type GatheredTask } from '../../intake/gather.ts';
import { uniqueName } from '../../naming/task-names.ts';
import { checkName, isGenericName } from '../../session/names.ts';
import { repoPaths } from '../../store/paths.ts';
import { listNames, readSessionOrNull } from '../../store/read-session.ts';
import { expectedDuration } from '../../views/expected-duration.ts';
import type { RunOptions } from '../commands/run.ts';
import type { VerbContext } from '../context.ts';
import { pastTasks } from './history.ts';
import { launchFor, requestedBackend, type ChosenLaunch } from './launch-agent.ts';
import { requireFreeName } from './name-free.ts';
import { planTask, type TaskFlags, type TaskPlan } from './plan.ts';
import { preparedTask, type PreparedTask } from './prepared.ts';
import { pullRequestStart } from './pull-request-head.ts';
import { gatherRepository, type RepositoryFacts } from './repository-facts.ts';
import { tasksIn } from './task-words.ts';

/**
 * Plans every task of a command line before the first is begun: what is wrong with the last one is said before
 * anything was touched.
 */
export async function planTasks(
  context: VerbContext,
  args: readonly string[],
  options: RunOptions,
): Promise<TaskPlan[]> {
  if (!options.pr && options.draft === true) {
    throw usageError('conflicting-options', '--no-pr and --draft contradict each other.', {
      remedy: 'Leave one of them out: --draft opens a pull request.',
    });
  }
  if (options.name !== undefined) checkName(options.name);
  let usual = await gatherRepository(context, options.base);
  const backend = requestedBackend(options.backend === 'auto' ? usual.loaded.config.backend : options.backend);
  const prepared = preparedTask(context, usual.ref.key, options.name);
  const words = taskTexts(args, options, prepared);
  if (prepared !== null) usual = await gatherRepository(context, options.base ?? prepared.task.base);
  const { config } = usual.loaded;
  const place = { config, cwd: usual.ref.root, repoRoot: usual.ref.root };
  const usualAgent = await launchFor(context, place, options.agent, backend, options);
  const names = new Set<string>();
  const plans: TaskPlan[] = [];
  for (const text of words) {
    const gathered = await gather(context, usual, text, options);
    // A pull request says itself what it goes against; the next task does not go there.
    const { pullRequest } = gathered;
    const facts = pullRequest === null ? usual : await gatherRepository(context, pullRequest.baseBranch);
    const name = options.name ?? uniqueName(gathered.name, names);
    names.add(name);
    if (prepared === null) requireFreeName(context.places, facts.ref.key, name, 'task');
    requireAfter(context, facts, options.after ?? [], names, name);
    const taskBytes = Buffer.byteLength(gathered.brief);
    const isLong = tokensIn(taskBytes) >= LONG_TASK_TOKENS;
    const agent = isLong
      ? await launchFor(context, { ...place, taskBytes }, options.agent, backend, options)
      : usualAgent;
    plans.push(await planOne(context, { facts, gathered, name, agent, options, requested: backend, prepared }));
  }
  return plans;
}

/** The words of each task; '' for one that is a file or a review alone, '-' for standard input. */
function taskTexts(args: readonly string[], options: RunOptions, prepared: PreparedTask | null): readonly string[] {
  const words = tasksIn(args);
  const elsewhere = options.file !== undefined || options.review !== undefined;
  if (options.file !== undefined && options.review !== undefined) {
    throw usageError('conflicting-options', '--file and --review cannot be used together.');
  }
  if (words.length === 0 && !elsewhere && prepared !== null) return [prepared.task.words];
  if (words.length === 0 && !elsewhere) {
    throw usageError('empty-prompt', 'There is no task: nothing was said.', {
      remedy: 'Say what to do, e.g. conduxt run "fix issue #78", or pass --file spec.md.',
    });
  }
  if (words.length > 1) {
    const single = (['name', 'branch', 'worktree', 'file', 'review'] as const).find(
      (option) => options[option] !== undefined,
    );
    if (single !== undefined) {
      throw usageError('conflicting-options', `--${single} names one thing, but there are ${words.length} tasks.`, {
        remedy: 'Run the tasks one by one, or leave the option out.',
      });
    }
    if (words.includes('-')) throw usageError('conflicting-options', 'Standard input (-) is one task; give it alone.');
  }
  return words.length === 0 ? [''] : words;
}

function gather(
  context: VerbContext,
  facts: RepositoryFacts,
  words: string,
  options: RunOptions,
): Promise<GatheredTask> {
  const { io, places } = context;
  const { ref, detected, remote } = facts;
  const forge = openForge({
    name: detected.forge,
    root: ref.root,
    remote,
    env: io.env,
    pullRequestsDir: repoPaths(places.home, ref.key).pullRequests,
  });
  return gatherTask({
    words: words === '-' ? '' : words,
    ...(words === '-' ? { stdin: io.stdin } : {}),
    ...(options.file === undefined ? {} : { file: options.file }),
    ...(options.review === undefined ? {} : { review: options.review }),
    cwd: io.cwd,
    forge,
    repository: detected.repository,
    forgeOf: (repository): Forge => createGithubForge(repository, withTrustedPath(io.env, io.cwd)),
  });
}

/** A dependency is a task that is there, or one that is begun before this one by the same command. */
function requireAfter(
  context: VerbContext,
  facts: RepositoryFacts,
  after: readonly string[],
  names: ReadonlySet<string>,
  own: string,
): void {
  if (after.length === 0) return;
  const { home, runtimeDir } = context.places;
  const known = new Map(listNames(home, facts.ref.key).map((one) => [one.name, one.id]));
  for (const name of after) {
    if (name === own) throw usageError('after-itself', `Task ${name} cannot come after itself.`);
    const id = known.get(name);
    if (id !== undefined && readSessionOrNull(home, runtimeDir, id)?.record.task === null) {
      throw usageError('after-session', `${name} is a session without a task: it never completes.`, {
        remedy: 'Name a task (conduxt run); tell a session what is to come next with conduxt tell.',
        facts: { name },
      });
    }
    if (id !== undefined || names.has(name)) continue;
    throw notFound('session-not-found', `There is no task "${name}" in this repository to come after.`, {
      remedy: 'See conduxt status for those that are there.',
      facts: { name },
    });
  }
}

interface OnePlan {
  readonly facts: RepositoryFacts;
  readonly gathered: GatheredTask;
  readonly name: string;
  readonly agent: ChosenLaunch;
  readonly options: RunOptions;
  readonly requested: TaskFlags['requestedBackend'];
  readonly prepared: PreparedTask | null;
}

async function planOne(
  context: VerbContext,
  { facts, gathered, name, agent, options, requested, prepared }: OnePlan,
): Promise<TaskPlan> {
  const { pullRequest } = gathered;
  const baseCommit =
    pullRequest === null
      ? (prepared?.task.baseCommit ?? facts.base.commit)
      : await pullRequestStart(facts, pullRequest, options.dryRun !== true);
  const adopted = options.adopt === true || pullRequest !== null || prepared !== null;
  const task = { kind: gathered.kind, agent: agent.launch.name };
  const plan = await planTask(context, {
    facts,
    gathered,
    name,
    agent,
    flags: flagsOf(options, requested),
    baseCommit,
    adopted,
    prepared,
    expected: expectedDuration(pastTasks(context.places, facts.ref.key), task),
    warnings: [...(isGenericName(name) ? [`the name "${name}" says little; --name chooses another`] : [])],
  });
  const { record } = plan;
  await checkWorktreeFree({
    repo: facts.repo,
    path: record.cwd,
    branch: record.task.branch,
    baseCommit,
    adopt: adopted,
  });
  return plan;
}

function flagsOf(options: RunOptions, requested: TaskFlags['requestedBackend']): TaskFlags {
  return {
    branch: options.branch,
    permissions: options.permissions,
    // `--verify <command>` gives text, `--no-verify` false; commander's default for the pair is true.
    verify: options.verify === true ? undefined : options.verify,
    fixRounds: options.fixRounds,
    timeoutMs: options.timeout,
    maxTokens: options.maxTokens,
    maxCost: options.maxCost,
    pullRequest: options.pr,
    draft: options.draft,
    sandbox: options.sandbox,
    onCrash: options.onCrash,
    adopt: options.adopt === true,
    after: options.after ?? [],
    tags: options.tag ?? [],
    priority: options.priority ?? 0,
    checklist: options.checklist ?? [],
    requestedBackend: requested,
    prepareOnly: options.prepare === true,
    worktree: options.worktree,
  };
}
