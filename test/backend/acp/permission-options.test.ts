import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseOption } from '../../../src/backend/acp/permission-options.ts';
import type { PermissionAnswer } from '../../../src/backend/backend.ts';

const once: PermissionAnswer = { type: 'allow', always: false };
const always: PermissionAnswer = { type: 'allow', always: true };
const reject: PermissionAnswer = { type: 'reject' };

const option = (optionId: string, kind: string): object => ({ optionId, name: optionId, kind });
/** As real agents send them, in their order. */
const gemini = [
  option('proceed_always', 'allow_always'),
  option('proceed_once', 'allow_once'),
  option('cancel', 'reject_once'),
];
const codex = [
  option('allow_once', 'allow_once'),
  option('allow_always', 'allow_always'),
  option('cancel', 'reject_once'),
  option('decline', 'reject_once'),
];
const qwen = [option('once', 'allow_once'), option('auto_mode', 'allow_once'), option('no', 'reject_once')];
const onlyAlways = [option('a', 'allow_always'), option('r', 'reject_always')];

test('an option is chosen by its kind, preferred ids first, whatever the order', () => {
  const cases: readonly [string, PermissionAnswer, readonly unknown[], readonly string[], string][] = [
    ['once, although always is first', once, gemini, [], 'proceed_once'],
    ['always when it was asked for', always, gemini, [], 'proceed_always'],
    ['reject', reject, gemini, [], 'cancel'],
    ['the preferred of two rejections', reject, codex, ['decline', 'cancel'], 'decline'],
    ['the first of a kind without a preference', once, qwen, [], 'once'],
    ['a preferred id of another kind does not count', reject, qwen, ['once'], 'no'],
    ['reject_always when there is no other rejection', reject, onlyAlways, [], 'r'],
    ['once is never widened to always', once, onlyAlways, [], 'r'],
    ['always falls back to once', always, qwen, [], 'once'],
  ];
  for (const [name, answer, options, preferred, optionId] of cases) {
    assert.deepEqual(chooseOption(answer, options, preferred), { outcome: 'selected', optionId }, name);
  }
});

test('without a fitting option the outcome is cancelled', () => {
  const cases: readonly [PermissionAnswer, readonly unknown[]][] = [
    [reject, [option('yes', 'allow_once')]],
    [reject, []],
    [once, []],
    [once, [option('x', 'allow_for_a_day'), option('y', 'maybe')]],
    [once, [{ optionId: 'x' }, { kind: 'allow_once' }, null, 'allow_once']],
    [{ type: 'cancelled' }, gemini],
    // One id for both meanings: selecting it might allow.
    [reject, [option('same', 'allow_once'), option('same', 'reject_once')]],
  ];
  for (const [answer, options] of cases)
    assert.deepEqual(chooseOption(answer, options, ['x', 'yes']), { outcome: 'cancelled' });
});

test('whatever is offered, a refusal never selects what allows, and nothing unknown is ever selected', () => {
  const kinds = ['allow_once', 'allow_always', 'reject_once', 'reject_always', 'other'];
  const options = fc.array(
    fc.oneof(
      fc.record({ optionId: fc.constantFrom('a', 'b', 'c', 'd'), kind: fc.constantFrom(...kinds) }),
      fc.jsonValue(),
    ),
  );
  fc.assert(
    fc.property(
      options,
      fc.array(fc.constantFrom('a', 'b', 'c', 'd')),
      fc.constantFrom(once, always, reject),
      (offered, preferred, answer) => {
        const outcome = chooseOption(answer, offered, preferred);
        if (outcome.outcome === 'cancelled') return;
        const chosen = offered.filter(
          (item): item is { optionId: string; kind: string } =>
            typeof item === 'object' &&
            item !== null &&
            'optionId' in item &&
            'kind' in item &&
            item.optionId === outcome.optionId,
        );
        assert.ok(chosen.length > 0);
        for (const { kind } of chosen) {
          assert.notEqual(kind, 'other');
          if (answer.type === 'reject') assert.match(kind, /^reject_/);
          if (answer === once) assert.notEqual(kind, 'allow_always');
        }
      },
    ),
  );
});
