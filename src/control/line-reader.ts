import type { Socket } from 'node:net';

/**
 * Lines from a control socket, at most `maxBytes` long. A longer line ends the connection: the peer is not one of us.
 */
export async function* socketLines(socket: Socket, maxBytes: number): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  // The reply still has to go out after the last line was read.
  const chunks = socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    let start = 0;
    for (let newline = chunk.indexOf(10); newline >= 0; newline = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, newline));
      yield Buffer.concat(parts).toString('utf8');
      parts = [];
      length = 0;
      start = newline + 1;
    }
    const rest = chunk.subarray(start);
    length += rest.length;
    if (length > maxBytes) {
      socket.destroy();
      return;
    }
    if (rest.length > 0) parts.push(rest);
  }
}
