import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { classify } from '../../src/backend/acp/message.ts';
import { viewOf, viewOfMessage } from '../../src/backend/acp/view.ts';
import { parseCallback } from '../../src/callback/parse.ts';
import { parseConfig } from '../../src/config/load.ts';
import { parseRequest } from '../../src/control/parse-request.ts';
import { readJournal } from '../../src/journal/read-journal.ts';
import { encodeRecord } from '../../src/journal/record-line.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import { journalOf, queued } from '../session/samples.ts';

const WORDS = ['__proto__', 'constructor', 'prototype', 'update', 'params', 'sessionUpdate', 'agents', 'status', 'op'];

/** JSON texts with these keys at any depth; `JSON.parse` makes `__proto__` an own key, and copying it sets the prototype. */
const object = (inner: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> =>
  fc.array(fc.tuple(fc.constantFrom(...WORDS), inner), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
const leaf = fc.oneof(fc.constant({ polluted: true }), fc.jsonValue({ maxDepth: 1 }));
const hostile = object(fc.oneof(leaf, object(fc.oneof(leaf, object(leaf))))).map((value) =>
  JSON.stringify(value).replaceAll('"constructor"', '"__proto__"'),
);

/** What reads bytes of others. Its result, or null where it refuses in its own words. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  'the configuration': (text) => parseConfig(text, 'file'),
  'a callback': (text) => parseCallback(text),
  'a message of an agent': (text) => {
    const value: unknown = JSON.parse(text);
    return [classify(value), viewOf(value), viewOfMessage(value)];
  },
  'a request to a host': (text) => parseRequest(text),
};

/** Every object in a value has the plain prototype, or none, or that of a list or a class of ours. */
function hasStrangePrototype(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null || depth > 20) return false;
  if ('polluted' in value && !Object.hasOwn(value, 'polluted')) return true;
  return Object.values(value).some((inner) => hasStrangePrototype(inner, depth + 1));
}

describe('__proto__ in JSON', () => {
  for (const [what, read] of Object.entries(READERS))
    it(`sets no prototype in ${what}`, () => {
      fc.assert(
        fc.property(hostile, (text) => {
          let result: unknown = null;
          try {
            result = read(text);
          } catch (error) {
            assert.ok(error instanceof Error && error.name === 'ConduxtError', String(error));
          }
          assert.ok(!hasStrangePrototype(result), text);
          assert.ok(!('polluted' in Object.prototype), text);
        }),
        { numRuns: 1000 },
      );
    });

  it('sets no prototype in what is read from a journal', (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'conduxt-proto-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = path.join(directory, 'journal.ndjson');
    fc.assert(
      fc.property(hostile, (text) => {
        const [record] = journalOf([queued('a')]);
        assert.ok(record !== undefined);
        const extra = JSON.parse(text) as object;
        writeFileSync(file, encodeRecord(Object.fromEntries([...Object.entries(record), ['extra', extra]])));
        const { records } = readJournal(file);
        assert.equal(records.length, 1);
        assert.ok(!hasStrangePrototype(records) && !hasStrangePrototype(foldSession(records)));
      }),
      { numRuns: 100 },
    );
  });
});
