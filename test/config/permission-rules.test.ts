import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseRules } from '../../src/cli/run/permission-default.ts';
import { DEFAULTS, withLayer } from '../../src/config/config.ts';
import { splitGuarded } from '../../src/config/guarded-keys.ts';
import { problemsOf } from '../../src/config/problem.ts';
import { configFileSchema, type ConfigFile } from '../../src/config/schema.ts';
import type { PermissionRule } from '../../src/session/permission-rule.ts';
import { plannedTaskJson, plannedTaskLines } from '../../src/views/plan.ts';
import { sessionRecord, taskSpec } from '../session/samples.ts';

const allow: PermissionRule = { command: 'npm *', action: 'allow' };
const deny: PermissionRule = { tool: 'edit', path: '.env', action: 'deny' };

const read = (document: unknown): ConfigFile => configFileSchema().parse(document);
function problem(permissions: unknown): string {
  const document = { permissions };
  const parsed = configFileSchema().safeParse(document);
  assert.equal(parsed.success, false);
  return problemsOf(parsed.error, document)
    .map(({ what }) => what)
    .join('; ');
}

describe('permissions.rules', () => {
  it('stand beside the mode, which may also stand alone', () => {
    assert.deepEqual(read({ permissions: 'ask' }).permissions, 'ask');
    const config = withLayer(DEFAULTS, read({ permissions: { mode: 'ask', rules: [allow] } }));
    assert.deepEqual([config.permissions, config.permissionRules], ['ask', [allow]]);
  });

  it('add up over the layers: none takes another one’s away', () => {
    const user = withLayer(DEFAULTS, { permissions: { rules: [deny] } });
    const both = withLayer(withLayer(user, { permissions: { rules: [allow] } }), { permissions: 'deny-all' });
    assert.deepEqual([both.permissions, both.permissionRules], ['deny-all', [deny, allow]]);
  });

  it('are refused with the key and what is allowed there', () => {
    const cases: [unknown, RegExp][] = [
      ['yolo', /^"permissions" is "yolo", but must be one of "approve-all"/],
      [7, /^"permissions" is 7, but must be one of/],
      [{ mode: 'yolo' }, /^"permissions\.mode" is "yolo", but must be one of "approve-all"/],
      [{ rules: {} }, /^"permissions\.rules" is \{\}, but must be a list of rules/],
      [
        { rules: [{ command: 'x', action: 'forbid' }] },
        /^"permissions\.rules\[0\]\.action" is "forbid", but must be one of "allow", "deny", "ask"$/,
      ],
      [{ rules: [allow, { command: 'x' }] }, /^"permissions\.rules\[1\]\.action" is missing, but must be one of/],
      [{ rules: [{ action: 'deny' }] }, /^"permissions\.rules\[0\]" is .*, but must be a rule with at least one of/],
      [
        { rules: [{ tools: 'x', action: 'deny' }] },
        /^"permissions\.rules\[0\]\.tools" is not a known key \(did you mean "permissions\.rules\[0\]\.tool"\?\)/,
      ],
      [{ rule: [] }, /^"permissions\.rule" is not a known key \(did you mean "permissions\.rules"\?\)/],
    ];
    for (const [permissions, expected] of cases) assert.match(problem(permissions), expected);
  });

  it('of a repository that nobody trusts may refuse and ask, and not allow', () => {
    const permissions = { mode: 'approve-all', rules: [allow, deny] } as const;
    const split = splitGuarded({ permissions: { ...permissions, rules: [...permissions.rules] } });
    assert.deepEqual(split.keys, ['permissions']);
    assert.deepEqual(split.harmless.permissions, { rules: [deny] });
    assert.equal(splitGuarded({ permissions: { mode: 'ask', rules: [deny] } }).hash, null);
  });

  it('that allow do not count for a stranger’s words, unless a flag says what counts', () => {
    const config = { permissionRules: [allow, deny] };
    assert.deepEqual(chooseRules(undefined, config, { trust: 'untrusted' }), { permissionRules: [deny] });
    assert.deepEqual(chooseRules('ask', config, { trust: 'untrusted' }), { permissionRules: [allow, deny] });
    assert.deepEqual(chooseRules(undefined, config, { trust: 'trusted' }), { permissionRules: [allow, deny] });
    assert.deepEqual(chooseRules(undefined, { permissionRules: [] }, { trust: 'trusted' }), {});
  });

  it('are shown before the work begins', () => {
    const record = { ...sessionRecord({ permissionRules: [deny, allow] }), task: taskSpec() };
    const planned = { record, agentWhy: 'x', expected: null, warnings: [] };
    const shown = plannedTaskLines(planned).map((line) => line.map(({ text }) => text).join(''));
    assert.ok(
      shown.some((line) => /rules +deny edit \.env; allow npm \*$/.test(line)),
      shown.join('\n'),
    );
    assert.deepEqual(plannedTaskJson(planned).permissions.rules, [deny, allow]);
  });
});
