import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import ndjson from 'ndjson';
import { AppendFile } from '../../src/journal/append-file.ts';
import { readJournal } from '../../src/journal/read-journal.ts';
import { decodeRecord, encodeRecord } from '../../src/journal/record-line.ts';
import type { JournalRecord } from '../../src/session/events.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'conduxt-journal-'));
after(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => path.join(directory, `journal-${(files += 1)}.ndjson`);

const record = (seq: number, text = 'x'): JournalRecord => ({
  seq,
  epoch: 1,
  at: '2026-01-01T00:00:00.000Z',
  type: 'milestone',
  text,
});

describe('an append-only file', () => {
  it('holds every record in order, each readable by an independent NDJSON reader', async () => {
    const file = newFile();
    const appended = await AppendFile.open(file, 0);
    await Promise.all(Array.from({ length: 500 }, (_, index) => appended.append(encodeRecord(record(index + 1)))));
    await appended.close();
    const seqs: number[] = [];
    const parser = ndjson.parse();
    parser.on('data', (value: { seq: number }) => seqs.push(value.seq));
    parser.end(readFileSync(file));
    await new Promise((resolve) => parser.once('end', resolve));
    assert.deepEqual(
      seqs,
      Array.from({ length: 500 }, (_, index) => index + 1),
    );
    assert.equal(readJournal(file).records.length, 500);
  });

  it('accepts nothing once it was deleted', async () => {
    const file = newFile();
    const appended = await AppendFile.open(file, 0);
    await appended.append(encodeRecord(record(1)));
    rmSync(file);
    await assert.rejects(appended.append(encodeRecord(record(2))), { code: 'journal-lost', exitCode: 74 });
    await assert.rejects(appended.append(encodeRecord(record(3))), { code: 'journal-lost' });
    await appended.close();
  });

  it('is private to its owner', async () => {
    const file = newFile();
    await (await AppendFile.open(file, 0)).close();
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it('acknowledges only what is counted as synced', async () => {
    const appended = await AppendFile.open(newFile(), 0);
    const line = encodeRecord(record(1));
    const synced: number[] = [];
    appended.onSynced((bytes) => synced.push(bytes));
    await appended.append(line);
    assert.equal(appended.syncedBytes, line.length);
    assert.deepEqual(synced, [line.length]);
    await appended.close();
  });

  it('refuses for good, with a code of its own, when a failed write cannot be taken back', async () => {
    const appended = await AppendFile.open(newFile(), 0);
    await appended.append(encodeRecord(record(1)));
    await appended.close();
    // A closed descriptor stands for a device that refuses: write and truncate both fail, so the file stays refused.
    await assert.rejects(appended.append(encodeRecord(record(2))), { code: 'journal-broken', exitCode: 74 });
    await assert.rejects(appended.append(encodeRecord(record(3))), { code: 'journal-broken' });
  });

  it('ends nobody who does not ask what became of a line', async (t) => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown): number => unheard.push(reason);
    process.on('unhandledRejection', hear);
    t.after(() => process.off('unhandledRejection', hear));
    const appended = await AppendFile.open(newFile(), 0);
    await appended.close();
    await assert.rejects(appended.append(encodeRecord(record(1))), { code: 'journal-broken' });
    void appended.append(encodeRecord(record(2)));
    // Rejections nobody heard are told after the microtasks of a turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(unheard, []);
  });
});

describe('a patient append-only file', () => {
  it('waits for room and keeps the order', async (t) => {
    const disk = mkdtempSync(path.join(tmpdir(), 'conduxt-append-'));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status !== 0) {
      rmSync(disk, { recursive: true });
      t.skip('a file system cannot be mounted here (needs root)');
      return;
    }
    t.after(() => {
      spawnSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true, force: true });
    });
    const filler = path.join(disk, 'filler');
    const file = path.join(disk, 'transcript.ndjson');
    const appended = await AppendFile.open(file, 0, { settleMs: 0, retryMs: 5 });
    await appended.append(encodeRecord(record(1)));
    writeFileSync(filler, Buffer.alloc(56 * 1024));
    const late = [2, 3, 4].map((seq) => appended.append(encodeRecord(record(seq, 'x'.repeat(5000)))));
    await assert.rejects(
      Promise.race([late[0], new Promise((_, reject) => setImmediate(reject, new Error('still waiting')))]),
      /still waiting/,
    );
    rmSync(filler);
    await Promise.all(late);
    await appended.close();
    assert.deepEqual(
      readJournal(file).records.map((one) => one.seq),
      [1, 2, 3, 4],
    );
  });
});

