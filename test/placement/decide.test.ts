import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decide, estimates, routes, type CommandFacts, type Decision } from '../../src/placement/decide.ts';
import type { CommandClass } from '../../src/placement/command-class.ts';

const THRESHOLDS = { directBelowSeconds: 30, durableAboveSeconds: 60 };

function facts(over: Partial<CommandFacts> = {}, kind: CommandClass = 'unknown'): CommandFacts {
  return {
    asked: null,
    estimate: null,
    interactive: false,
    parallel: false,
    outlives: false,
    awaited: false,
    classified: { class: kind, what: 'make it' },
    boundSeconds: null,
    ...over,
  };
}

/** The matrix: what is known, where it runs, and by which rule. */
const MATRIX: readonly (readonly [string, CommandFacts, Decision['route'], Decision['rule']])[] = [
  ['nothing at all', facts(), 'direct', 'default'],
  ['a short estimate', facts({ estimate: 'short' }), 'direct', 'short'],
  ['29 seconds', facts({ estimate: 29 }), 'direct', 'short'],
  ['30 seconds', facts({ estimate: 30 }), 'direct', 'near-limit'],
  ['a medium estimate', facts({ estimate: 'medium' }), 'direct', 'near-limit'],
  ['60 seconds', facts({ estimate: 60 }), 'direct', 'near-limit'],
  ['61 seconds', facts({ estimate: 61 }), 'durable', 'long'],
  ['a long estimate', facts({ estimate: 'long' }), 'durable', 'long'],
  ['an estimate that nobody can make', facts({ estimate: 'unknown' }), 'durable', 'no-estimate'],
  ['a server', facts({}, 'endless'), 'durable', 'endless'],
  ['a server that is said to be short', facts({ estimate: 'short' }, 'endless'), 'durable', 'endless'],
  ['a server that is ended after 20 s', facts({ boundSeconds: 20 }, 'endless'), 'direct', 'short'],
  ['a server that is ended after an hour', facts({ boundSeconds: 3600 }, 'endless'), 'durable', 'endless'],
  ['an editor', facts({}, 'interactive'), 'durable', 'interactive'],
  ['an editor that is said to be short', facts({ estimate: 'short' }, 'interactive'), 'durable', 'interactive'],
  ['a need to type', facts({ interactive: true }), 'durable', 'interactive'],
  ['one of several', facts({ parallel: true }), 'durable', 'parallel'],
  ['one of several, short', facts({ parallel: true, estimate: 'short' }), 'durable', 'parallel'],
  ['ssh', facts({}, 'remote'), 'durable', 'remote'],
  ['ssh for a moment', facts({ estimate: 'short' }, 'remote'), 'direct', 'short'],
  ['a build', facts({}, 'long'), 'durable', 'long'],
  ['a build that is said to be short', facts({ estimate: 'short' }, 'long'), 'direct', 'short'],
  ['a build under timeout 10', facts({ boundSeconds: 10 }, 'long'), 'direct', 'short'],
  ['a long estimate under timeout 10', facts({ estimate: 'long', boundSeconds: 10 }), 'direct', 'short'],
  ['a short estimate under timeout 600', facts({ estimate: 'short', boundSeconds: 600 }), 'direct', 'short'],
  ['git push', facts({}, 'near'), 'direct', 'near-limit'],
  ['words that are waited for', facts({ awaited: true }), 'durable', 'awaited'],
  ['it has to outlive the call', facts({ outlives: true, estimate: 'short' }), 'durable', 'outlives'],
  ['direct was asked for', facts({ asked: 'direct', estimate: 'long' }, 'endless'), 'direct', 'asked'],
  ['durable was asked for', facts({ asked: 'durable', estimate: 'short' }), 'durable', 'asked'],
];

describe('the route of a command', () => {
  for (const [what, given, route, rule] of MATRIX) {
    it(`is ${route} for ${what}`, () => {
      const decision = decide(given, THRESHOLDS);
      assert.deepEqual([decision.route, decision.rule], [route, rule]);
      assert.ok(decision.reason.length > 5);
    });
  }

  it('names a longer time limit, instead of a session, near the threshold only', () => {
    for (const [, given] of MATRIX) {
      const { rule, suggestedTimeoutSeconds } = decide(given, THRESHOLDS);
      assert.equal(suggestedTimeoutSeconds, rule === 'near-limit' ? 300 : null);
    }
  });

  it('follows the thresholds it is given', () => {
    const patient = { directBelowSeconds: 100, durableAboveSeconds: 1000 };
    assert.equal(decide(facts({ estimate: 99 }), patient).rule, 'short');
    assert.equal(decide(facts({ estimate: 1000 }), patient).route, 'direct');
    assert.equal(decide(facts({ estimate: 1001 }), patient).route, 'durable');
  });

  it('is what was asked for, whatever else is known', () => {
    const anything = fc.record({
      asked: fc.constantFrom(...routes),
      estimate: fc.oneof(fc.constant(null), fc.constantFrom(...estimates), fc.nat(10_000)),
      interactive: fc.boolean(),
      parallel: fc.boolean(),
      outlives: fc.boolean(),
      awaited: fc.boolean(),
      boundSeconds: fc.option(fc.nat(10_000)),
    });
    const kind = fc.constantFrom<CommandClass>('endless', 'interactive', 'remote', 'long', 'near', 'unknown');
    fc.assert(
      fc.property(anything, kind, (given, each) => decide(facts(given, each), THRESHOLDS).route === given.asked),
    );
  });

  it('is direct unless a condition holds: a longer estimate never makes a session less likely', () => {
    const seconds = fc.tuple(fc.nat(500), fc.nat(500)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(
      fc.property(seconds, ([less, more]) => {
        const [first, second] = [less, more].map((estimate) => decide(facts({ estimate }), THRESHOLDS).route);
        return !(first === 'durable' && second === 'direct');
      }),
    );
  });
});
