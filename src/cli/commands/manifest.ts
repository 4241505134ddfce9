import { ExitCode } from '../../errors.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(command.action(context.act(() => printManifest(context))), {
    examples: ['conduxt manifest'],
    exits: '0',
    notes:
      'Capabilities, effects and operations with typed input and output: for programs that call this one. Always JSON.',
  });
}

async function printManifest(context: VerbContext): Promise<number> {
  const { manifest } = await import('../manifest/manifest.ts');
  context.printer.document(await manifest(context));
  return ExitCode.done;
}
