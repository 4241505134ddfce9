import PQueue from 'p-queue';
import { ConduxtError, ExitCode, messageOf, usageError } from '../../errors.ts';
import { START } from '../../store/cursor.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { farewellLines, plannedTaskJson, plannedTaskLines, promptLines } from '../../views/plan.ts';
import type { RunOptions } from '../commands/run.ts';
import type { VerbContext } from '../context.ts';
import { onCtrlC } from '../ctrl-c.ts';
import { waitFor } from '../follow/wait-for.ts';
import { errorJson } from '../report-error.ts';
import { applyPlan } from './apply.ts';
import type { TaskPlan } from './plan.ts';
import { planTasks } from './plan-tasks.ts';
import { exactPrompt } from './exact-prompt.ts';

/** `conduxt run`: plan everything, then either show it, or make it durable and follow it to the end. */
export async function runTasks(context: VerbContext, args: readonly string[], options: RunOptions): Promise<number> {
  const plans = await planTasks(context, args, options);
  if (options.dryRun === true) return showPlans(context, plans);
  return startOrFollow(context, plans, options);
}

/** Carries plans out. */
export function startOrFollow(
  context: VerbContext,
  plans: readonly TaskPlan[],
  options: Pick<RunOptions, 'wait' | 'parallel'>,
): Promise<number> {
  return options.wait
    ? followPlans(context, plans, options.parallel === undefined ? {} : { parallel: options.parallel })
    : startPlans(context, plans, options);
}

function showPlans({ json, printer }: VerbContext, plans: readonly TaskPlan[]): number {
  if (json) {
    const tasks = plans.map((plan) => ({ ...plannedTaskJson(plan), prompt: exactPrompt(plan) }));
    printer.document({ schemaVersion: SCHEMA_VERSION, dryRun: true, tasks });
    return ExitCode.done;
  }
  for (const plan of plans) {
    printer.results(plannedTaskLines(plan));
    printer.results(promptLines(exactPrompt(plan)));
  }
  printer.note('Nothing was touched.', 'dim');
  return ExitCode.done;
}

/** `--no-wait`: back as soon as every task is on stable storage and has a host. */
async function startPlans(
  context: VerbContext,
  plans: readonly TaskPlan[],
  { parallel }: Pick<RunOptions, 'parallel'>,
): Promise<number> {
  if (parallel !== undefined && parallel < plans.length) {
    throw usageError(
      'conflicting-options',
      '--parallel below the number of tasks needs the command to stay, so it cannot go with --no-wait.',
      {
        remedy: 'Leave one of them out; "slots" in the configuration caps how many tasks run at once.',
      },
    );
  }
  for (const plan of plans) {
    await applyPlan(context, plan);
    if (!context.json) {
      context.printer.results(plannedTaskLines(plan));
      context.printer.results(farewellLines(plan));
    }
  }
  if (context.json) context.printer.document({ schemaVersion: SCHEMA_VERSION, tasks: plans.map(plannedTaskJson) });
  return ExitCode.done;
}

interface FollowOptions {
  /** At most so many at a time; all of them by default. */
  readonly parallel?: number;
  /** False: do not say what to type next. */
  readonly advice?: boolean;
}

/** Starts and follows at most `parallel` tasks at a time. After Ctrl-C no further one is started. */
export async function followPlans(
  context: VerbContext,
  plans: readonly TaskPlan[],
  { parallel = plans.length, advice = true }: FollowOptions = {},
): Promise<number> {
  const { io, printer } = context;
  const cap = Math.min(...plans.map((plan) => plan.record.limits.slotsPerUser));
  if (parallel > cap && plans.length > cap)
    printer.note(`At most ${cap} of these tasks run at once: the cap "slots.perUser" holds for all of yours.`, 'dim');
  const queue = new PQueue({ concurrency: parallel });
  const codes: number[] = [];
  const notStarted: string[] = [];
  const interrupt = onCtrlC(io);
  const leave = interrupt.signal;
  try {
    await queue.addAll(
      plans.map((plan) => async () => {
        if (leave.aborted || io.readerGone.aborted) notStarted.push(plan.record.name);
        else codes.push(await followPlan(context, plan, { named: plans.length > 1, leave, advice }));
      }),
    );
  } finally {
    interrupt.dispose();
  }
  if (notStarted.length > 0) printer.note(`Not started: ${notStarted.join(', ')}.`, 'warn');
  if (leave.aborted || io.readerGone.aborted) codes.push(ExitCode.interrupted);
  return Math.max(ExitCode.done, ...codes);
}

/** One task from its durable start to its outcome. With several, a failed start of one does not end the others. */
async function followPlan(
  context: VerbContext,
  plan: TaskPlan,
  { named, leave, advice }: { readonly named: boolean; readonly leave: AbortSignal; readonly advice: boolean },
): Promise<number> {
  const { json, printer } = context;
  const { record } = plan;
  let paths;
  try {
    paths = await applyPlan(context, plan);
  } catch (error) {
    if (!named || !(error instanceof ConduxtError)) throw error;
    if (json) printer.record({ ...errorJson(error), session: record.name });
    else
      printer.note(
        `${record.name}: ${messageOf(error)}${error.remedy === undefined ? '' : ` → ${error.remedy}`}`,
        'bad',
      );
    return error.exitCode;
  }
  if (json) printer.record({ schemaVersion: SCHEMA_VERSION, type: 'task', ...plannedTaskJson(plan) });
  else {
    printer.results(plannedTaskLines(plan));
    if (advice) printer.results(farewellLines(plan));
  }
  const codes = await waitFor(context, [{ record, paths, since: START }], {
    timeoutMs: null,
    show: json ? 'json' : 'text',
    outcome: json ? 'record' : 'text',
    named,
    leave,
    advice,
  });
  return Math.max(...codes);
}
