import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { configFileSchema, readConfigFile } from '../../src/config/schema.ts';

const value = fc.oneof(
  fc.constantFrom(1, 0, -1, 30, true, false, null, '', 'claude', 'main', 'auto', 'approve-all', 'x\0', '../x'),
  fc.jsonValue(),
);
const inner = fc.dictionary(
  fc.constantFrom('command', 'setup', 'turns', 'perUser', 'mode', 'rules', 'nonsense', '__proto__', 'claude'),
  value,
);
const keys = fc.constantFrom(...Object.keys(configFileSchema().shape), 'nonsense', '__proto__', 'toString');

it('is read in the parts that a document has as it is read in the whole', () => {
  let [good, bad] = [0, 0];
  const isTheSame = (document: unknown): void => {
    const [read, whole] = [readConfigFile(document), configFileSchema().safeParse(document)];
    assert.deepEqual(read.data, whole.data);
    assert.deepEqual(Object.keys(read.data ?? {}), Object.keys(whole.data ?? {}));
    assert.deepEqual(read.error?.issues, whole.error?.issues);
    if (read.success) good += 1;
    else bad += 1;
  };
  const document = fc
    .array(fc.tuple(keys, fc.oneof(value, inner)), { maxLength: 4 })
    // As `JSON.parse` makes it: `__proto__` is a key like any other.
    .map(
      (entries) => JSON.parse(`{${entries.map(([key, of]) => `"${key}":${JSON.stringify(of)}`).join(',')}}`) as unknown,
    );
  fc.assert(fc.property(fc.oneof(document, fc.jsonValue()), isTheSame), { numRuns: 1000 });
  isTheSame({ draft: true, agent: 'claude', verify: { command: 'make test' }, permissions: { mode: 'ask' } });
  assert.ok(good > 50 && bad > 50, `${good} good, ${bad} bad`);
});
