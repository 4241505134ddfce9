import type { Command } from 'commander';
import { ExitCode } from '../../errors.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { version } from '../../version.ts';
import type { VerbContext } from '../context.ts';
import { buildProgram, defineVerb } from '../program.ts';
import { verbs } from '../verbs.ts';
import { OPERATIONS, WORKAROUNDS } from './operations.ts';

const CAPABILITIES: Readonly<Record<string, string>> = {
  'tmux-route': 'decide whether a command runs directly or in a durable session, and run it there',
  'tmux-session-manage': 'make, look at, type into, rename and end durable sessions',
  'tmux-capture': 'read what a session shows or has shown, as plain text, filtered',
  'tmux-reclaim': 'end sessions, processes and ports that were left behind',
  'tmux-error-workaround': 'the known failures of tmux have a defined answer',
  'coding-task': 'take words or an issue to a verified pull request, with any coding agent',
};

/** Verbs that change nothing. */
const READING = new Set([
  'status',
  'log',
  'attach',
  'watch',
  'wait',
  'why',
  'decisions',
  'usage',
  'agents',
  'doctor',
  'completion',
  'manifest',
]);

/** What this program can do, for programs: built from its own definitions, so it cannot drift away from them. */
export async function manifest(context: VerbContext): Promise<object> {
  const program = buildProgram(context);
  const commands = await Promise.all(
    verbs.map(async (verb) => describe(await defineVerb(program, verb, context), READING.has(verb.name))),
  );
  return {
    schemaVersion: SCHEMA_VERSION,
    id: 'conduxt',
    version,
    description: 'Makes coding agents finish real work, and runs long commands in sessions that outlive their caller.',
    capabilities: Object.entries(CAPABILITIES).map(([id, description]) => ({ id, description })),
    effects: ['proc.exec', 'fs.write', 'net.connect'],
    stdout: 'with --json: one JSON document, or one JSON object per line for streams; without it: text for people',
    exitCodes: ExitCode,
    operations: OPERATIONS,
    workarounds: WORKAROUNDS,
    commands,
  };
}

function describe(command: Command, isReading: boolean): object {
  const args = command.registeredArguments.map((argument) => ({
    name: argument.name(),
    type: argument.variadic ? 'array' : 'string',
    required: argument.required,
    ...(argument.argChoices === undefined ? {} : { enum: argument.argChoices }),
    description: argument.description,
  }));
  const options = command.options.map((option) => ({
    flag: option.long ?? option.short ?? '',
    type: option.required ? 'string' : 'boolean',
    required: option.mandatory,
    ...(option.argChoices === undefined ? {} : { enum: option.argChoices }),
    description: option.description,
  }));
  const effect = isReading ? 'read' : 'change';
  return { name: command.name(), summary: command.summary(), effect, arguments: args, options };
}
