import { requestHost } from '../control/request-host.ts';
import { callHost } from '../control/client.ts';
import { greet } from '../control/greet.ts';
import { bytesWritten, endHost, ensureHost, giveUpSession, type HostAddress } from '../control/start-host.ts';
import type { PatrolRequest } from '../control/protocol.ts';
import { ConduxtError, heldElsewhere, messageOf, systemCode, unreachable } from '../errors.ts';
import { readJournal } from '../journal/read-journal.ts';
import { notify } from '../notify/notify.ts';
import { isAlive } from '../process/identity.ts';
import { foldSession } from '../session/fold/session-fold.ts';
import type { SessionRecord } from '../session/record.ts';
import type { Action, SensedHost } from './verdict.ts';

export interface Target {
  readonly record: SessionRecord;
  readonly address: HostAddress;
  /** The caller's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const ANSWER_MS = 10_000;

/** `needless`: by now it is as it should be, and nothing was done. */
export type Acted = { readonly problem: string | null } | 'needless';

/**
 * Does one thing about one session: a new host, a word to the host, a word to people.
 * `problem` is what could not be done, as a sentence; null when it was done.
 */
export async function act(target: Target, action: Action): Promise<Acted> {
  try {
    return (await perform(target, action)) ?? { problem: null };
  } catch (error) {
    if (!(error instanceof ConduxtError) && systemCode(error) === undefined) throw error;
    return { problem: messageOf(error) };
  }
}

async function perform({ record, address, env }: Target, action: Action): Promise<'needless' | void> {
  switch (action.type) {
    case 'start-host': {
      // Starts stand in line: since it was sensed, a person may have started a host, or this one may have woken up.
      if (await isWellAgain(address, action.endFirst)) return 'needless';
      if (action.endFirst !== null) endHost(action.endFirst.process);
      await ensureHost(address, env);
      const text = `a new host goes on: ${action.why}`;
      await requestHost(address, env, { op: 'patrol', act: 'milestone', text }, ANSWER_MS);
      return;
    }
    case 'give-up':
      return giveUpSession(address, env);
    case 'tell':
      return tell(record, env, action.text);
    case 'wake':
    case 'renew-agent':
    case 'milestone':
      return toHost(address, { op: 'patrol', act: action.type, text: action.text });
    case 'expire':
      return toHost(address, { op: 'patrol', act: 'expire', decisionId: action.decisionId, text: action.text });
    default:
      return unreachable(action, 'action');
  }
}

/** One greeting more, after which nothing but the sensed process is ended, and only as long as it is as it was sensed. */
async function isWellAgain({ socket, journal }: HostAddress, sensed: SensedHost | null): Promise<boolean> {
  if (sensed !== null && sensed.stuckIn !== null && isAlive(sensed.process)) {
    return foldSession(readJournal(journal).records).turns.open?.turnId !== sensed.stuckIn;
  }
  const before = bytesWritten(journal);
  const hello = await greet(socket);
  if (hello === 'none') return false;
  // A host that writes is at work, however busy it is.
  return hello !== 'silent' || bytesWritten(journal) !== before;
}

/** Only to a host that lives: none is started to be told that its turn is late. */
async function toHost(address: HostAddress, request: PatrolRequest): Promise<void> {
  const reply = await callHost(address.socket, request, ANSWER_MS);
  if (reply === null) throw heldElsewhere('host-died', 'Its host left in the meantime.');
}

async function tell(record: SessionRecord, env: Target['env'], text: string): Promise<void> {
  const facts = {
    session: record.name,
    sessionId: record.id,
    task: record.task?.title ?? record.name,
    repo: record.repo?.slug ?? '',
    agent: record.agent.name,
    outcome: 'needs-person',
    reason: text,
    prUrl: null,
    summary: '',
    decisionId: null,
    phaseAt: null,
  } as const;
  const whole = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  // A notifier that cannot be reached changes nothing, here as in a host.
  await notify(record.hooks.notify, facts, { env: whole, cwd: record.repo?.root ?? '/' });
}
