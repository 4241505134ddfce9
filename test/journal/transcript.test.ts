import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { lastTranscriptSeq } from '../../src/journal/transcript-tail.ts';
import { decodeTranscript, encodeTranscript, transcriptSeq } from '../../src/journal/transcript.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'conduxt-transcript-'));
after(() => rmSync(directory, { recursive: true, force: true }));

describe('a transcript line', () => {
  it('gives back any JSON message unchanged, and is JSON itself', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.option(fc.stringMatching(/^t-[0-9a-z]{1,26}$/)), (json, seq, turnId) => {
        const message = Buffer.from(JSON.stringify(JSON.parse(json)));
        const line = encodeTranscript({ seq, epoch: 3, atMs: 1_700_000_000_000, turnId }, message);
        assert.equal(line.at(-1), 10);
        const bare = line.subarray(0, -1);
        const record = decodeTranscript(bare, 't-1');
        assert.deepEqual(record, { seq, epoch: 3, atMs: 1_700_000_000_000, turnId, message });
        assert.equal(transcriptSeq(bare), seq);
        assert.deepEqual((JSON.parse(bare.toString('utf8')) as { m: unknown }).m, JSON.parse(message.toString('utf8')));
      }),
    );
  });

  it('is refused when one byte of the message changed', () => {
    const line = encodeTranscript({ seq: 1, epoch: 1, atMs: 1, turnId: null }, Buffer.from('{"a":1}'));
    const changed = Buffer.from(line.toString('latin1').replace('"a":1', '"a":2'), 'latin1');
    assert.equal(decodeTranscript(changed.subarray(0, -1)), null);
  });

  it('is refused when any byte of its form changed, or is missing', () => {
    const line = encodeTranscript({ seq: 12, epoch: 3, atMs: 45, turnId: 't-1' }, Buffer.from('{"a":1}'));
    const anyValue = /\d(?=\d*,)|[\w-](?=[\w-]*",)/g;
    const bare = line.subarray(0, -1);
    const free = new Set([...bare.toString('latin1', 0, bare.indexOf('"m":')).matchAll(anyValue)].map((m) => m.index));
    for (let at = 0; at < bare.length; at += 1) {
      assert.equal(decodeTranscript(bare.subarray(0, at)), null, `the first ${at} bytes`);
      if (free.has(at)) continue;
      const changed = Buffer.from(bare);
      changed[at] = (changed[at] ?? 0) ^ 0x20;
      assert.equal(decodeTranscript(changed), null, changed.toString('latin1'));
    }
  });
});

describe('the end of a transcript', () => {
  const line = (seq: number, size: number): Buffer =>
    encodeTranscript({ seq, epoch: 1, atMs: 1, turnId: 't-1' }, Buffer.from(JSON.stringify('x'.repeat(size))));
  const write = (...parts: Buffer[]): string => {
    const file = path.join(directory, `t-${Math.random().toString(36).slice(2)}.ndjson`);
    writeFileSync(file, Buffer.concat(parts));
    return file;
  };

  it('is found behind lines longer than one read', () => {
    const lines = [line(1, 10), line(2, 300_000)];
    const file = write(...lines);
    assert.deepEqual(lastTranscriptSeq(file), { seq: 2, end: Buffer.concat(lines).length });
  });

  it('leaves out a torn last line', () => {
    const whole = line(7, 100);
    assert.deepEqual(lastTranscriptSeq(write(whole, line(8, 200_000).subarray(0, 150_000))), {
      seq: 7,
      end: whole.length,
    });
  });

  it('skips damaged lines to the last number that can be read', () => {
    const garbage = Buffer.from('garbage\n');
    const whole = line(7, 100);
    assert.deepEqual(lastTranscriptSeq(write(whole, garbage)), { seq: 7, end: whole.length + garbage.length });
  });

  it('is the beginning when there is no file or no line', () => {
    assert.deepEqual(lastTranscriptSeq(path.join(directory, 'none')), { seq: 0, end: 0 });
    assert.deepEqual(lastTranscriptSeq(write(Buffer.from('torn'))), { seq: 0, end: 0 });
  });
});
