import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { resetTimeIn } from '../../src/route/reset-time.ts';

const NOW = Date.parse('2026-11-21T12:10:20.000Z');

describe('when a quota comes back', () => {
  const table: readonly [string, string | null][] = [
    ['quota exceeded until 2026-11-21T15:00:00Z', '2026-11-21T15:00:00.000Z'],
    ['resets at 2026-11-21T17:30:00+01:00.', '2026-11-21T16:30:00.000Z'],
    ['Claude AI usage limit reached|1795280400', '2026-11-21T17:00:00.000Z'],
    ['try again in 3 days 2 hours 5 minutes.', '2026-11-24T14:15:20.000Z'],
    ['Your quota will reset after 1h5m30s.', '2026-11-21T13:15:50.000Z'],
    ['Please retry in 35.2s', '2026-11-21T12:10:55.200Z'],
    ['Try again in 3 minutes.', '2026-11-21T12:13:20.000Z'],
    ['retry-after: 60', '2026-11-21T12:11:20.000Z'],
    ['{"retry-after":"60"}', '2026-11-21T12:11:20.000Z'],
    ['session limit · resets 3pm (Europe/Berlin)', '2026-11-21T14:00:00.000Z'],
    ['or try again at 3:05 PM.', '2026-11-21T15:05:00.000Z'],
    ['resets 11am', '2026-11-22T11:00:00.000Z'],
    ['resets at 12:10', '2026-11-22T12:10:00.000Z'],
    ['resets 3pm (Middle Earth)', '2026-11-21T15:00:00.000Z'],
    ['resets 3pm (Middle/Earth)', null],
    ['reached until 2026-11-20T15:00:00Z', null],
    ['in 900 days', null],
    ['HTTP 429 at 7', null],
    ['no time at all', null],
  ];
  for (const [text, expected] of table) {
    it(`${text}: ${expected ?? 'not said'}`, () => {
      const at = resetTimeIn(text, NOW, 'UTC');
      assert.equal(at === null ? null : new Date(at).toISOString(), expected);
    });
  }

  it('is in the future, or not said, whatever is written', () => {
    const words = fc.constantFrom(
      'at',
      'in',
      'resets',
      'after',
      '3',
      '99',
      ':',
      '05',
      'pm',
      'h',
      'days',
      '|',
      '(UTC)',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
        const at = resetTimeIn(parts.join(''), NOW, 'UTC');
        assert.ok(at === null || (at > NOW && Number.isFinite(at)));
      }),
    );
  });
});
