import { monotonicMs, pause } from '../../clock.ts';
import { ExitCode } from '../../errors.ts';
import { isAlive } from '../../process/identity.ts';
import type { SessionView } from '../../store/read-session.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import type { VerbContext } from '../context.ts';
import { askHost } from '../host-call.ts';
import { finishVerb } from '../options.ts';
import { sayIfSlow } from '../say-if-slow.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<session...>', 'names, repo/name, or session ids')
      .action(context.act((names: string[]) => stop(context, names))),
    {
      examples: ['conduxt stop issue-78'],
      exits: '0 (also when it was stopped already), 1 (a process could not be ended), 4, 75',
      notes:
        'Ends the agent and everything it started. History, worktree and branch stay; conduxt clean removes those.',
    },
  );
}

interface Stopped {
  readonly session: string;
  readonly sessionId: string;
  readonly alreadyStopped: boolean;
  /** Processes that could not be ended. */
  readonly left: readonly number[];
}

async function stop(context: VerbContext, names: readonly string[]): Promise<number> {
  const sessions = names.map((name) => context.session(name));
  const stopped = await Promise.all(sessions.map((session) => stopOne(context, session)));
  if (context.json) context.printer.document({ schemaVersion: SCHEMA_VERSION, sessions: stopped });
  else for (const one of stopped) context.printer.result(describe(one));
  return stopped.some((one) => one.left.length > 0) ? ExitCode.taskFailed : ExitCode.done;
}

/** A host has little left to do after its answer. */
const HOST_LEAVES_MS = 5_000;
const LOOK_MS = 10;

/** Also for other verbs that have to end a session first. Waits until its agent is gone, and its host: then its name is free. */
export async function stopOne(context: VerbContext, session: SessionView): Promise<Stopped> {
  const { record, folded, hostAlive } = session;
  const head = { session: record.name, sessionId: record.id };
  if (folded.life.stopped && !hostAlive) return { ...head, alreadyStopped: true, left: [] };
  const seconds = Math.ceil(record.limits.cancelTimeoutMs / 1000);
  const { left } = await sayIfSlow(
    context.printer,
    `${record.name}: waiting for ${record.agent.name} to end; after ${seconds} s it is ended by force.`,
    askHost(context, session, { op: 'stop' }, null),
  );
  await hostLeft(context.session(record.id));
  return { ...head, alreadyStopped: false, left };
}

async function hostLeft({ folded: { life } }: SessionView): Promise<void> {
  const end = monotonicMs() + HOST_LEAVES_MS;
  while (life.host !== null && isAlive(life.host.process) && monotonicMs() < end) await pause(LOOK_MS);
}

function describe({ session, alreadyStopped, left }: Stopped): string {
  if (left.length > 0) return `${session}: stopped, but these processes could not be ended: ${left.join(', ')}.`;
  return alreadyStopped
    ? `${session}: nothing to stop.`
    : `${session}: stopped. Its history stays: conduxt log ${session}`;
}
