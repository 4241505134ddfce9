import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ExitCode } from '../errors.ts';
import type { GatheredTask } from '../intake/gather.ts';
import type { SessionRecord } from '../session/record.ts';
import { releaseName } from '../store/create-session.ts';
import { SCHEMA_VERSION } from '../views/json-session.ts';
import { removeWork, repositoryOf, type RemovalWish } from './clean/remove-work.ts';
import { requireRest } from './clean/require-rest.ts';
import type { RehearseOptions } from './commands/rehearse.ts';
import { stopOne } from './commands/stop.ts';
import type { VerbContext } from './context.ts';
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
  const plan = await planRehearsal(context, facts, options, scratch);
  let code: number = ExitCode.done;
  try {
    code = await followPlans(context, [plan], { advice: false });
  } finally {
    // Whoever left with Ctrl-C leaves a task that goes on: it is theirs to clean.
    if (options.keep !== true && code !== ExitCode.interrupted) await cleanUp(context, plan.record, scratch);
  }
  if (context.json) return code;
  if (options.keep === true || code === ExitCode.interrupted) {
    context.printer.note(
      `Kept for a look: conduxt status ${plan.record.name}; then conduxt clean ${plan.record.name} --branch --discard-commits`,
    );
  } else if (code === ExitCode.done)
    context.printer.note('Everything works here. Worktree and branch of the rehearsal are gone again.');
  return code;
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
async function cleanUp(context: VerbContext, record: SessionRecord, scratch: string): Promise<void> {
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
  for (const ref of snapshots) await repo.git.run(['update-ref', '-d', ref]);
  await rm(scratch, { recursive: true, force: true });
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
