import { ConduxtError, heldElsewhere } from '../errors.ts';
import { callHost } from './client.ts';
import { greet } from './greet.ts';
import type { ControlRequest, Replies } from './protocol.ts';
import type { HostAddress } from './start-host.ts';

/** A host may leave, or die, between its greeting and the request; the next one answers. */
const TRIES = 3;

/**
 * Starts the session's host if none lives, and has it answer. Every request may be repeated: a `tell` carries its key,
 * the others ask for a state rather than for a change. `timeoutMs: null` waits as long as the work takes.
 */
export async function requestHost<R extends Exclude<ControlRequest, { op: 'watch' }>>(
  address: HostAddress,
  env: NodeJS.ProcessEnv,
  request: R,
  timeoutMs: number | null,
): Promise<Replies[R['op']]> {
  for (let left = TRIES; left > 0; left -= 1) {
    try {
      const found = await greet(address.socket);
      // Most commands find a host that answers.
      if (found === 'none' || found === 'silent') {
        const { ensureHost } = await import('./start-host.ts');
        await ensureHost(address, env, found);
      }
    } catch (error) {
      throw request.op === 'tell' && left === TRIES ? nothingTaken(error) : error;
    }
    try {
      const reply = await callHost(address.socket, request, timeoutMs);
      if (reply !== null) return reply;
    } catch (error) {
      if (!(error instanceof ConduxtError) || error.code !== 'host-died' || left === 1) throw error;
    }
  }
  throw heldElsewhere('host-leaving', 'The host of this session left each time it was asked.', {
    remedy: 'Run the command again in a moment.',
  });
}

/** No host was asked yet, so the words are nowhere but in the caller's hands: the one thing they must know. */
function nothingTaken(error: unknown): unknown {
  if (!(error instanceof ConduxtError)) return error;
  const { code, exitCode, message, facts } = error;
  const remedy = `What you said was not taken; say it again when this is mended. ${error.remedy ?? ''}`.trim();
  return new ConduxtError(code, exitCode, message, { remedy, cause: error, facts });
}
