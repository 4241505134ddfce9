import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { readJournal } from '../../src/journal/read-journal.ts';
import { encodeRecord } from '../../src/journal/record-line.ts';
import { scanLines } from '../../src/journal/scan-lines.ts';

function scratch(t: TestContext): string {
  const root = mkdtempSync(path.join(tmpdir(), 'conduxt-lines-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return path.join(root, 'file');
}

describe('the lines of a file', () => {
  it('are those that stand there, with their places, however they fall into pieces', (t) => {
    const file = scratch(t);
    const size = fc.oneof(
      fc.nat(20),
      fc.integer({ min: 262_000, max: 262_300 }),
      fc.integer({ min: 524_000, max: 525_000 }),
    );
    fc.assert(
      fc.property(fc.array(size, { maxLength: 5 }), fc.nat(30), (sizes, rest) => {
        const texts = sizes.map((bytes, index) => String.fromCharCode(97 + index).repeat(bytes));
        writeFileSync(file, texts.map((text) => `${text}\n`).join('') + 'x'.repeat(rest));
        const seen: [string | undefined, number, number][] = [];
        const scan = scanLines(file, 0, 1_000_000, (line, offset, bytes) =>
          seen.push([line?.toString(), offset, bytes]),
        );
        let offset = 0;
        const expected = texts.map((text): [string, number, number] => {
          const place: [string, number, number] = [text, offset, text.length + 1];
          offset += text.length + 1;
          return place;
        });
        assert.deepEqual(seen, expected);
        assert.deepEqual(scan, { end: offset, rest });
      }),
      { numRuns: 40 },
    );
  });

  it('are told without their text when they are too long to be ours', (t) => {
    const file = scratch(t);
    writeFileSync(file, `a\n${'b'.repeat(300_000)}\nc\n`);
    const seen: [string | undefined, number, number][] = [];
    scanLines(file, 0, 1000, (line, offset, bytes) => seen.push([line?.toString(), offset, bytes]));
    assert.deepEqual(seen, [
      ['a', 0, 2],
      [undefined, 2, 300_001],
      ['c', 300_003, 2],
    ]);
  });

  it('cost no more than the file is long: a hundred megabytes without an end are read in seconds, and not held', (t) => {
    const file = scratch(t);
    const record = encodeRecord({ seq: 1, epoch: 1, at: '2026-01-01T00:00:00.000Z', type: 'milestone', text: 'x' });
    writeFileSync(file, record);
    truncateSync(file, record.length + 100_000_000);
    const before = process.memoryUsage.rss();
    const startedAt = performance.now();
    const { records, damaged, tornBytes } = readJournal(file);
    assert.deepEqual([records.length, damaged.length, tornBytes], [1, 0, 100_000_000]);
    const tookMs = performance.now() - startedAt;
    t.diagnostic(`${Math.round(tookMs)} ms, ${Math.round((process.memoryUsage.rss() - before) / 1e6)} MB`);
    assert.ok(tookMs < 10_000, `${tookMs} ms`);
  });
});
