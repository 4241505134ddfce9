import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cutTo, displayWidth, fit } from '../../src/views/columns.ts';
import { expectedDuration, type PastTask } from '../../src/views/expected-duration.ts';
import { safeJson } from '../../src/views/json-text.ts';
import { formatBytes, formatCount, formatDuration, formatUsage, shortDuration } from '../../src/views/quantities.ts';

const S = 1000;
const M = 60 * S;
const H = 60 * M;

describe('quantities for people', () => {
  it('durations', () => {
    const table: readonly [number, string, string][] = [
      [0, '0 ms', '0ms'],
      [850, '850 ms', '850ms'],
      [4250, '4.2 s', '4s'],
      [9999, '9.9 s', '9s'],
      [42 * S, '42 s', '42s'],
      [3 * M + 5 * S, '3 min 05 s', '3m05'],
      [2 * H + 10 * M, '2 h 10 min', '2h10'],
      [50 * H, '2 d 2 h', '2d'],
    ];
    for (const [ms, long, short] of table) assert.deepEqual([formatDuration(ms), shortDuration(ms)], [long, short]);
  });

  it('counts, bytes and usage', () => {
    assert.deepEqual([950, 12_345, 4_500_000].map(formatCount), ['950', '12.3k', '4.5M']);
    assert.deepEqual([12, 2048, 5 * 1024 * 1024].map(formatBytes), ['12 bytes', '2.0 KiB', '5.0 MiB']);
    assert.equal(formatUsage({}), null);
    assert.equal(formatUsage({ inputTokens: 900, outputTokens: 100 }), '1.0k tokens');
    assert.equal(formatUsage({ totalTokens: 10, costAmount: 0.5, costCurrency: 'USD' }), '10 tokens, 0.50 USD');
  });
});

describe('columns', () => {
  it('are as wide as asked for, whatever the script', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme-ascii' }),
        fc.constantFrom('', '日本', 'é'),
        fc.integer({ min: 1, max: 30 }),
        (text, more, width) => {
          const fitted = fit(text + more, width);
          assert.ok(displayWidth(fitted) === width, `${JSON.stringify(fitted)} in ${width}`);
        },
      ),
    );
  });

  it('show that something was cut', () => {
    assert.equal(cutTo('pagination', 6), 'pagin…');
    assert.equal(cutTo('日本語', 5), '日本…');
    assert.equal(cutTo('short', 6), 'short');
  });
});

describe('JSON for a terminal', () => {
  it('means the same and holds nothing a terminal would act on', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = safeJson({ text, '\u202e': 1 });

        assert.doesNotMatch(json, /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/);
        assert.deepEqual(JSON.parse(json), { text, '\u202e': 1 });
      }),
    );
  });
});

describe('the expected duration', () => {
  const past = (kind: PastTask['kind'], agent: string, ...minutes: number[]): PastTask[] =>
    minutes.map((each) => ({ kind, agent, durationMs: each * M }));

  it('is the median of the most comparable tasks there are enough of', () => {
    const fixes = past('fix', 'claude', 10, 2, 30);
    assert.deepEqual(expectedDuration(fixes, { kind: 'fix', agent: 'claude' }), {
      medianMs: 10 * M,
      samples: 3,
      basis: 'kind-and-agent',
    });
    assert.equal(expectedDuration(fixes, { kind: 'fix', agent: 'codex' })?.basis, 'kind');
    assert.deepEqual(expectedDuration([...fixes, ...past('feat', 'codex', 4)], { kind: 'docs', agent: 'x' }), {
      medianMs: 7 * M,
      samples: 4,
      basis: 'repository',
    });
  });

  it('is not guessed from too little', () => {
    assert.equal(expectedDuration(past('fix', 'claude', 1, 2), { kind: 'fix', agent: 'claude' }), null);
  });
});
