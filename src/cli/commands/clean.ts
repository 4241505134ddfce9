import { ExitCode } from '../../errors.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { removeWork, repositoryOf, requireNoLoss, type RemovalWish, type Removed } from '../clean/remove-work.ts';
import { keptLines } from '../clean/kept-lines.ts';
import { holdingName } from '../clean/own-name.ts';
import { requireRest } from '../clean/require-rest.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import { refuseFromInside } from '../own-judge.ts';
import { settleMemory } from '../settle-memory.ts';
import { stopOne } from './stop.ts';
import type { VerbCommand } from '../verb-command.ts';

interface CleanOptions {
  readonly branch?: boolean;
  readonly discardChanges?: boolean;
  readonly discardCommits?: boolean;
}

const FLAGS = { changes: '--discard-changes', commits: '--discard-commits' };

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<task>', 'a name, repo/name, or a session id')
      .option('--branch', 'delete the branch too')
      .option(FLAGS.changes, 'also when uncommitted changes or unknown files go with the worktree')
      .option(FLAGS.commits, 'also when commits of the branch are nowhere else (with --branch)')
      .action(context.act((name: string, options: CleanOptions) => clean(context, name, options))),
    {
      examples: ['conduxt clean issue-78 --branch'],
      exits: '0 (also when it was clean already), 4, 6 (work would be lost, or the task is still running)',
      notes:
        'Ends the session and removes its worktree when nothing would be lost; otherwise it refuses and lists what.\n' +
        'Discarded work is kept for 30 days: conduxt undo brings it back. The history stays: conduxt log still shows it.',
    },
  );
}

async function clean(context: VerbContext, name: string, options: CleanOptions): Promise<number> {
  const view = context.session(name);
  refuseFromInside(context, view, 'clean');
  const resting = requireRest(view, 'clean');
  const wish: RemovalWish = {
    branch: options.branch === true,
    discardChanges: options.discardChanges === true,
    discardCommits: options.discardCommits === true,
    flags: FLAGS,
  };
  const repo = await repositoryOf(context, resting);
  const removed = await holdingName(context, resting.view, async () => {
    await requireNoLoss(repo, resting, wish);
    await stopOne(context, resting.view);
    return removeWork(context, repo, resting, wish);
  });
  const { record } = resting.view;
  await settleMemory(context, [record]);
  if (context.json) {
    context.printer.document({ schemaVersion: SCHEMA_VERSION, session: record.name, sessionId: record.id, ...removed });
  } else for (const line of describe(record.name, removed)) context.printer.result(line);
  return ExitCode.done;
}

function describe(name: string, removed: Removed): readonly string[] {
  const { worktree, branch } = removed;
  const what = [
    worktree === 'removed' ? 'worktree removed' : 'there was no worktree',
    ...(branch === 'deleted' ? ['branch deleted'] : branch === 'absent' ? ['there was no branch'] : []),
  ];
  return [`${name}: ${what.join(', ')}.`, ...keptLines(name, removed)];
}
