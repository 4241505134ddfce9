import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { readJournal, type JournalContents } from '../../src/journal/read-journal.ts';
import { encodeRecord } from '../../src/journal/record-line.ts';
import type { JournalRecord } from '../../src/session/events.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'conduxt-damage-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const file = path.join(directory, 'journal.ndjson');

function read(bytes: Buffer, from = 0): JournalContents {
  writeFileSync(file, bytes);
  return readJournal(file, from);
}

/** Texts with everything that could be taken for a line, a checksum or the end of one. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('\n', '"}\n{"', ',"c":"00000000"}', '\u0000', '\u2028', 'x'.repeat(5_000)),
);
const journal = fc.array(text, { minLength: 1, maxLength: 12 }).map((texts) =>
  texts.map((words, index): JournalRecord => ({
    ...{ seq: index + 1, epoch: 1, at: '2026-01-01T00:00:00.000Z', type: 'milestone', text: words },
  })),
);
/** A line of garbage; a journal is damaged by whole lines, too. */
const line = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => Buffer.from(bytes).map((byte) => (byte === 10 ? 11 : byte)));

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where each record's line is, with its newline. */
function linesOf(records: readonly JournalRecord[]): { readonly bytes: Buffer; readonly spans: readonly Span[] } {
  let end = 0;
  const lines = records.map(encodeRecord);
  const spans = lines.map((one) => ({ start: end, end: (end += one.length) }));
  return { bytes: Buffer.concat(lines), spans };
}

/** Every byte is accounted for: in a record, in a damaged line with its place, or behind the last line end. */
function everyByteCounts(bytes: Buffer, { damaged, end, tornBytes }: JournalContents): void {
  assert.equal(end + tornBytes, bytes.length);
  assert.ok(end === 0 || bytes[end - 1] === 10);
  assert.equal(bytes.subarray(end).includes(10), false);
  for (const { offset, bytes: length } of damaged) {
    assert.ok(offset === 0 || bytes[offset - 1] === 10, 'a damaged line begins at a line start');
    assert.equal(bytes.indexOf(10, offset), offset + length - 1, 'and ends at its end');
  }
}

describe('a journal file of any content', () => {
  it('is read without an error, and every byte of it is accounted for', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 3_000 }).map((array) => Buffer.from(array)),
      fc.array(fc.json(), { maxLength: 8 }).map((lines) => Buffer.from(lines.join('\n') + '\n')),
      fc
        .string({ unit: fc.constantFrom('{', '}', '"', 'c', ':', ',', '\n', '0', 'a'), maxLength: 200 })
        .map((s) => Buffer.from(s)),
    );
    fc.assert(
      fc.property(bytes, (content) => {
        const contents = read(content);
        everyByteCounts(content, contents);
        assert.equal(contents.records.length, 0, 'what was never written is no record');
      }),
      { numRuns: 300 },
    );
  });
});

describe('a journal that was damaged', () => {
  it('by one flipped bit loses at most the line it is in and the next, and names the place', () => {
    fc.assert(
      fc.property(journal, fc.nat(), fc.nat({ max: 7 }), (records, at, bit) => {
        const { bytes, spans } = linesOf(records);
        const place = at % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        const contents = read(bytes);
        everyByteCounts(bytes, contents);
        const hit = spans.findIndex(({ end }) => place < end);
        // A newline that is none any more joins two lines.
        const joined = place === (spans[hit]?.end ?? 0) - 1;
        const kept = records.filter((_, index) => index !== hit && !(joined && index === hit + 1));
        assert.deepEqual(contents.records, kept);
        assert.ok(contents.damaged.length > 0 || contents.tornBytes > 0, 'it went unnoticed');
        const reported = contents.damaged[0]?.offset ?? contents.end;
        assert.equal(reported, spans[hit]?.start);
      }),
      { numRuns: 500 },
    );
  });

  it('by lines put in between keeps every record and reports each of those lines', () => {
    fc.assert(
      fc.property(journal, fc.array(line, { minLength: 1, maxLength: 4 }), fc.nat(), (records, garbage, at) => {
        const { bytes, spans } = linesOf(records);
        const place = spans[at % spans.length]?.start ?? 0;
        const inserted = Buffer.concat(garbage.flatMap((one) => [one, Buffer.from('\n')]));
        const damaged = Buffer.concat([bytes.subarray(0, place), inserted, bytes.subarray(place)]);
        const contents = read(damaged);
        everyByteCounts(damaged, contents);
        assert.deepEqual(contents.records, records);
        assert.equal(contents.damaged.length, garbage.length);
        assert.equal(contents.damaged[0]?.offset, place);
      }),
    );
  });

  it('by a hole, or by other bytes in its place, keeps the records outside of it and makes up none', () => {
    fc.assert(
      fc.property(
        journal,
        fc.nat(),
        fc.nat({ max: 400 }),
        fc.uint8Array({ maxLength: 400 }),
        (records, at, length, other) => {
          const { bytes, spans } = linesOf(records);
          const from = at % bytes.length;
          const to = Math.min(bytes.length, from + length);
          const damaged = Buffer.concat([bytes.subarray(0, from), other, bytes.subarray(to)]);
          const contents = read(damaged);
          everyByteCounts(damaged, contents);
          const written = new Set(records.map((one) => JSON.stringify(one)));
          for (const one of contents.records) assert.ok(written.has(JSON.stringify(one)), 'a record nobody wrote');
          // The line that the hole ends in is whole only when the hole ends at its start, and a line end stands before it.
          const outside = records.filter(
            (_, index) => (spans[index]?.end ?? 0) <= from || (spans[index]?.start ?? 0) > to,
          );
          const seqs = new Set(contents.records.map(({ seq }) => seq));
          for (const { seq } of outside) assert.ok(seqs.has(seq), `record ${seq} was outside of the hole`);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('by a cut keeps all before it, and the rest of it is a torn line', () => {
    fc.assert(
      fc.property(journal, fc.nat(), (records, at) => {
        const { bytes, spans } = linesOf(records);
        const cut = at % (bytes.length + 1);
        const contents = read(bytes.subarray(0, cut));
        assert.deepEqual(
          contents.records,
          records.filter((_, index) => (spans[index]?.end ?? 0) <= cut),
        );
        assert.deepEqual(contents.damaged, []);
        assert.equal(contents.end + contents.tornBytes, cut);
      }),
    );
  });

  it('is read on from any line start as from the beginning', () => {
    fc.assert(
      fc.property(journal, fc.nat(), (records, at) => {
        const { bytes, spans } = linesOf(records);
        const first = at % spans.length;
        const contents = read(bytes, spans[first]?.start ?? 0);
        assert.deepEqual(contents.records, records.slice(first));
        assert.equal(contents.end, bytes.length);
      }),
    );
  });
});
