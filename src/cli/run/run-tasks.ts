import PQueue from 'p-queue';
import { ConduxtError, ExitCode, messageOf } from '../../errors.ts';
import { START } from '../../store/cursor.ts';
import type { SessionPaths } from '../../store/paths.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { farewellLines, plannedTaskJson, plannedTaskLines, promptLines } from '../../views/plan.ts';
import type { RunOptions } from '../commands/run.ts';
import type { VerbContext } from '../context.ts';
import { onCtrlC } from '../ctrl-c.ts';
import { waitFor } from '../follow/wait-for.ts';
import { startHostFor } from '../host-call.ts';
import { errorJson } from '../report-error.ts';
import { placePlan } from './apply.ts';
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
export async function startOrFollow(
  context: VerbContext,
  plans: readonly TaskPlan[],
  { wait, parallel }: Pick<RunOptions, 'wait' | 'parallel'>,
): Promise<number> {
  const capped = parallel === undefined ? plans : inBatch(plans, parallel);
  return wait ? followPlans(context, capped) : startPlans(context, capped);
}

/** `--parallel`: the hosts of these tasks share so many places, so the cap needs no command that stays. */
function inBatch(plans: readonly TaskPlan[], size: number): readonly TaskPlan[] {
  const [first] = plans;
  if (first === undefined || size >= plans.length) return plans;
  const batch = { sessionId: first.record.id, size };
  return plans.map((plan) => ({
    ...plan,
    record: { ...plan.record, limits: { ...plan.record.limits, batch } },
  }));
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
async function startPlans(context: VerbContext, plans: readonly TaskPlan[]): Promise<number> {
  const { json, printer } = context;
  const { begun, failures } = await begin(context, plans, (plan) => {
    if (json) return;
    printer.results(plannedTaskLines(plan));
    printer.results(farewellLines(plan));
  });
  if (json) {
    const errors = failures.map(({ error, plan }) => ({ ...errorJson(error), session: plan.record.name }));
    const tasks = begun.map(({ plan }) => plannedTaskJson(plan));
    printer.document({ schemaVersion: SCHEMA_VERSION, tasks, ...(errors.length === 0 ? {} : { errors }) });
  } else sayFailures(context, failures);
  return Math.max(ExitCode.done, ...failures.map(({ error }) => error.exitCode));
}

interface FollowOptions {
  /** False: do not say what to type next. */
  readonly advice?: boolean;
}

/**
 * Begins all tasks and follows them side by side. Every one is on stable storage before the first host starts: what
 * ends this command afterwards ends none of them.
 */
export async function followPlans(
  context: VerbContext,
  plans: readonly TaskPlan[],
  { advice = true }: FollowOptions = {},
): Promise<number> {
  const { io, printer, json } = context;
  const interrupt = onCtrlC(io);
  try {
    const { begun, failures } = await begin(context, plans, (plan) => {
      if (json) return printer.record({ schemaVersion: SCHEMA_VERSION, type: 'task', ...plannedTaskJson(plan) });
      printer.results(plannedTaskLines(plan));
      if (advice) printer.results(farewellLines(plan));
    });
    for (const { error, plan } of json ? failures : [])
      printer.record({ ...errorJson(error), type: 'error', session: plan.record.name });
    if (!json) sayFailures(context, failures);
    sayCap(context, begun);
    const codes = await waitFor(
      context,
      begun.map(({ plan, paths }) => ({ record: plan.record, paths, since: START })),
      {
        timeoutMs: null,
        show: json ? 'json' : 'text',
        outcome: json ? 'record' : 'text',
        named: plans.length > 1,
        leave: interrupt.signal,
        advice,
      },
    );
    return Math.max(ExitCode.done, ...codes, ...failures.map(({ error }) => error.exitCode));
  } finally {
    interrupt.dispose();
  }
}

interface Begun {
  readonly plan: TaskPlan;
  readonly paths: SessionPaths;
}
interface Failure {
  readonly plan: TaskPlan;
  readonly error: ConduxtError;
}

/** More at once would only make each of them slower. Those who stand in line come one by one, in the order given. */
const hostStartsAtOnce = ({ record }: TaskPlan): number => (record.limits.batch === undefined ? 4 : 1);

/**
 * Makes every task durable, then gives each a host. With several, the failure of one does not end the others; a host
 * that did not start leaves its task durable, and following it, or the watchdog, tries again.
 */
async function begin(
  context: VerbContext,
  plans: readonly TaskPlan[],
  tell: (plan: TaskPlan) => void,
): Promise<{ readonly begun: readonly Begun[]; readonly failures: readonly Failure[] }> {
  const failures: Failure[] = [];
  const bugs: unknown[] = [];
  const trying = async <T>(plan: TaskPlan, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (plans.length === 1) throw error;
      if (error instanceof ConduxtError) failures.push({ plan, error });
      else bugs.push(error);
      return null;
    }
  };
  const placed: Begun[] = [];
  for (const plan of plans) {
    const paths = await trying(plan, () => placePlan(context, plan));
    if (paths !== null) placed.push({ plan, paths });
  }
  const queue = new PQueue({ concurrency: Math.min(...plans.map(hostStartsAtOnce)) });
  const started = await queue.addAll(
    placed.map(
      (one) => () =>
        trying(one.plan, async () => {
          await startHostFor(context, { record: one.plan.record, paths: one.paths });
          return one;
        }),
    ),
  );
  // Not before the others have their hosts.
  if (bugs.length > 0) throw bugs[0];
  const begun = started.filter((one) => one !== null);
  for (const { plan } of begun) tell(plan);
  return { begun, failures };
}

function sayFailures({ printer }: VerbContext, failures: readonly Failure[]): void {
  for (const { plan, error } of failures) {
    const remedy = error.remedy === undefined ? '' : ` → ${error.remedy}`;
    printer.note(`${plan.record.name}: ${messageOf(error)}${remedy}`, 'bad');
  }
}

function sayCap({ printer }: VerbContext, begun: readonly Begun[]): void {
  const limits = begun.map(({ plan }) => plan.record.limits);
  const cap = Math.min(...limits.map(({ slotsPerUser, batch }) => Math.min(slotsPerUser, batch?.size ?? Infinity)));
  if (begun.length > cap)
    printer.note(`At most ${cap} of these tasks run at once; the others wait in line and start by themselves.`, 'dim');
}
