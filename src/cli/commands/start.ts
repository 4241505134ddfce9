import { Option } from 'commander';
import type { BudgetFlags } from '../../config/session-settings.ts';
import { sessionPrompt } from '../../intake/prompt.ts';
import { onCrashWords, permissionModes, type OnCrash, type PermissionMode } from '../../session/words.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import { budgetOptions } from '../budget-options.ts';
import { promptText } from '../prompt-text.ts';
import { backendWords, choiceOptions, type BackendWord, type ChoiceFlags } from '../run/launch-agent.ts';
import { sandboxWords, type SandboxWord } from '../run/sandbox.ts';
import { startSession } from '../start-session.ts';
import type { VerbCommand } from '../verb-command.ts';

interface StartOptions extends ChoiceFlags, BudgetFlags {
  readonly file?: string;
  readonly agent?: string;
  readonly backend: BackendWord;
  readonly permissions?: PermissionMode;
  readonly sandbox?: SandboxWord;
  readonly onCrash?: OnCrash;
  readonly wait: boolean;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    budgetOptions(choiceOptions(command))
      .argument('<name>', 'name of the new session')
      .argument('[prompt...]', 'the first instruction; - reads standard input; without one it waits')
      .option('--file <path>', 'read the first instruction from a file')
      .option('--agent <name>', 'the agent to use (see conduxt agents)')
      .addOption(new Option('--backend <name>', 'how to talk to it').choices(backendWords).default('auto'))
      .addOption(new Option('--permissions <mode>', 'what the agent may do unasked').choices(permissionModes))
      .addOption(new Option('--sandbox <kind>', 'confine what the agent can write').choices(sandboxWords))
      .addOption(
        new Option('--on-crash <what>', 'with a turn whose outcome a crash made unknown (skip)').choices(onCrashWords),
      )
      .option('--no-wait', 'return as soon as the session is durable')
      .action(
        context.act((name: string, words: string[], options: StartOptions) => start(context, name, words, options)),
      ),
    {
      examples: ['conduxt start helper', 'conduxt start helper "Read the code and explain how login works"'],
      exits: '0, 1 (the turn failed), 2, 3, 5, 6 (the name is taken), 8, 74, 130 (left with Ctrl-C; it goes on)',
      notes: 'The agent works in the current directory, without a branch of its own. conduxt run gives it a worktree.',
    },
  );
}

async function start(
  context: VerbContext,
  name: string,
  words: readonly string[],
  options: StartOptions,
): Promise<number> {
  const said =
    words.length === 0 && options.file === undefined
      ? null
      : await promptText(context.io, { words, file: options.file });
  return startSession(context, {
    name,
    text: said === null ? null : sessionPrompt({ words: said, directory: context.io.cwd }),
    agent: options.agent,
    choices: options,
    budget: options,
    backend: options.backend,
    permissions: options.permissions,
    sandbox: options.sandbox,
    onCrash: options.onCrash,
    wait: options.wait,
  });
}
