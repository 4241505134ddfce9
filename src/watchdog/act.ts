import { requestHost } from '../control/request-host.ts';
import { callHost } from '../control/client.ts';
import { endSilentHost, ensureHost, giveUpSession, type HostAddress } from '../control/start-host.ts';
import type { PatrolRequest } from '../control/protocol.ts';
import { ConduxtError, heldElsewhere, messageOf, systemCode, unreachable } from '../errors.ts';
import { notify } from '../notify/notify.ts';
import type { SessionRecord } from '../session/record.ts';
import type { Action } from './verdict.ts';

export interface Target {
  readonly record: SessionRecord;
  readonly address: HostAddress;
  /** The caller's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const ANSWER_MS = 10_000;

/**
 * Does one thing about one session: a new host, a word to the host, a word to people.
 * @returns what could not be done, as a sentence; null when it was done.
 */
export async function act(target: Target, action: Action): Promise<string | null> {
  try {
    await perform(target, action);
    return null;
  } catch (error) {
    if (!(error instanceof ConduxtError) && systemCode(error) === undefined) throw error;
    return messageOf(error);
  }
}

async function perform({ record, address, env }: Target, action: Action): Promise<void> {
  switch (action.type) {
    case 'start-host': {
      if (action.endFirst) endSilentHost(address.journal);
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
