import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  judgeSession,
  scopes,
  type SessionFacts,
  type Verdict,
  type Wish,
} from '../../../src/placement/reclaim/policy.ts';

const HOUR = 3_600_000;
const wish = (over: Partial<Wish> = {}): Wish => ({ scope: 'agent-only', running: false, staleMs: 6 * HOUR, ...over });
const facts = (over: Partial<SessionFacts> = {}): SessionFacts => ({
  name: 'oc-shop-dev',
  kind: 'terminal',
  state: 'running',
  foreground: 'node',
  idleMs: 1000,
  isWatched: false,
  owner: 'none',
  isOwnHome: false,
  showsEmptyPrompt: false,
  ...over,
});
const idle = { state: 'idle', foreground: null, showsEmptyPrompt: true } as const;
const stale = { kind: 'other', ...idle, idleMs: 7 * HOUR } as const;
const everything = wish({ scope: 'all-stale' });

const TABLE: readonly (readonly [string, SessionFacts, Wish, Verdict['type']])[] = [
  ['a command of ours that runs', facts(), wish(), 'keep'],
  ['the same, when that is asked for', facts(), wish({ running: true }), 'end'],
  ['the same, when its session is over', facts({ owner: 'over' }), wish(), 'end'],
  ['a shell of ours that waits', facts(idle), wish(), 'end'],
  ['a shell of a session that goes on', facts({ ...idle, owner: 'alive' }), wish(), 'keep'],
  ['a shell of ours with something typed', facts({ ...idle, showsEmptyPrompt: false }), wish(), 'keep'],
  ['a command of ours that is over', facts({ state: 'ended', foreground: null }), wish(), 'end'],
  ['one whose server was stopped', facts({ state: 'gone', foreground: null }), wish(), 'end'],
  ['one that somebody looks at', facts({ ...idle, isWatched: true }), wish({ running: true }), 'keep'],
  ['the one this command runs in', facts({ isOwnHome: true, owner: 'over' }), wish({ running: true }), 'keep'],
  ['an agent that works', facts({ kind: 'agent', owner: 'alive' }), wish({ running: true }), 'keep'],
  ['an agent of a session that is over', facts({ kind: 'agent', owner: 'over' }), wish(), 'end'],
  ['an agent of a session nobody knows', facts({ kind: 'agent', owner: 'none' }), everything, 'keep'],
  ['somebody else’s, by default', facts(stale), wish({ running: true }), 'keep'],
  ['somebody else’s, stale', facts(stale), everything, 'propose'],
  ['somebody else’s, used an hour ago', facts({ ...stale, idleMs: HOUR }), everything, 'keep'],
  ['somebody else’s, exactly at the limit', facts({ ...stale, idleMs: 6 * HOUR }), everything, 'keep'],
  ['somebody else’s, of unknown age', facts({ ...stale, idleMs: null }), everything, 'keep'],
  ['somebody else’s, with a program', facts({ ...stale, state: 'running', foreground: 'vim' }), everything, 'keep'],
  ['somebody else’s, looked at', facts({ ...stale, isWatched: true }), everything, 'keep'],
  ['somebody else’s, whose screen says more', facts({ ...stale, showsEmptyPrompt: false }), everything, 'keep'],
];

describe('what is reclaimed', () => {
  for (const [what, given, asked, type] of TABLE) {
    it(`${type}: ${what}`, () => {
      const verdict = judgeSession(given, asked);
      assert.equal(verdict.type, type);
      assert.ok(verdict.reason.length > 5);
    });
  }

  it('never ends what is somebody else’s, and proposes it only when all is asked for', () => {
    const any = fc.record({
      state: fc.constantFrom('running', 'idle', 'ended', 'gone'),
      foreground: fc.option(fc.string()),
      idleMs: fc.option(fc.nat(100 * HOUR)),
      isWatched: fc.boolean(),
      owner: fc.constantFrom('none', 'alive', 'over'),
      showsEmptyPrompt: fc.boolean(),
    });
    const asked = fc.record({ scope: fc.constantFrom(...scopes), running: fc.boolean() });
    fc.assert(
      fc.property(any, asked, (given, said) => {
        const { type } = judgeSession(facts({ ...given, kind: 'other' }), wish(said));
        return type === 'keep' || (type === 'propose' && said.scope === 'all-stale');
      }),
    );
  });
});
