import { pathToFileURL } from 'node:url';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import { bundledProgram } from '../rehearsal-program.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .option('--fault <name>', 'one of the faults that --list names')
      .option('--script <file>', 'what it says and does, as JSON')
      .option('--wire <setting>', 'bends every message, e.g. dieAtByte=123, chunkBytes=1 (repeatable)')
      .option('--log <file>', 'what it was sent, one JSON object per line')
      .option('--list', 'name the faults and end')
      .action(context.act(playAgent)),
    {
      examples: [
        'conduxt fake-agent --list',
        'conduxt fake-agent --fault ignores-cancel --log seen.ndjson',
        'conduxt fake-agent --fault replay-before --wire chunkBytes=1 --wire dieAtByte=700',
      ],
      exits: '0 (its input ended), 2 (no such fault, a mistake in the script), or as the script says',
      notes:
        'Speaks ACP version 1 on stdin and stdout, as an agent does; it calls no model and needs no account.\n' +
        'An ACP client is given this command as its agent. The README describes scripts.',
    },
  );
}

/**
 * The program is a process of its own in every respect (it may kill itself in the middle of a byte), so this one becomes
 * it: it reads the same command line, and ends the process.
 */
async function playAgent(): Promise<number> {
  await import(pathToFileURL(bundledProgram('fault-agent')).href);
  return new Promise(() => {});
}
