import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConduxtError } from '../../src/errors.ts';
import { fullName, namesMeant, projectSlug, purposeOf } from '../../src/placement/terminal-names.ts';

const naming = { prefix: 'oc-', project: 'shop' };

describe('the name of a terminal', () => {
  const given: readonly (readonly [string, string])[] = [
    ['dev', 'oc-shop-dev'],
    ['shop-dev', 'oc-shop-dev'],
    ['shop', 'oc-shop'],
    ['oc-dev', 'oc-dev'],
    ['dev-2', 'oc-shop-dev-2'],
  ];
  for (const [name, whole] of given) it(`${name} is ${whole}`, () => assert.equal(fullName(name, naming), whole));

  for (const name of ['42', 'dev_server', 'Dev', '', '-x', 'a b', 'oc-42', 'a.b', 'x'.repeat(41), '$(id)']) {
    it(`is refused: ${JSON.stringify(name.slice(0, 20))}`, () => {
      assert.throws(
        () => fullName(name, naming),
        (error) => error instanceof ConduxtError && error.code === 'invalid-name',
      );
    });
  }

  const commands: readonly (readonly [string, string])[] = [
    ['npm run dev', 'npm-dev'],
    ['npm test', 'npm-test'],
    ['./scripts/deploy.sh --now', 'deploy-sh'],
    ['PORT=3000 node server.js', 'node-server-js'],
    ['42', 'command'],
    ['%%%', 'command'],
  ];
  for (const [line, purpose] of commands) {
    it(`is made of the command: ${line}`, () => assert.equal(purposeOf(line), purpose));
  }

  it('is always one that may be given, begins with the prefix, and is found again by what it was made of', () => {
    const project = fc.string().map(projectSlug);
    fc.assert(
      fc.property(fc.string(), project, (line, each) => {
        const here = { prefix: 'oc-', project: each };
        const purpose = purposeOf(line);
        const whole = fullName(purpose, here);
        return /^oc-[a-z0-9][a-z0-9-]*$/.test(whole) && namesMeant(purpose, here).includes(whole);
      }),
    );
  });
});
