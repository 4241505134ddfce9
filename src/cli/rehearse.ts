import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ExitCode } from '../errors.ts';
import { deleteRefs } from '../git/delete-refs.ts';
import type { GatheredTask } from '../intake/gather.ts';
import type { SessionRecord } from '../session/record.ts';
import { releaseName } from '../store/create-session.ts';
import { SCHEMA_VERSION } from '../views/json-session.ts';
import { removeWork, repositoryOf, type RemovalWish } from './clean/remove-work.ts';
import { requireRest } from './clean/require-rest.ts';
import type { RehearseOptions } from './commands/rehearse.ts';
import { stopOne } from './commands/stop.ts';
import type { VerbContext } from './context.ts';
import { onCtrlC } from './ctrl-c.ts';
import { REHEARSAL } from './rehearsal-program.ts';
import { launchFor } from './run/launch-agent.ts';
import { planTask, type TaskPlan } from './run/plan.ts';
import { gatherRepository, type RepositoryFacts } from './run/repository-facts.ts';
import { followPlans } from './run/run-tasks.ts';

const WORDS = 'Rehearse: make a small change in this repository, run its tests, commit, and report.';

/**
 * `conduxt rehearse`: a whole task in the user's own repository by the bundled agent, in a scratch worktree, with
 * nothing pushed. What it made is removed again; the user's checkout is never touched.
 */
export async function rehearse(context: VerbContext, options: RehearseOptions): Promise<number> {
  const facts = await gatherRepository(context, undefined);
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'conduxt-rehearsal-'));
  // Whoever leaves, by Ctrl-C or otherwise, wants it gone: until it is, no signal ends us.
  const interrupt = onCtrlC(context.io);
  let durable: SessionRecord | null = null;
  try {
    const plan = await planRehearsal(context, facts, options, scratch);
    const onDurable = (): void => void (durable = plan.record);
    const code = await followPlans(context, [{ ...plan, onDurable }], { advice: false });
    if (options.keep === true) sayKept(context, plan.record.name);
    else await cleanUp(context, plan.record);
    if (options.keep !== true) sayGone(context, code);
    return code;
  } catch (error) {
    // Why it failed is what people have to know, also when nothing can be removed now.
    if (durable !== null) await cleanUp(context, durable).catch(() => {});
    throw error;
  } finally {
    if (options.keep !== true) await rm(scratch, { recursive: true, force: true });
    interrupt.dispose();
  }
}

function sayKept({ json, printer }: VerbContext, name: string): void {
  if (json) return;
  printer.note(`Kept for a look: conduxt status ${name}; then conduxt clean ${name} --branch --discard-commits`);
}

function sayGone({ json, printer }: VerbContext, code: number): void {
  if (json) return;
  const gone = 'Session, worktree and branch of the rehearsal are gone again.';
  if (code === ExitCode.done) printer.note(`Everything works here. ${gone}`);
  if (code === ExitCode.interrupted) printer.note(`You left. ${gone}`);
}

async function planRehearsal(
  context: VerbContext,
  facts: RepositoryFacts,
  options: RehearseOptions,
  scratch: string,
): Promise<TaskPlan> {
  const { config } = facts.loaded;
  const agent = await launchFor(context, { config, cwd: facts.ref.root, repoRoot: facts.ref.root }, REHEARSAL, 'acp');
  const name = `rehearsal-${randomBytes(3).toString('hex')}`;
  const gathered: GatheredTask = {
    source: { type: 'text' },
    title: 'Rehearsal',
    words: WORDS,
    brief: WORDS,
    labels: [],
    kind: 'chore',
    name,
    trust: 'local',
    trustReason: 'the agent is a script that comes with conduxt',
    includedComments: 0,
    omittedComments: 0,
    pullRequest: null,
  };
  const plan = await planTask(context, {
    facts,
    gathered,
    name,
    agent,
    flags: {
      verify: options.verify === true ? undefined : options.verify,
      pullRequest: false,
      adopt: false,
      after: [],
      tags: ['rehearsal'],
      priority: 0,
      checklist: [],
      requestedBackend: 'acp',
    },
    baseCommit: facts.base.commit,
    adopted: false,
    expected: null,
    warnings: [],
  });
  const { record } = plan;
  const { task } = record;
  return {
    ...plan,
    record: {
      ...record,
      cwd: path.join(scratch, 'worktree'),
      agent: { ...record.agent, env: { ...record.agent.env, CONDUXT_REHEARSAL_STATE: path.join(scratch, 'agent') } },
      hooks: { ...record.hooks, notify: options.notify === true ? record.hooks.notify : [] },
      task: {
        ...task,
        // A repository without tests can be rehearsed in as well: there is nothing to ask a person about.
        verify: task.verify.type === 'missing' ? { type: 'skipped' } : task.verify,
        setup: options.setup ? task.setup : { ...task.setup, commands: [], from: 'none' },
        delivery: { ...task.delivery, forge: 'local', remote: null, pullRequest: false },
      },
    },
  };
}

/** Everything the rehearsal made goes: nothing in it is anybody's work. The history stays under the session's id. */
async function cleanUp(context: VerbContext, record: SessionRecord): Promise<void> {
  const view = context.reread(record);
  await stopOne(context, view);
  const resting = requireRest(context.reread(record), 'clean');
  const wish: RemovalWish = {
    branch: true,
    discardChanges: true,
    discardCommits: true,
    flags: { changes: '', commits: '' },
  };
  const repo = await repositoryOf(context, resting);
  const { snapshots } = await removeWork(context, repo, resting, wish);
  await deleteRefs(
    repo,
    snapshots.map((ref) => ({ ref, commit: null })),
  );
  if (record.repo !== null) releaseName(context.places.home, record.repo.key, record.name, record.id);
  if (context.json) {
    context.printer.record({
      schemaVersion: SCHEMA_VERSION,
      type: 'cleaned',
      session: record.name,
      sessionId: record.id,
    });
  }
}
