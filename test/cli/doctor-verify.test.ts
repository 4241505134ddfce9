import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { queued } from '../session/samples.ts';
import { Desk } from './scratch.ts';

interface Check {
  readonly name: string;
  readonly state: string;
  readonly text: string;
}

async function journalChecks(desk: Desk): Promise<Check[]> {
  const { out } = await desk.run(['doctor', '--verify', '--json']);
  return (JSON.parse(out) as { checks: Check[] }).checks.filter(({ name }) => name.startsWith('journal'));
}

describe('conduxt doctor --verify', () => {
  it('finds nothing wrong with whole journals, and counts what it read', async (t) => {
    const desk = new Desk(t);
    desk.session('one', [queued('a'), queued('b')]);
    desk.session('two', [queued('a')]);
    const [check, more] = await journalChecks(desk);
    assert.equal(more, undefined);
    assert.deepEqual([check?.state, check?.text], ['good', '3 records of 2 sessions, every checksum is right']);
  });

  it('reports a flipped bit with its place, and a torn end as what it is', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('hurt', [queued('a'), queued('b'), queued('c')]);
    const bytes = readFileSync(paths.journal);
    const second = bytes.indexOf(10) + 1;
    bytes[second + 20] = (bytes[second + 20] ?? 0) ^ 1;
    writeFileSync(paths.journal, bytes);
    appendFileSync(paths.journal, '{"seq":4,');
    const checks = await journalChecks(desk);
    assert.deepEqual(
      checks.map(({ state }) => state),
      ['bad', 'note', 'note'],
    );
    assert.match(checks[0]?.text ?? '', new RegExp(`hurt: 1 damaged record \\(.* at offset ${second}\\)`));
    assert.match(checks[1]?.text ?? '', /torn by a crash \(9 bytes\)/);
    assert.match(checks[2]?.text ?? '', /2 records of 1 session are whole/);
    assert.equal((await desk.run(['doctor', '--verify'])).code, 1);
  });
});
