import { ioError, messageOf } from '../errors.ts';
import type { AgentSeat } from './agent-seat.ts';
import type { HostContext } from './context.ts';
import { isWithoutRoom } from './session-log.ts';

/** Room that is made at once is worth waiting for; a person who ends an agent is not kept longer. */
const PATIENCE_MS = 2_000;
const LOOK_MS = 200;

/**
 * Waits for what a person asked for, but not for room on the disk: ending an agent needs none, and it may be the agent that
 * fills it. What is not written down then is written when there is room, for as long as this host lives.
 * @param agent `end`: it is ended then, asked or not; `ask`: it was asked, and that is all
 * @throws `not-recorded` (exit 74) when the disk took no record in time.
 */
export async function unlessFull<T>(
  context: HostContext,
  seat: Pick<AgentSeat, 'end'>,
  agent: 'end' | 'ask',
  work: Promise<T>,
): Promise<T> {
  const full = whenFull(context);
  try {
    const done = await Promise.race([work.then((value) => ({ value })), full.promise]);
    if (done !== 'full') return done.value;
  } catch (error) {
    if (!isWithoutRoom(error)) throw error;
    throw await notRecorded(context, seat, agent, messageOf(error));
  } finally {
    full.stop();
  }
  work.catch((error: unknown) => context.note(`what waited for room: ${messageOf(error)}`));
  throw await notRecorded(context, seat, agent, `there is no room on the disk of ${context.home}.`);
}

async function notRecorded(
  { record }: HostContext,
  seat: Pick<AgentSeat, 'end'>,
  agent: 'end' | 'ask',
  why: string,
): Promise<Error> {
  const { name } = record;
  if (agent === 'ask') {
    return ioError(
      'not-recorded',
      `The agent of ${name} was asked to end its turn; its end is not written down: ${why}`,
      {
        remedy: `Make room. Without any, conduxt cancel ${name} --force or conduxt stop ${name} ends the agent.`,
      },
    );
  }
  const left = await seat.end();
  const fate =
    left.length === 0 ? `The agent of ${name} was ended` : `Of ${name} these processes live on: ${left.join(', ')}`;
  return ioError('not-recorded', `${fate}; that is not written down yet: ${why}`, {
    remedy: 'Make room: what is missing is written down by itself then. The same command says when it is.',
    facts: { left },
  });
}

/** Resolves when records have waited for room for so long, with no break. */
function whenFull({ log, clock }: HostContext): { readonly promise: Promise<'full'>; readonly stop: () => void } {
  let stop = (): void => {};
  const promise = new Promise<'full'>((resolve) => {
    let since: number | null = null;
    const look = (): void => {
      const now = clock.monotonic();
      since = log.waitsForRoom ? (since ?? now) : null;
      if (since !== null && now - since >= PATIENCE_MS) resolve('full');
      else stop = clock.after(LOOK_MS, look);
    };
    look();
  });
  return { promise, stop: () => stop() };
}
