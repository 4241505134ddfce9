import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { main } from '../../src/cli/main.ts';
import type { FakeIo } from './fake-io.ts';
import { Desk } from './scratch.ts';

const LOOP = ['watchdog', '--interval', '50ms', '--json'];
const COULD_NOT = /This look could not be made/g;

async function until(fact: () => boolean, what: string): Promise<void> {
  for (const endMs = Date.now() + 10_000; !fact();) {
    assert.ok(Date.now() < endMs, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
const looks = (io: FakeIo): number => io.out().split('\n').length - 1;

describe('the loop of the watchdog', () => {
  it('looks again and again until Ctrl-C', async (t) => {
    const desk = new Desk(t);
    const io = desk.io();
    const ended = main(LOOP, io);
    await until(() => looks(io) >= 3, 'it looked less than three times');
    await io.pressCtrlC();
    assert.equal(await ended, 130);
    assert.equal(io.err(), 'Looking every 50 ms; Ctrl-C ends it.\n');
  });

  it('goes on when a look cannot be begun, says so once for each time, and looks as before when it can be', async (t) => {
    const desk = new Desk(t);
    const io = desk.io();
    const ended = main(LOOP, io);
    const place = path.join(desk.home, 'watchdog');
    await until(() => looks(io) > 0 && existsSync(place), 'it never looked');
    for (const time of [1, 2]) {
      renameSync(place, `${place}.away`);
      writeFileSync(place, '');
      await until(() => (io.err().match(COULD_NOT)?.length ?? 0) === time, `it did not say so: ${io.err()}`);
      const before = looks(io);
      rmSync(place);
      renameSync(`${place}.away`, place);
      await until(() => looks(io) > before + 1, `it does not look any more: ${io.err()}`);
    }
    await io.pressCtrlC();
    assert.equal(await ended, 130);
    assert.equal(io.err().match(COULD_NOT)?.length, 2);
  });

  it('ends when others can write to the state directory', async (t) => {
    const desk = new Desk(t);
    mkdirSync(desk.home);
    chmodSync(desk.home, 0o777);
    const io = desk.io();
    assert.equal(await main(LOOP, io), 6);
    assert.match(io.out(), /can be written by everybody/);
  });
});
