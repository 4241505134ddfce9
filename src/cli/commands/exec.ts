import type { VerbContext } from '../context.ts';
import { execCommand } from '../exec/exec-command.ts';
import { parseEstimate, parsePattern, parseRoute, parseTimes, type ExecOptions } from '../exec/exec-options.ts';
import { finishVerb, parseDuration } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<command...>', 'the command and its arguments, after --')
      .option('--name <name>', 'of the session; otherwise made from project and command')
      .option('--estimate <time>', 'short, medium, long, unknown, or a duration such as 90s', parseEstimate)
      .option('--route <route>', 'direct or durable, whatever the rules say', parseRoute)
      .option('--interactive', 'it needs a terminal, or somebody who types')
      .option('--parallel', 'it is one of several that run side by side')
      .option('--outlive', 'it has to go on when this call or its connection is gone')
      .option('--check <pattern>', 'wait until it prints this (a regular expression)', parsePattern)
      .option('--timeout <duration>', 'how long to wait for that (60s)', parseDuration('s'))
      .option('--reuse', 'use the session of this name when there is one')
      .option('--replace', 'end the session of this name first when there is one')
      .option('--on-match <pattern>', 'when it prints this, wake the session of --tell', parsePattern)
      .option('--tell <session>', 'the session whose agent is told of that')
      .option('--times <number>', 'how often at most (1); what fits within 10 s is told together', parseTimes)
      .action(context.act((words: string[], options: ExecOptions) => execCommand(context, words, options))),
    {
      examples: [
        'conduxt exec -- git status',
        'conduxt exec --name dev --check "ready|listening" -- npm run dev',
        'conduxt exec --estimate long --json -- npm test',
        'conduxt exec --name ci --on-match "failed|passed" --tell issue-78 -- ./watch-ci.sh',
      ],
      exits:
        'direct: those of the command. Durable: 0 (started, or ready), 1 (ended before it was ready),\n' +
        '7 (not ready in time: running or hung), 130. Errors of conduxt itself: 125, 126 (not executable), 127 (not found)',
      notes:
        'Direct by default. A session in the private tmux server when it takes longer than a minute, does not end, needs a\n' +
        'terminal, runs beside others, works over SSH, or must outlive this call. Route and reason are printed on stderr.',
    },
  );
}
