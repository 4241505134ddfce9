import { Argument, Option } from 'commander';
import type { BudgetFlags } from '../../config/session-settings.ts';
import { onCrashWords, permissionModes, type OnCrash, type PermissionMode } from '../../session/words.ts';
import { budgetOptions } from '../budget-options.ts';
import type { VerbContext } from '../context.ts';
import { collect, finishVerb, parseCount, parseDuration } from '../options.ts';
import { backendWords, choiceOptions, type BackendWord, type ChoiceFlags } from '../run/launch-agent.ts';
import { sandboxWords, type SandboxWord } from '../run/sandbox.ts';
import { runTasks } from '../run/run-tasks.ts';
import type { VerbCommand } from '../verb-command.ts';

/** As commander hands them over. */
export interface RunOptions extends ChoiceFlags, BudgetFlags {
  readonly file?: string;
  readonly review?: number;
  readonly agent?: string;
  readonly backend: BackendWord;
  readonly name?: string;
  readonly branch?: string;
  readonly base?: string;
  readonly parallel?: number;
  readonly wait: boolean;
  readonly permissions?: PermissionMode;
  readonly verify?: string | boolean;
  readonly fixRounds?: number;
  readonly timeout?: number;
  readonly pr: boolean;
  readonly draft?: boolean;
  readonly sandbox?: SandboxWord;
  readonly onCrash?: OnCrash;
  readonly dryRun?: boolean;
  readonly adopt?: boolean;
  readonly prepare?: boolean;
  readonly worktree?: string;
  readonly after?: readonly string[];
  readonly tag?: readonly string[];
  readonly priority?: number;
  readonly checklist?: readonly string[];
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    budgetOptions(choiceOptions(command))
      .addArgument(
        new Argument(
          '[task...]',
          'what to do: words in quotes, #78, an issue or page address, or - for standard input; several are several tasks',
        ),
      )
      .option('--file <path>', 'the task is in this file')
      .option(
        '--review <pr>',
        'the task is to work through the review comments of this pull request',
        parseCount(1, 999_999_999),
      )
      .option('--agent <name>', 'the agent to use (see conduxt agents)')
      .addOption(
        new Option('--backend <name>', 'how to talk to it')
          .choices(backendWords)
          .default('auto', 'from the configuration, else auto'),
      )
      .option('--name <name>', 'name of the session; otherwise made from the task')
      .option('--branch <branch>', 'branch to work on; otherwise <kind>/<name>')
      .option('--base <branch>', 'branch to start from and to open the pull request against')
      .option('--adopt', 'take over a branch or clean worktree that is already there')
      .option('--worktree <dir>', 'where to work; otherwise ../worktrees/<repository>/<name>')
      .option('--prepare', 'make branch and worktree and set them up; run --name begins the work later')
      .option('--parallel <n>', 'so many of several tasks at once; the others wait in line', parseCount(1, 64))
      .option('--no-wait', 'return as soon as the task is durable; it goes on by itself')
      .addOption(new Option('--permissions <mode>', 'what the agent may do unasked').choices(permissionModes))
      .addOption(new Option('--sandbox <kind>', 'confine what agent and tests can write').choices(sandboxWords))
      .addOption(
        new Option('--on-crash <what>', 'with a turn whose outcome a crash made unknown (retry)').choices(onCrashWords),
      )
      .option('--verify <command>', 'the shell command that judges the work')
      .option('--no-verify', 'deliver without verification')
      .option('--fix-rounds <n>', 'how often the agent may mend what the tests find', parseCount(0, 20))
      .option(
        '--timeout <duration>',
        'fail the task after this long (90s, 30m, 2h; a bare number: minutes)',
        parseDuration('m'),
      )
      .option('--no-pr', 'push the branch, open no pull request')
      .option('--draft', 'open the pull request as a draft')
      .option('--after <task>', 'begin when this task has completed (repeatable)', collect)
      .option('--tag <tag>', 'a tag for the task record (repeatable)', collect)
      .option('--priority <n>', 'higher ones get a free slot first (0 to 1000, default 0)', parseCount(0, 1000))
      .option('--checklist <item>', 'something to check before the task is over (repeatable)', collect)
      .option('--dry-run', 'show the plan and the exact prompt; touch nothing')
      .action(context.act((tasks: string[], options: RunOptions) => runTasks(context, tasks, options))),
    {
      examples: [
        'conduxt run "fix issue #78"',
        'conduxt run "Add pagination to the user list" --agent codex --no-wait',
        'conduxt run "#12" "#15" "Update the changelog" --parallel 2',
        'conduxt run --file spec.md --verify "npm run check" --dry-run',
      ],
      exits:
        '0 completed, delivered or reported; 1 failed; 2 usage; 3 needs a person; 4 issue, page, file or base not found;\n' +
        '5 agent not available; 6 refused (name, branch or worktree is there already); 7 --timeout; 8 cancelled;\n' +
        '9 work safe, pull request blocked; 10 --max-tokens or --max-cost is used up; 74 disk;\n' +
        '130 left with Ctrl-C (the work goes on). Several tasks: the highest.',
      notes:
        'With --json and without --no-wait: one JSON object per line (task, event, update, outcome).\n' +
        'Ctrl-C leaves; the task goes on: conduxt wait <name> comes back to it.',
    },
  );
}
