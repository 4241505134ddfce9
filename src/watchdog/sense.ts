import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { newsIn } from '../callback/phase.ts';
import { callHost } from '../control/client.ts';
import { ConduxtError, systemCode } from '../errors.ts';
import { bootId, isAlive } from '../process/identity.ts';
import { firstUntold, nextAction } from '../route/next-action.ts';
import { backendNow } from '../session/backend.ts';
import { isOwed } from '../session/derive-state.ts';
import type { FoldedSession } from '../session/fold/session-fold.ts';
import type { SessionRecord } from '../session/record.ts';
import type { SessionView } from '../store/read-session.ts';
import { newestPhase } from '../tmux/phase-file.ts';
import type { AwaitingFact, HostFact, SessionFacts, TurnFact } from './facts.ts';
import type { LoginFacts } from './login-halt.ts';

/** A host that misses this many greetings in a row is not merely busy. */
const HELLO_TRIES = 3;
/** Between two knocks at a door that is not there: a host that starts needs a moment. */
const KNOCK_PAUSE_MS = 500;

/** Looks at one session: its files, its processes, and its host, if one should be there. Changes nothing. */
export async function senseSession(
  view: SessionView,
  options: { readonly helloMs: number; readonly orphans: readonly number[] },
): Promise<SessionFacts> {
  const { record, folded, paths, state, hostAlive } = view;
  const { life } = folded;
  const agent = life.agent.running ? life.agent.process : null;
  const host = await senseHost(view, options.helloMs);
  return {
    name: record.name,
    id: record.id,
    agent: record.agent.name,
    backend: backendNow(record, folded),
    hasTask: record.task !== null,
    state,
    isOwed: owesHost(view),
    isStopped: life.stopped,
    host,
    agentProcess: agent === null ? 'none' : isAlive(agent) ? 'alive' : 'gone',
    orphans: hostAlive ? [] : options.orphans,
    turn: turnFact(folded, record, paths.transcript),
    parkedUntilMs: life.parked === null ? null : Date.parse(life.parked.until),
    awaiting: awaitingFact(view),
    decisions: [...life.decisions.values()].map(({ id, question, deadline }) => ({
      id,
      question,
      askedAt: life.decisionsAskedAt.get(id) ?? null,
      deadlineMs: deadline === null ? null : Date.parse(deadline),
    })),
    ...loginRecord(folded),
  };
}

/** Work for a host. Where a person has to answer first there is none, whatever follows from the answer. */
function owesHost({ folded, record, state }: SessionView): boolean {
  if (!folded.life.stopped && firstUntold(folded) !== null) return true;
  if (state !== 'needs-person') return isOwed(folded, record);
  const { type } = nextAction(folded, record);
  return type !== 'rest' && type !== 'leave';
}

function awaitingFact({ folded, paths }: SessionView): AwaitingFact | null {
  const { now } = folded.awaiting;
  if (now === null) return null;
  const news = newsIn(newestPhase(paths.run), now.said)?.phase ?? null;
  return { phase: now.phase, sinceMs: Date.parse(now.since), news };
}

async function senseHost({ folded, paths, hostAlive }: SessionView, helloMs: number): Promise<HostFact> {
  const { host } = folded.life;
  if (host === null) return { type: 'never' };
  if (!hostAlive) {
    if (host.stopped !== null) return { type: 'left' };
    return { type: 'dead', rebooted: host.process.bootId !== bootId() };
  }
  const { process } = host;
  let last: 'silent' | 'deaf' = 'deaf';
  for (let left = HELLO_TRIES; left > 0; left -= 1) {
    const answer = await greet(paths.socket, helloMs);
    if (answer === 'answers') return { type: 'answers', process };
    last = answer;
    if (answer === 'deaf' && left > 1) await delay(KNOCK_PAUSE_MS);
  }
  // It may have ended while it was asked.
  if (isAlive(process)) return { type: last, process };
  return { type: 'dead', rebooted: false };
}

async function greet(socket: string, timeoutMs: number): Promise<'answers' | 'silent' | 'deaf'> {
  try {
    return (await callHost(socket, { op: 'hello' }, timeoutMs)) === null ? 'deaf' : 'answers';
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    if (error.code === 'host-silent') return 'silent';
    // It closed the connection before it answered: it ends, or begins anew.
    return error.code === 'host-died' ? 'deaf' : 'answers';
  }
}

function turnFact(folded: FoldedSession, record: SessionRecord, transcript: string): TurnFact | null {
  const { open } = folded.turns;
  if (open === null) return null;
  const journalAtMs = folded.lastAt === null ? 0 : Date.parse(folded.lastAt);
  return {
    turnId: open.turnId,
    startedAtMs: Date.parse(open.startedAt),
    lastSignAtMs: Math.max(journalAtMs, writtenAtMs(transcript)),
    cancelRequested: open.cancelRequested,
    turnTimeoutMs: record.limits.turnTimeoutMs,
    cancelTimeoutMs: record.limits.cancelTimeoutMs,
  };
}

function writtenAtMs(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** Of a session that only its files are looked at. */
export const loginFacts = ({ record, folded }: SessionView): LoginFacts => ({
  name: record.name,
  agent: record.agent.name,
  ...loginRecord(folded),
});

/** Whether the last that is known of the agent is that it worked, or that it wanted a login. */
function loginRecord({
  life,
  turns,
  lastAt,
}: FoldedSession): Pick<SessionFacts, 'loginRefusedAtMs' | 'agentWorkedAtMs'> {
  const { last } = turns;
  const lastAtMs = lastAt === null ? null : Date.parse(lastAt);
  const endedAtMs = last === null ? null : Date.parse(last.endedAt);
  // `problem` is what the host writes when the agent did not start; it is asked about, so nothing came after it.
  const asked = [...life.decisions.values()].some(
    ({ kind, facts }) => kind === 'login' || facts['problem'] === 'agent-login-required',
  );
  const refused = asked
    ? lastAtMs
    : life.ended?.code === 'login-required'
      ? Date.parse(life.ended.at)
      : last?.end.failure === 'auth-required'
        ? endedAtMs
        : null;
  return { loginRefusedAtMs: refused, agentWorkedAtMs: last?.end.verdict === 'done' ? endedAtMs : null };
}
