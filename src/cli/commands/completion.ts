import { Argument } from 'commander';
import { ExitCode } from '../../errors.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { completionScript, shells, type Shell, type VerbWords } from '../completion-scripts.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import { verbs } from '../verbs.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .addArgument(new Argument('<shell>', 'the shell to write for').choices(shells))
      .action(context.act((shell: Shell) => completion(context, shell))),
    {
      examples: [
        'conduxt completion bash > ~/.local/share/bash-completion/completions/conduxt',
        'conduxt completion zsh > "${fpath[1]}/_conduxt"',
        'conduxt completion fish > ~/.config/fish/completions/conduxt.fish',
      ],
      exits: '0, 2',
    },
  );
}

async function completion(context: VerbContext, shell: Shell): Promise<number> {
  const words = await Promise.all(verbs.map((verb) => wordsOf(verb.name, context)));
  const script = completionScript(shell, words);
  if (context.json) context.printer.document({ schemaVersion: SCHEMA_VERSION, shell, script });
  else context.printer.raw(script);
  return ExitCode.done;
}

/** The options of a verb, from its own definition: the scripts cannot drift away from the help. */
async function wordsOf(name: string, context: VerbContext): Promise<VerbWords> {
  const { buildProgram, defineVerb } = await import('../program.ts');
  const verb = verbs.find((each) => each.name === name);
  if (verb === undefined) throw new Error(`no verb ${name}`);
  const command = await defineVerb(buildProgram(context), verb, context);
  const options = command.options.flatMap((option) =>
    option.hidden ? [] : [{ flag: option.long ?? option.short ?? '', text: option.description }],
  );
  const names = [name, ...(verb.alias === undefined ? [] : [verb.alias])];
  const takesSession = command.registeredArguments.some((argument) => ['session', 'task'].includes(argument.name()));
  return {
    names,
    summary: verb.summary,
    options: [...options, { flag: '--help', text: 'show help' }],
    takesSession: takesSession && name !== 'run',
  };
}
