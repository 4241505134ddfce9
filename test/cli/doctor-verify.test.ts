import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { queued } from '../session/samples.ts';
import { Desk } from './scratch.ts';

interface Check {
  readonly name: string;
  readonly state: string;
  readonly text: string;
  readonly remedy: string | null;
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

  it('names a session whose record is damaged or of another version, says what to do, and reads its journal all the same', async (t) => {
    const desk = new Desk(t);
    const hurt = desk.session('hurt', [queued('a'), queued('b')]);
    truncateSync(hurt.paths.record, 100);
    const newer = desk.session('newer', [queued('a')]);
    writeFileSync(newer.paths.record, JSON.stringify({ ...newer.record, schemaVersion: 9 }));
    const gone = desk.session('gone', [queued('a')]);
    rmSync(gone.paths.journal);
    writeFileSync(`${gone.paths.epochs}/000001`, '');
    const checks = await journalChecks(desk);
    const about = (name: string): string =>
      checks.flatMap(({ text, remedy }) => (text.startsWith(name) ? [`${text} ${remedy}`] : [])).join();
    assert.match(about('hurt'), /session\.json is damaged.*backup/);
    assert.match(about('newer'), /another version of conduxt.*Upgrade/);
    assert.match(about('gone'), /is gone, and nobody knows/);
    assert.match(checks.at(-1)?.text ?? '', /3 records of 2 sessions are whole/);
  });

  it('reports a damaged update of a transcript with its place', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('hurt', [queued('a')]);
    for (let seq = 50; seq < 53; seq += 1) desk.update(paths, seq, { sessionUpdate: 'plan', entries: [] });
    const bytes = readFileSync(paths.transcript);
    const second = bytes.indexOf(10) + 1;
    bytes[bytes.indexOf('plan', second)] = 0x51;
    writeFileSync(paths.transcript, bytes);
    const { out, code } = await desk.run(['doctor', '--verify']);
    assert.match(out, new RegExp(`transcript +hurt: 1 damaged record \\(.* at offset ${second}\\)`));
    assert.equal(code, 1);
  });
});
