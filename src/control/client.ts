import type { Socket } from 'node:net';
import { ConduxtError, ExitCode, heldElsewhere, systemCode } from '../errors.ts';
import { socketLines } from './line-reader.ts';
import {
  MAX_CONTROL_LINE_BYTES,
  PROTOCOL_VERSION,
  type ControlRequest,
  type Replies,
  type ReplyLine,
  type WatchReply,
  type WireError,
} from './protocol.ts';
import { reach, type Reach } from './reach.ts';

/**
 * Sends one request to the host behind `socketPath`. Null when no host listens there. A host that does not answer
 * within `timeoutMs` is a `host-silent` error (exit 75); an error the host replied with is thrown as it was there.
 * Pass `timeoutMs: null` for requests that take as long as their work does (`step`, `stop`).
 */
export async function callHost<R extends ControlRequest>(
  socketPath: string,
  request: R,
  timeoutMs: number | null,
): Promise<Replies[R['op']] | null> {
  const socket = await connectTo(socketPath);
  if (socket === null) return null;
  let silent = false;
  const timer =
    timeoutMs === null
      ? undefined
      : afterReading(timeoutMs, () => {
          silent = true;
          socket.destroy();
        });
  try {
    socket.write(JSON.stringify({ v: PROTOCOL_VERSION, ...request }) + '\n');
    for await (const line of socketLines(socket, MAX_CONTROL_LINE_BYTES)) {
      const reply = JSON.parse(line) as ReplyLine<Replies[R['op']]>;
      if (reply.ok) return reply.reply;
      throw fromWire(reply.error);
    }
  } catch (error) {
    if (error instanceof ConduxtError || systemCode(error) === undefined) throw error;
    // A reset connection is a host that died: told below.
  } finally {
    timer?.();
    socket.destroy();
  }
  if (silent) throw hostSilent(timeoutMs ?? 0);
  throw heldElsewhere('host-died', 'The host of this session ended before it answered.', {
    remedy: 'Run the command again: it starts a new host. With the same --key nothing is done twice.',
  });
}

/**
 * Calls `act` when the time is over and what has arrived by then was read. On a busy machine it is this process that gets
 * no turn: its timer would fire before the answer that lies in the socket is looked at.
 * @returns what stops it
 */
function afterReading(ms: number, act: () => void): () => void {
  let isStopped = false;
  const timer = setTimeout(() => {
    // Timers come before the sockets, immediates behind them; a line takes two rounds to get through its reader.
    setImmediate(() => setImmediate(() => setImmediate(() => (isStopped ? undefined : act()))));
  }, ms);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

const hostSilent = (timeoutMs: number): ConduxtError =>
  heldElsewhere('host-silent', `The host of this session did not answer within ${timeoutMs} ms.`, {
    remedy: 'Try again; conduxt watchdog --once replaces a host that stays silent.',
  });

/** Follows the durable ends of journal and transcript. Null when no host listens; returns when the host is gone. */
export async function watchHost(socketPath: string, signal: AbortSignal): Promise<AsyncGenerator<WatchReply> | null> {
  const socket = await connectTo(socketPath);
  if (socket === null) return null;
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  if (signal.aborted) socket.destroy();
  socket.write(JSON.stringify({ v: PROTOCOL_VERSION, op: 'watch' }) + '\n');
  return watchReplies(socket);
}

async function* watchReplies(socket: Socket): AsyncGenerator<WatchReply> {
  try {
    for await (const line of socketLines(socket, MAX_CONTROL_LINE_BYTES)) {
      const reply = JSON.parse(line) as ReplyLine<WatchReply>;
      if (reply.ok) yield reply.reply;
    }
  } catch (error) {
    // Aborted by us, or the host died: either way there is nothing more to follow.
    if (systemCode(error) === undefined) throw error;
  } finally {
    socket.destroy();
  }
}

/** Null when nothing listens: no file, or the file of a host that is gone. */
async function connectTo(socketPath: string): Promise<Socket | null> {
  // `status` only reads files and never comes here.
  const { connect } = await import('node:net');
  let way: Reach;
  try {
    way = reach(socketPath);
  } catch (error) {
    if (isNobodyThere(error)) return null;
    throw error;
  }
  return new Promise((resolve, reject) => {
    const socket = connect(way.address);
    socket.once('connect', () => {
      way.release();
      socket.removeAllListeners('error');
      socket.on('error', () => {});
      resolve(socket);
    });
    socket.once('error', (error) => {
      way.release();
      if (isNobodyThere(error)) resolve(null);
      else reject(error);
    });
  });
}

/** ECONNRESET: the host closed its door while we stood in it. */
const isNobodyThere = (error: unknown): boolean =>
  ['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ECONNRESET'].includes(systemCode(error) ?? '');

const EXIT_CODES = new Set<number>(Object.values(ExitCode));

function fromWire(error: WireError): ConduxtError {
  const exitCode = EXIT_CODES.has(error.exitCode) ? (error.exitCode as ExitCode) : ExitCode.internal;
  return new ConduxtError(
    error.code,
    exitCode,
    error.message,
    error.remedy === undefined ? {} : { remedy: error.remedy },
  );
}
