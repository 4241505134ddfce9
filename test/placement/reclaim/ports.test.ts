import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { parseListeners, portHolders } from '../../../src/placement/reclaim/ports.ts';

describe('who holds a port', () => {
  it('is read from the kernel’s own table', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
   1: 0100007F:0BB9 0100007F:1234 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0
   2: 00000000000000000000000000000000:1F90 0:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4713 1 0
`;
    assert.deepEqual(
      [...parseListeners(table)],
      [
        ['4711', 3000],
        ['4713', 8080],
      ],
    );
    assert.equal(parseListeners('').size, 0);
  });

  it('is this process, when it listens', { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    t.after(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    assert.ok(portHolders().some((each) => each.port === port && each.pid === process.pid));
  });
});