describe('a journal that was cut off by a crash', () => {
  it('keeps its whole records whatever byte the last one ends at, and takes new ones after the cut', async () => {
    const good = Buffer.concat([encodeRecord(record(1)), encodeRecord(record(2))]);
    const last = encodeRecord(record(3, 'a text with ünïcode'));
    for (let cut = 0; cut < last.length; cut += 1) {
      const file = newFile();
      writeFileSync(file, Buffer.concat([good, last.subarray(0, cut)]));
      const contents = readJournal(file);
      assert.deepEqual(
        [contents.records.length, contents.damaged.length, contents.end, contents.tornBytes],
        [2, 0, good.length, cut],
      );
      if (cut % 20 !== 0) continue;
      const appended = await AppendFile.open(file, contents.end);
      await appended.append(encodeRecord(record(4)));
      await appended.close();
      assert.deepEqual(
        readJournal(file).records.map((one) => one.seq),
        [1, 2, 4],
      );
    }
  });

  it('reports a flipped bit with its place and keeps the neighbours', () => {
    const lines = [encodeRecord(record(1)), encodeRecord(record(2)), encodeRecord(record(3))];
    const middle = lines[1] ?? Buffer.alloc(0);
    for (let byte = 0; byte < middle.length - 1; byte += 7) {
      const file = newFile();
      const flipped = Buffer.from(middle);
      flipped[byte] = (flipped[byte] ?? 0) ^ 0x04;
      writeFileSync(file, Buffer.concat([lines[0] ?? Buffer.alloc(0), flipped, lines[2] ?? Buffer.alloc(0)]));
      const contents = readJournal(file);
      const seqs = contents.records.map((one) => one.seq);
      assert.deepEqual([seqs[0], seqs.at(-1)], [1, 3], `byte ${byte}`);
      assert.ok(contents.damaged.length > 0, `byte ${byte} went unnoticed`);
      assert.equal(contents.damaged[0]?.offset, lines[0]?.length);
    }
  });

  it('is empty when there is no file', () => {
    assert.deepEqual(readJournal(path.join(directory, 'none')), { records: [], damaged: [], end: 0, tornBytes: 0 });
  });

  it('can be read on from any line start', () => {
    const file = newFile();
    const first = encodeRecord(record(1));
    writeFileSync(file, Buffer.concat([first, encodeRecord(record(2))]));
    assert.deepEqual(
      readJournal(file, first.length).records.map((one) => one.seq),
      [2],
    );
    truncateSync(file, first.length);
    assert.equal(readJournal(file, first.length).records.length, 0);
  });
});

describe('a journal line', () => {
  it('is plain JSON with its checksum as the last field', () => {
    const line = encodeRecord(record(1)).toString('utf8');
    assert.match(line, /,"c":"[0-9a-f]{8}"\}\n$/);
    assert.equal((JSON.parse(line) as { seq: number }).seq, 1);
  });

  it('is refused when its checksum is missing or belongs to another line', () => {
    assert.equal(decodeRecord(Buffer.from('{"seq":1}')), null);
    assert.equal(decodeRecord(Buffer.from('')), null);
    const line = encodeRecord(record(1)).toString('utf8').trimEnd();
    assert.equal(decodeRecord(Buffer.from(line.replace('"seq":1', '"seq":2'))), null);
  });
});
