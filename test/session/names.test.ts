import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConduxtError } from '../../src/errors.ts';
import { checkName, isGenericName, nameProblem } from '../../src/session/names.ts';

describe('the name of a session', () => {
  const table: readonly (readonly [string, ReturnType<typeof nameProblem>])[] = [
    ['refactor-auth', undefined],
    ['issue-78', undefined],
    ['0-day', undefined],
    ['', 'empty'],
    ['78', 'digits-only'],
    ['Refactor', 'characters'],
    ['refactor_auth', 'characters'],
    ['-rf', 'characters'],
    ['a b', 'characters'],
    ['../up', 'characters'],
    ['größe', 'characters'],
    ['a\n', 'characters'],
    ['a'.repeat(41), 'too-long'],
    ['s-01jd0000000000000000000000', 'session-id'],
  ];
  for (const [name, problem] of table) {
    it(`${JSON.stringify(name.slice(0, 30))} is ${problem ?? 'taken'}`, () => {
      assert.equal(nameProblem(name), problem);
      if (problem === undefined) assert.equal(checkName(name), name);
      else
        assert.throws(
          () => checkName(name),
          (error) =>
            error instanceof ConduxtError && error.code === 'invalid-name' && /not a valid/.test(error.message),
        );
    });
  }

  it('holds nothing but lowercase letters, digits and hyphens, whatever is tried', () => {
    fc.assert(fc.property(fc.string(), (text) => nameProblem(text) !== undefined || /^[a-z0-9][a-z0-9-]*$/.test(text)));
  });

  it('is generic when it says nothing', () => {
    for (const name of ['s1', 'test', 'tmp', 'foo2', 'session']) assert.ok(isGenericName(name), name);
    for (const name of ['dev-server', 'tests-api', 'issue-78', 'foobar']) assert.ok(!isGenericName(name), name);
  });
});
