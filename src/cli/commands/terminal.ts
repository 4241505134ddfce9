import { Argument } from 'commander';
import type { VerbContext } from '../context.ts';
import { parsePattern } from '../exec/exec-options.ts';
import { finishVerb, parseCount, parseDuration } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';
import { actions, runAction, type Action, type TerminalOptions } from './terminal/actions.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .addArgument(new Argument('<action>', 'what to do').choices(actions))
      .argument('[name]', 'of the terminal')
      .argument(
        '[words...]',
        'create: a command, after --; send: the text, or -; rename: the new name; kill: more names',
      )
      .option('--cwd <dir>', 'create: where it begins (here)')
      .option('--reuse', 'create: use the one of this name when there is one')
      .option('--replace', 'create: end the one of this name first')
      .option('--file <path>', 'send: read the text from a file')
      .option('--no-enter', 'send: do not press Enter')
      .option('--no-clear', 'send: leave what stands in the line')
      .option('--idle', 'send: wait until its shell is idle first; check: wait for that')
      .option('--escape', 'interrupt: press Escape, not Ctrl-C')
      .option('--for <pattern>', 'check: wait until it has printed this (a regular expression)', parsePattern)
      .option('--timeout <duration>', 'how long to wait (60s)', parseDuration('s'))
      .option('--lines <n>', 'capture: the last lines, also those that scrolled off', parseCount(1, 50_000))
      .option('-a, --all', 'capture: everything it holds; kill: every terminal')
      .option('--match <pattern>', 'capture: only lines in which this occurs', parsePattern)
      .option('--socket <name>', 'another tmux server, by name or path: list, check, capture, send, interrupt')
      .action(
        context.act((action: Action, name: string | undefined, words: string[], options: TerminalOptions) =>
          runAction(context, action, { name, words }, options),
        ),
      ),
    {
      examples: [
        'conduxt terminal create build',
        'conduxt terminal send build "npm test" --idle',
        'conduxt terminal check build --for "passed|failed" --timeout 10m',
        'conduxt terminal capture build --lines 40 --match "error|fail"',
        'conduxt terminal interrupt build',
        'conduxt terminal list --json',
      ],
      exits:
        '0; check: 0 (it lives, or is ready), 1 (it ended), 7 (not ready: running or hung); 2; 4 (no such terminal);\n' +
        '5 (tmux is missing or older than 3.3); 6 (its name is taken; it is not yours to change); 130',
      notes:
        "list, check and capture only look; create, send, interrupt, rename and kill change something. Of an agent's terminal, send is\n" +
        'conduxt tell, interrupt --escape conduxt cancel, interrupt conduxt cancel --force; conduxt stop ends it.',
    },
  );
}
