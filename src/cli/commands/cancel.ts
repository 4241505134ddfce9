import type { CancelReply } from '../../control/protocol.ts';
import { ExitCode, usageError } from '../../errors.ts';
import { KEPT_DAYS } from '../../git/kept-days.ts';
import { isOwed } from '../../session/derive-state.ts';
import type { SessionView } from '../../store/read-session.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { plural } from '../../views/quantities.ts';
import type { Removed } from '../clean/remove-work.ts';
import type { VerbContext } from '../context.ts';
import { askHost } from '../host-call.ts';
import { finishVerb } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';

interface CancelOptions {
  readonly queued?: boolean;
  readonly task?: boolean;
  readonly force?: boolean;
  readonly discard?: boolean;
}

/** A cancel is cooperative first: the agent gets its time before it is ended. */
const CANCEL_TIMEOUT_MS = 60_000;

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<session>', 'a name, repo/name, or a session id')
      .option('--queued', 'drop the prompts that wait; the running turn goes on')
      .option('--task', 'end the turn, drop what waits, and end the task as cancelled')
      .option('--force', 'do not ask the agent first: Ctrl-C in its terminal, the end of its adapter over ACP')
      .option('--discard', 'as --task, and remove its worktree; kept for conduxt undo')
      .action(context.act((name: string, options: CancelOptions) => cancel(context, name, options))),
    {
      examples: [
        'conduxt cancel issue-78',
        'conduxt cancel issue-78 --force',
        'conduxt cancel issue-78 --task',
        'conduxt cancel issue-78 --discard',
      ],
      exits: '0 (also when there was nothing to cancel), 4, 6 (--discard: something of others is at stake), 75',
      notes:
        'Without an option the running turn ends and the queue goes on. The session stays. In a terminal that is Escape, and\n' +
        'only then what is harder. With --discard the session is stopped, and its worktree goes: index, changed and unknown\n' +
        `files are kept for ${KEPT_DAYS} days (conduxt undo). The branch stays.`,
    },
  );
}

async function cancel(context: VerbContext, name: string, options: CancelOptions): Promise<number> {
  if (options.queued === true && options.task === true) {
    throw usageError('conflicting-options', '--queued and --task cannot be used together.', {
      remedy: '--task drops what is queued as well.',
    });
  }
  if (options.queued === true && options.force === true) {
    throw usageError('conflicting-options', '--queued leaves the running turn alone: there is nothing to force.', {
      remedy: 'Leave out one of them.',
    });
  }
  if (options.queued === true && options.discard === true) {
    throw usageError('conflicting-options', '--queued and --discard cannot be used together.', {
      remedy: '--discard ends the task, and drops what is queued as well.',
    });
  }
  const ends = options.task === true || options.discard === true;
  const scope = ends ? 'task' : options.queued === true ? 'queued' : 'turn';
  const session = context.session(name);
  const ask = (): Promise<CancelReply> => cancelIn(context, session, scope, options.force === true);
  const { reply, removed } =
    options.discard === true ? await discard(context, session, ask) : { reply: await ask(), removed: null };
  const { record } = session;
  if (context.json) {
    context.printer.document({
      schemaVersion: SCHEMA_VERSION,
      session: record.name,
      sessionId: record.id,
      scope,
      ...reply,
      ...(removed === null
        ? {}
        : { worktree: removed.worktree, snapshots: removed.snapshots, ignored: removed.ignored }),
    });
    return ExitCode.done;
  }
  context.printer.result(`${record.name}: ${describeCancel(reply)}${removed === null ? '' : worktreeWords(removed)}.`);
  if (removed === null) return ExitCode.done;
  const { keptLines } = await import('../clean/kept-lines.ts');
  for (const line of keptLines(record.name, removed)) context.printer.result(line);
  return ExitCode.done;
}

/** Loaded only here: most commands only end a turn. */
async function discard(
  context: VerbContext,
  session: SessionView,
  ask: () => Promise<CancelReply>,
): Promise<{ readonly reply: CancelReply; readonly removed: Removed }> {
  const { discardTask } = await import('../clean/discard-task.ts');
  return discardTask(context, session, ask);
}

/** Also for other verbs that end a turn. */
export async function cancelIn(
  context: VerbContext,
  session: SessionView,
  scope: 'turn' | 'queued' | 'task',
  force: boolean,
): Promise<CancelReply> {
  if (nothingToCancel(session, scope)) return { turn: 'none', dropped: 0, task: 'unchanged' };
  const request = { op: 'cancel', scope, ...(force ? { force } : {}) } as const;
  return askHost(context, session, request, CANCEL_TIMEOUT_MS);
}

/** Then no host is started only to be told so. */
function nothingToCancel({ folded, record, hostAlive }: SessionView, scope: 'turn' | 'queued' | 'task'): boolean {
  if (hostAlive) return false;
  if (folded.life.stopped) return true;
  if (scope === 'turn') return folded.turns.open === null;
  if (scope === 'queued') return folded.prompts.owed.length === 0;
  return !isOwed(folded, record) && (record.task === null || folded.life.ended !== null);
}

const worktreeWords = ({ worktree }: Removed): string =>
  worktree === 'removed' ? '; worktree removed, the branch stays' : '; there was no worktree';

export function describeCancel(reply: CancelReply): string {
  const parts = [
    ...(reply.task === 'cancelled' ? ['the task is cancelled'] : []),
    ...(reply.turn === 'cancelled' ? ['the turn has ended'] : []),
    ...(reply.dropped > 0 ? [`${plural(reply.dropped, 'queued prompt')} dropped`] : []),
  ];
  return parts.length === 0 ? 'there was nothing to cancel' : parts.join(', ');
}
