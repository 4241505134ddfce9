import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import { rehearse } from '../rehearse.ts';
import type { VerbCommand } from '../verb-command.ts';

/** As commander hands them over. */
export interface RehearseOptions {
  readonly verify?: string | boolean;
  readonly setup: boolean;
  readonly keep?: boolean;
  readonly notify?: boolean;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .option('--verify <command>', 'the shell command that judges the work')
      .option('--no-verify', 'deliver without verification')
      .option('--no-setup', 'do not make the worktree runnable first')
      .option('--notify', 'tell the people the configuration names, to try that too')
      .option('--keep', 'leave session, worktree and branch for a look')
      .action(context.act((options: RehearseOptions) => rehearse(context, options))),
    {
      examples: ['conduxt rehearse', 'conduxt rehearse --verify "npm test" --notify'],
      exits: 'as for run',
      notes:
        'Goes through everything in this repository with the bundled scripted agent: worktree, prompt, turn, callback,\n' +
        'tests, outcome. No tokens, no network, no push and no pull request. Cleans up after itself.',
    },
  );
}
