import { Option } from 'commander';
import { permissionModes, type PermissionMode } from '../../session/words.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import { retryTask } from '../retry-task.ts';
import { choiceOptions, type ChoiceFlags } from '../run/launch-agent.ts';
import type { VerbCommand } from '../verb-command.ts';

/** As commander hands them over. */
export interface RetryOptions extends ChoiceFlags {
  readonly agent?: string;
  readonly base?: string;
  readonly branch?: string;
  readonly permissions?: PermissionMode;
  readonly adopt?: boolean;
  readonly discard?: boolean;
  readonly wait: boolean;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    choiceOptions(command)
      .argument('<task>', 'a name, repo/name, or a session id')
      .option('--agent <name>', 'another agent than last time')
      .option('--base <branch>', 'another base branch than last time')
      .option('--branch <branch>', 'another branch than last time')
      .addOption(new Option('--permissions <mode>', 'what the agent may do unasked').choices(permissionModes))
      .option('--adopt', 'go on from the branch and clean worktree of last time')
      .option('--discard', 'give up changes and commits of last time that are nowhere else')
      .option('--no-wait', 'return as soon as the task is durable')
      .action(context.act((name: string, options: RetryOptions) => retryTask(context, name, options))),
    {
      examples: ['conduxt retry issue-78', 'conduxt retry issue-78 --agent codex --no-wait'],
      exits: 'as for run; 6 when work of last time would be lost (see --adopt and --discard) or it still runs',
      notes:
        'The same words as a new session with the same name. The old one is archived: its history stays under its id.\n' +
        'When the old branch was pushed, the new task gets a branch of its own beside it.',
    },
  );
}
