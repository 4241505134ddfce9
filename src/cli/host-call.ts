import type { ControlRequest, Replies } from '../control/protocol.ts';
import { requestHost } from '../control/request-host.ts';
import type { HostAddress } from '../control/start-host.ts';
import type { SessionPaths } from '../store/paths.ts';
import type { VerbContext } from './context.ts';

/** Longest wait for an answer that only needs a disk. */
export const ANSWER_TIMEOUT_MS = 10_000;

interface Addressed {
  readonly record: { readonly id: string; readonly name: string };
  readonly paths: SessionPaths;
}

function addressOf(context: VerbContext, { record, paths }: Addressed): HostAddress {
  const { socket, hostLog, journal } = paths;
  return { home: context.places.home, sessionId: record.id, socket, hostLog, journal };
}

/** Makes sure the session has a host. */
export async function startHostFor(context: VerbContext, session: Addressed): Promise<void> {
  const { ensureHost } = await import('../control/start-host.ts');
  await ensureHost(addressOf(context, session), context.io.env);
}

/**
 * Sends a request to the session's host, starting one when there is none. When the host dies before it answers, the
 * next one is asked: a prompt carries its key, and everything else may be said twice.
 */
export async function askHost<R extends Exclude<ControlRequest, { op: 'watch' }>>(
  context: VerbContext,
  session: Addressed,
  request: R,
  timeoutMs: number | null = ANSWER_TIMEOUT_MS,
): Promise<Replies[R['op']]> {
  return requestHost(addressOf(context, session), context.io.env, request, timeoutMs);
}
