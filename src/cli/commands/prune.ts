import { ExitCode } from '../../errors.ts';
import { expireDiscarded } from '../../git/discarded-work.ts';
import { KEPT_DAYS } from '../../git/kept-days.ts';
import { markedProcesses } from '../../process/marker.ts';
import { leftovers, sweepLeftovers } from '../../store/leftovers.ts';
import { oneLine } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { formatBytes, plural } from '../../views/quantities.ts';
import type { VerbContext } from '../context.ts';
import { taskRepositories } from '../task-repositories.ts';
import { finishVerb, parseDuration } from '../options.ts';
import { prunable, pruneSession } from '../prune-sessions.ts';
import type { VerbCommand } from '../verb-command.ts';

interface PruneOptions {
  readonly olderThan: number;
  readonly dryRun?: boolean;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .requiredOption(
        '--older-than <duration>',
        'only sessions whose last record is older, such as 30d (a bare number: days)',
        parseDuration('d', 100 * 365 * 86_400_000),
      )
      .option('--dry-run', 'show what would be deleted, delete nothing')
      .action(context.act((options: PruneOptions) => prune(context, options))),
    {
      examples: ['conduxt prune --older-than 30d --dry-run', 'conduxt prune --older-than 30d'],
      exits: '0, 2, 74',
      notes:
        'Deletes transcripts, prompt texts, logs and scratch files of sessions that have ended or were stopped. Journals\n' +
        'stay, so status and the history of outcomes stay too. Worktrees and branches are not touched: see conduxt clean.\n' +
        `Work that clean or retry discarded more than ${KEPT_DAYS} days ago is forgotten, whatever --older-than says.\n` +
        'So is what a command that was killed while it made a session left behind, an hour ago or longer.',
    },
  );
}

async function prune(context: VerbContext, options: PruneOptions): Promise<number> {
  const { io, places, printer } = context;
  const dryRun = options.dryRun === true;
  const before = io.now() - options.olderThan;
  const pruned: { session: string; sessionId: string; bytes: number }[] = [];
  for (const candidate of prunable(places, before)) {
    const bytes = await pruneSession(candidate, dryRun);
    if (bytes !== null) pruned.push({ session: candidate.name, sessionId: candidate.id, bytes });
  }
  const living = new Set(markedProcesses().keys());
  const left = dryRun ? leftovers(places.home, io.now(), living) : await sweepLeftovers(places.home, io.now(), living);
  for (const repo of await taskRepositories(context)) await expireDiscarded(repo, io.now(), dryRun);
  const bytes = pruned.reduce((sum, one) => sum + one.bytes, 0);
  if (context.json) {
    printer.document({
      schemaVersion: SCHEMA_VERSION,
      dryRun,
      bytes,
      sessions: pruned,
      leftovers: left.map(({ path }) => path),
    });
    return ExitCode.done;
  }
  for (const one of pruned) printer.result(`${one.session} (${one.sessionId}): ${formatBytes(one.bytes)}`);
  for (const { path } of left) printer.result(`left behind by a killed command: ${oneLine(path, 300)}`);
  printer.result(`${dryRun ? 'Would free' : 'Freed'} ${formatBytes(bytes)} of ${plural(pruned.length, 'session')}.`);
  return ExitCode.done;
}
