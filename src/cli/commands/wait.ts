import { ExitCode } from '../../errors.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb, parseDuration } from '../options.ts';
import { waitFor } from '../follow/wait-for.ts';
import type { VerbCommand } from '../verb-command.ts';

interface WaitOptions {
  readonly timeout?: number;
  readonly quiet?: boolean;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<session...>', 'names, repo/name, or session ids')
      .option(
        '--timeout <duration>',
        'give up waiting after this long (90s, 30m, 2h; a bare number: seconds); the work goes on',
        parseDuration('s'),
      )
      .option('-q, --quiet', 'show no progress, only the outcome')
      .action(context.act((names: string[], options: WaitOptions) => wait(context, names, options))),
    {
      examples: ['conduxt wait issue-78', 'conduxt wait issue-78 add-pagination --timeout 1h --json'],
      exits: "the task's own: 0, 1, 3, 5, 8, 9; 7 (--timeout was over), 130 (Ctrl-C); of several sessions the highest",
    },
  );
}

async function wait(context: VerbContext, names: readonly string[], options: WaitOptions): Promise<number> {
  const sessions = names.map((name) => context.session(name));
  const results = await waitFor(
    context,
    sessions.map(({ record, paths, folded }) => ({ record, paths, since: { epoch: folded.epoch, seq: folded.seq } })),
    {
      timeoutMs: options.timeout ?? null,
      show: options.quiet === true || context.json ? 'nothing' : 'text',
      outcome: context.json ? 'document' : 'text',
    },
  );
  return Math.max(ExitCode.done, ...results);
}
