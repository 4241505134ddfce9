import path from 'node:path';
import { isoTime } from '../../clock.ts';
import { ExitCode, notFound, refused, usageError } from '../../errors.ts';
import {
  expireDiscarded,
  expiresAtMs,
  filesOf,
  listDiscarded,
  restoreDiscarded,
  type DiscardedWork,
} from '../../git/discarded-work.ts';
import { KEPT_DAYS } from '../../git/kept-days.ts';
import { gitEnvironment } from '../../git/git-environment.ts';
import { openRepository, type Repository } from '../../git/repository.ts';
import type { SessionRecord } from '../../session/record.ts';
import { isSessionId } from '../../session/ids.ts';
import { listArchived } from '../../store/read-session.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { plural } from '../../views/quantities.ts';
import { listed } from '../../views/receipt.ts';
import { requireSameGitConfig } from '../clean/same-git-config.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';

interface UndoOptions {
  readonly list?: boolean;
  readonly from?: string;
  readonly to?: string;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<session>', 'a name, repo/name, or a session id')
      .option('--list', 'show what is kept, bring nothing back')
      .option('--from <time>', 'an older one than the last, by its time in the list')
      .option('--to <directory>', 'bring it back there, when its place is taken')
      .action(context.act((name: string, options: UndoOptions) => undo(context, name, options))),
    {
      examples: [
        'conduxt undo issue-78 --list',
        'conduxt undo issue-78',
        'conduxt undo issue-78 --to ../issue-78-again',
      ],
      exits: '0, 4 (nothing is kept), 6 (its place is taken)',
      notes:
        'Brings back what clean, retry and cancel --discard gave up, as a worktree: branch, index, changed and unknown\n' +
        `files. Nothing that is there now is changed. It is kept for ${KEPT_DAYS} days. Files that git ignores are not in it.`,
    },
  );
}

async function undo(context: VerbContext, name: string, options: UndoOptions): Promise<number> {
  const view = context.session(name);
  const { record } = view;
  if (record.task === null || record.repo === null) {
    throw refused('no-task', `Session ${record.name} has no task, so nothing of it was ever discarded.`);
  }
  const repo = await openRepository(record.repo.root, gitEnvironment(context.io.env));
  // Housekeeping: a failure of it must not stand in the way.
  await expireDiscarded(repo, context.io.now()).catch(() => {});
  const kept = await keptOf(context, repo, record, isSessionId(name));
  if (options.list === true) return show(context, repo, record, kept);
  const work = choose(record.name, kept, options.from);
  const directory = options.to === undefined ? record.cwd : path.resolve(context.io.cwd, options.to);
  await requireSameGitConfig(repo, { view, task: record.task });
  const restored = await restoreDiscarded({ repo, work, directory, branch: branchOf(context, record, work) });
  const files = await filesOf(repo, work);
  if (context.json) {
    const document = { session: record.name, sessionId: work.session, kept: await documents(repo, kept) };
    context.printer.document({
      schemaVersion: SCHEMA_VERSION,
      ...document,
      restored: { at: isoTime(work.atMs), ...restored, files },
    });
    return ExitCode.done;
  }
  context.printer.result(`${record.name}: back in ${restored.directory}, on branch ${restored.branch}.`);
  if (files.length > 0) context.printer.result(`  with uncommitted work in ${listed(files, 8)}`);
  if (kept.length > 1) context.printer.note(`Older work is kept too: conduxt undo ${record.name} --list`, 'dim');
  return ExitCode.done;
}

/** Of the session, and of those that had its name before a retry took it. Newest first. */
async function keptOf(
  context: VerbContext,
  repo: Repository,
  record: SessionRecord,
  onlyThis: boolean,
): Promise<DiscardedWork[]> {
  const earlier = onlyThis ? [] : listArchived(context.places.home, record.repo?.key ?? '', record.name);
  const ids = [...new Set([record.id, ...earlier])];
  const kept = await Promise.all(ids.map((id) => listDiscarded(repo, id)));
  return kept.flat().toSorted((a, b) => b.atMs - a.atMs);
}

function choose(name: string, kept: readonly DiscardedWork[], from: string | undefined): DiscardedWork {
  const [newest] = kept;
  if (newest === undefined) {
    throw notFound('nothing-to-undo', `No discarded work of ${name} is kept.`, {
      remedy: `What clean, retry and cancel --discard discard is kept for ${KEPT_DAYS} days. Is it another session? conduxt status --all`,
    });
  }
  if (from === undefined) return newest;
  const wanted = from.replace(/[^0-9TZ]/g, '');
  const found = kept.filter((work) => wanted !== '' && work.at.startsWith(wanted));
  const [only, another] = found;
  if (only !== undefined && another === undefined) return only;
  const problem = only === undefined ? 'is no time in the list' : `fits ${plural(found.length, 'entry', 'entries')}`;
  throw usageError('unknown-snapshot', `"${from.slice(0, 40)}" ${problem}.`, {
    remedy: `Name one of these: ${kept.map((work) => isoTime(work.atMs)).join(', ')}`,
  });
}

/** A retry may have taken another branch than the session whose work this is. */
function branchOf(context: VerbContext, record: SessionRecord, work: DiscardedWork): string {
  const owner = work.session === record.id ? record : context.session(work.session).record;
  return owner.task?.branch ?? `conduxt/${record.name}`;
}

interface KeptDocument {
  readonly sessionId: string;
  readonly at: string;
  readonly expiresAt: string;
  readonly files: readonly string[];
  readonly branchTip: string | null;
  readonly refs: readonly string[];
}

const documents = (repo: Repository, kept: readonly DiscardedWork[]): Promise<KeptDocument[]> =>
  Promise.all(
    kept.map(async (work) => ({
      sessionId: work.session,
      at: isoTime(work.atMs),
      expiresAt: isoTime(expiresAtMs(work)),
      files: await filesOf(repo, work),
      branchTip: work.tip,
      refs: work.refs,
    })),
  );

async function show(
  context: VerbContext,
  repo: Repository,
  record: SessionRecord,
  kept: readonly DiscardedWork[],
): Promise<number> {
  const list = await documents(repo, kept);
  if (context.json) {
    const head = { schemaVersion: SCHEMA_VERSION, session: record.name, sessionId: record.id };
    context.printer.document({ ...head, kept: list });
    return ExitCode.done;
  }
  if (list.length === 0) context.printer.result(`${record.name}: no discarded work is kept.`);
  for (const { at, expiresAt, files, branchTip } of list) {
    const parts = [
      ...(files.length === 0 ? [] : [`uncommitted: ${listed(files, 6)}`]),
      ...(branchTip === null ? [] : [`the branch, at ${branchTip.slice(0, 10)}`]),
    ];
    context.printer.result(`${at}  until ${expiresAt.slice(0, 10)}  ${parts.join('; ')}`);
  }
  return ExitCode.done;
}
