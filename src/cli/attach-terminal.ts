import { ConduxtError, ExitCode } from '../errors.ts';
import { readTerminals } from '../placement/ledger.ts';
import type { Terminal } from '../placement/terminal.ts';
import { commandPlace, openDesk } from './terminal-desk.ts';
import type { VerbContext } from './context.ts';

/** The terminal of a plain command that a person may mean where no session has that name; null: none. */
export async function terminalNamed(context: VerbContext, name: string): Promise<Terminal | null> {
  if (isSession(context, name) || readTerminals(context.places.home).length === 0) return null;
  const place = await commandPlace(context);
  return (await openDesk(context, place)).find(name);
}

function isSession(context: VerbContext, name: string): boolean {
  try {
    context.session(name);
    return true;
  } catch (error) {
    if (error instanceof ConduxtError && error.exitCode === ExitCode.notFound) return false;
    throw error;
  }
}
