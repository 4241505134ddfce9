import { ConduxtError, ExitCode, messageOf, usageError } from '../../errors.ts';
import { listNames, readSession } from '../../store/read-session.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { oneLine } from '../../text/sanitize.ts';
import type { VerbContext } from '../context.ts';
import { startHostFor } from '../host-call.ts';
import { finishVerb } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .option('--once', 'look once and end: for cron and timers')
      .action(context.act((options: { once?: boolean }) => watchdog(context, options.once === true))),
    {
      examples: ['conduxt watchdog --once', '*/5 * * * * conduxt watchdog --once   # in a crontab'],
      exits: '0, 5 (a host could not be started)',
      notes: 'Starts a host for every session that is owed work and has none, in all repositories of this user.',
    },
  );
}

interface Revival {
  readonly session: string;
  readonly sessionId: string;
  readonly did: 'started' | 'failed' | 'unreadable';
  readonly problem: string | null;
}

async function watchdog(context: VerbContext, once: boolean): Promise<number> {
  if (!once) {
    throw usageError('not-available-yet', 'The watchdog as a loop is not available yet.', {
      remedy: 'Run conduxt watchdog --once from cron or a timer.',
    });
  }
  const revivals: Revival[] = [];
  for (const { id, name } of listNames(context.places.home, null)) {
    const revival = await reviveIfCrashed(context, id, name);
    if (revival !== null) revivals.push(revival);
  }
  if (context.json) context.printer.document({ schemaVersion: SCHEMA_VERSION, sessions: revivals });
  else for (const one of revivals) context.printer.result(describe(one));
  return revivals.some((one) => one.did === 'failed') ? ExitCode.unavailable : ExitCode.done;
}

/** One session that cannot be read or started does not keep the others from being brought back. */
async function reviveIfCrashed(context: VerbContext, id: string, name: string): Promise<Revival | null> {
  const head = { session: name, sessionId: id };
  const { home, runtimeDir } = context.places;
  let view;
  try {
    view = readSession(home, runtimeDir, id);
  } catch (error) {
    return { ...head, did: 'unreadable', problem: messageOf(error) };
  }
  if (view?.state !== 'crashed') return null;
  try {
    await startHostFor(context, view);
    return { ...head, did: 'started', problem: null };
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    return { ...head, did: 'failed', problem: error.message };
  }
}

function describe({ session, did, problem }: Revival): string {
  switch (did) {
    case 'started':
      return `${session}: its host was gone; a new one goes on.`;
    case 'failed':
      return `${session}: a new host could not be started: ${oneLine(problem ?? '', 300)}`;
    case 'unreadable':
      return `${session}: cannot be read: ${oneLine(problem ?? '', 300)}`;
  }
}
