import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ConduxtError, ExitCode, messageOf } from '../errors.ts';
import { socketLines } from './line-reader.ts';
import {
  MAX_CONTROL_LINE_BYTES,
  PROTOCOL_VERSION,
  wireError,
  type ControlRequest,
  type Replies,
  type WatchReply,
} from './protocol.ts';
import { parseRequest } from './parse-request.ts';
import { reach, type Reach } from './reach.ts';

export interface ControlHandler {
  handle<R extends Exclude<ControlRequest, { op: 'watch' }>>(request: R): Promise<Replies[R['op']]>;
  /** Calls `send` now and after every sync until the returned function is called. */
  watch(send: (reply: WatchReply) => void): () => void;
}

export interface ControlServer {
  close(): Promise<void>;
}

/** A watcher that reads nothing is dropped once this much waits for it: it can come back with its cursor. */
const MAX_UNSENT_BYTES = 1024 * 1024;
const CLOSE_GRACE_MS = 2000;

/**
 * Listens on the session's socket. Only the holder of the session's lock may call this: it removes what an earlier
 * host left at the path. Access is by directory permission; Node cannot ask for the peer's user.
 */
export async function listen(socketPath: string, handler: ControlHandler): Promise<ControlServer> {
  rmSync(socketPath, { force: true });
  const sockets = new Set<Socket>();
  const answering = new Set<Promise<void>>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const served = serve(socket, handler);
    answering.add(served);
    void served.finally(() => answering.delete(served));
  });
  const way = reach(socketPath);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(way.address, resolve);
    });
  } catch (error) {
    way.release();
    throw error;
  }
  chmodSync(socketPath, 0o600);
  return { close: () => closeServer(server, way, sockets, answering, socketPath) };
}

async function serve(socket: Socket, handler: ControlHandler): Promise<void> {
  try {
    for await (const line of socketLines(socket, MAX_CONTROL_LINE_BYTES)) {
      await answer(socket, line, handler);
      return;
    }
  } catch {
    // The peer is gone; there is nobody to tell.
    socket.destroy();
  }
}

async function answer(socket: Socket, line: string, handler: ControlHandler): Promise<void> {
  try {
    const request = parseRequest(line);
    if (request.op === 'watch') {
      watch(socket, handler);
      return;
    }
    socket.end(JSON.stringify({ v: PROTOCOL_VERSION, ok: true, reply: await handler.handle(request) }) + '\n');
  } catch (error) {
    socket.end(JSON.stringify({ v: PROTOCOL_VERSION, ok: false, error: wireError(asConduxtError(error)) }) + '\n');
  }
}

function watch(socket: Socket, handler: ControlHandler): void {
  const stop = handler.watch((reply) => {
    if (socket.writableLength > MAX_UNSENT_BYTES) socket.destroy();
    else socket.write(JSON.stringify({ v: PROTOCOL_VERSION, ok: true, reply }) + '\n');
  });
  socket.once('close', stop);
  socket.resume();
}

function asConduxtError(error: unknown): ConduxtError {
  if (error instanceof ConduxtError) return error;
  return new ConduxtError('internal', ExitCode.internal, `Internal error in the host: ${messageOf(error)}`, {
    cause: error,
  });
}

/** Requests that have arrived are still answered, within a bound; watchers are sent away. */
async function closeServer(
  server: Server,
  way: Reach,
  sockets: ReadonlySet<Socket>,
  answering: ReadonlySet<Promise<void>>,
  socketPath: string,
): Promise<void> {
  rmSync(socketPath, { force: true });
  // Node removes the socket by the address it listens at, so the way must lead there until then.
  const closed = new Promise<void>((resolve) => server.close(() => resolve())).then(() => way.release());
  await Promise.race([Promise.allSettled([...answering]), delay(CLOSE_GRACE_MS, undefined, { ref: false })]);
  for (const socket of sockets) {
    if (socket.writableLength === 0) socket.destroy();
    else socket.once('drain', () => socket.destroy());
  }
  await Promise.race([closed, delay(CLOSE_GRACE_MS, undefined, { ref: false })]);
  for (const socket of sockets) socket.destroy();
}
