import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { hostEnvironment } from '../../src/process/host-environment.ts';
import { Scratch, type LiveSession } from './scratch.ts';

const HOST = path.resolve(import.meta.dirname, '../../src/host/main.ts');
const HOUR = 3_600_000;

/**
 * The wall clock of one process, off by as many milliseconds as a file says; its monotonic clock is the machine's. So is a
 * clock that somebody sets while programs run.
 */
const WRONG_CLOCK = `data:text/javascript,
import { readFileSync } from 'node:fs';
const RealDate = Date;
const off = () => Number(readFileSync(process.env.CLOCK_OFF, 'utf8'));
globalThis.Date = class extends RealDate {
  constructor(...given) { if (given.length === 0) super(RealDate.now() + off()); else super(...given); }
  static now() { return RealDate.now() + off(); }
};`.replaceAll('\n', ' ');

/** A host whose wall clock the test can set. */
async function hostWithClock(
  session: LiveSession,
): Promise<{ readonly setOff: (ms: number) => void; readonly pid: number }> {
  const { scratch, record } = session;
  const file = path.join(scratch.root, `${record.name}.clock`);
  const setOff = (ms: number): void => writeFileSync(file, String(ms));
  setOff(0);
  const flags = ['--disable-warning=ExperimentalWarning', '--import', WRONG_CLOCK];
  const child = spawn(process.execPath, [...flags, HOST, scratch.home, record.id], {
    cwd: '/',
    env: { ...hostEnvironment(scratch.env), CLOCK_OFF: file },
    stdio: 'ignore',
    detached: true,
  });
  child.unref();
  await session.untilType('host-started');
  const pid = await session.host();
  assert.equal(pid, child.pid);
  return { setOff, pid };
}

describe('a wall clock that is set while a host runs', () => {
  for (const [name, jumpMs] of [
    ['a day ahead', 24 * HOUR],
    ['two hours back', -2 * HOUR],
  ] as const) {
    it(`${name} ends no turn, no question and no host, and changes no order`, async (t) => {
      const scratch = new Scratch(t);
      const goOn = path.join(scratch.root, 'go-on');
      const session = scratch.plain(
        {
          prompts: [
            {
              match: 'first',
              steps: [
                { type: 'text', text: 'x' },
                { type: 'wait-for-file', path: goOn },
                { type: 'text', text: 'y' },
              ],
            },
            { match: '.', steps: [{ type: 'text', text: 'ok' }] },
          ],
        },
        { limits: { turnTimeoutMs: HOUR, firstSignTimeoutMs: HOUR, taskTimeoutMs: HOUR } },
      );
      const { setOff, pid } = await hostWithClock(session);
      await session.tell('first');
      await session.untilType('prompt-accepted');
      setOff(jumpMs);
      await session.tell('second');
      const queued = session.journal().findLast((one) => one.type === 'prompt-queued');
      assert.ok(Math.abs(Date.parse(queued?.at ?? '') - Date.now() - jumpMs) < HOUR / 2, 'the clock did jump');
      await session.tell('third');
      setOff(0);
      await session.tell('fourth');
      writeFileSync(goOn, '');
      await session.untilType('turn-ended', 4);
      assert.deepEqual(
        session.prompts().map((text) => text.split('\n').at(-1)),
        ['first', 'second', 'third', 'fourth'],
      );
      const ends = session.journal().flatMap((one) => (one.type === 'turn-ended' ? [one.verdict] : []));
      assert.deepEqual(ends, ['done', 'done', 'done', 'done']);
      const seqs = session.journal().map(({ seq }) => seq);
      assert.deepEqual(
        seqs,
        seqs.toSorted((a, b) => a - b),
      );
      assert.equal(await session.host(), pid, 'the same host');
    });
  }

  it('does not keep a limit from being kept: a turn still ends in its time', async (t) => {
    const scratch = new Scratch(t);
    const session = scratch.plain(
      { prompts: [{ match: '.', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] }] },
      { limits: { turnTimeoutMs: 1_500 } },
    );
    const { setOff } = await hostWithClock(session);
    await session.tell('first');
    await session.untilType('prompt-accepted');
    setOff(-24 * HOUR);
    const begin = performance.now();
    await session.untilType('turn-ended');
    assert.ok(performance.now() - begin < 15_000);
  });
});
