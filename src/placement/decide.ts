import { unreachable } from '../errors.ts';
import type { Classified } from './command-class.ts';

export const routes = ['direct', 'durable'] as const;
/** `direct`: run here and now, with its exit code. `durable`: in a tmux session that outlives the caller. */
export type Route = (typeof routes)[number];

export const estimates = ['short', 'medium', 'long', 'unknown'] as const;
/** How long somebody thinks it takes: below the lower threshold, between both, above the upper one. */
export type Estimate = (typeof estimates)[number];

export interface Thresholds {
  /** A command that ends sooner runs directly, whatever it is. */
  readonly directBelowSeconds: number;
  /** A command that takes longer gets a session. Between both, a longer time limit is better than a session. */
  readonly durableAboveSeconds: number;
}

export interface CommandFacts {
  readonly asked: Route | null;
  /** A number of seconds, or a word; null: nobody said. */
  readonly estimate: Estimate | number | null;
  /** It needs a terminal, or somebody who types. */
  readonly interactive: boolean;
  /** One of several that run side by side. */
  readonly parallel: boolean;
  /** It has to go on when its caller, or the connection, is gone. */
  readonly outlives: boolean;
  /** Somebody waits for words it prints, and it goes on after that. */
  readonly awaited: boolean;
  readonly classified: Classified;
  /** `timeout 20 …`: it cannot take longer. */
  readonly boundSeconds: number | null;
}

export const rules = [
  ...(['asked', 'parallel', 'interactive', 'outlives', 'awaited', 'endless', 'remote', 'no-estimate'] as const),
  ...(['long', 'near-limit', 'short', 'default'] as const),
] as const;

export interface Decision {
  readonly route: Route;
  readonly rule: (typeof rules)[number];
  /** One clause, for people. */
  readonly reason: string;
  /** A time limit for the call, where a longer one is the better answer; otherwise null. */
  readonly suggestedTimeoutSeconds: number | null;
}

/** How much longer than the upper threshold a call should wait for a command that is near it. */
const ROOM = 5;

/**
 * Where a command runs. Direct by default; a session only when one of the conditions holds: it takes long, does not end,
 * needs a terminal, runs beside others, or must outlive its caller. What somebody says about its time counts more than
 * what its words tell, but not about whether it ends.
 */
export function decide(facts: CommandFacts, thresholds: Thresholds): Decision {
  const { classified, asked } = facts;
  if (asked !== null) return decision(asked, 'asked', 'it was asked for');
  if (facts.parallel) return durable('parallel', 'it runs beside others and is kept apart from them');
  if (facts.interactive) return durable('interactive', 'it needs a terminal of its own');
  if (facts.awaited) return durable('awaited', 'its output is waited for, and it goes on after that');
  if (facts.outlives) return durable('outlives', 'it has to go on after this call');
  const length = lengthOf(facts, thresholds);
  const isBounded = facts.boundSeconds !== null && facts.boundSeconds <= thresholds.durableAboveSeconds;
  if (classified.class === 'endless' && !isBounded) {
    return durable('endless', `"${classified.what}" does not end by itself`);
  }
  if (classified.class === 'interactive') return durable('interactive', `"${classified.what}" needs a terminal`);
  if (length !== null) return byLength(length, facts, thresholds);
  switch (classified.class) {
    case 'remote':
      return durable('remote', `"${classified.what}" works over a connection that may drop`);
    case 'long':
      return durable('long', `"${classified.what}" usually takes more than ${thresholds.durableAboveSeconds} s`);
    case 'near':
      return nearLimit(`"${classified.what}" may take around ${thresholds.directBelowSeconds} s`, thresholds);
    case 'endless':
    case 'unknown':
      return decision('direct', 'default', 'nothing says that it takes long, waits for somebody, or does not end');
    default:
      return unreachable(classified.class, 'class');
  }
}

function lengthOf({ estimate, boundSeconds }: CommandFacts, thresholds: Thresholds): Estimate | null {
  const said = typeof estimate === 'number' ? wordFor(estimate, thresholds) : estimate;
  if (boundSeconds === null) return said;
  const bound = wordFor(boundSeconds, thresholds);
  return said === null || said === 'unknown' || estimates.indexOf(bound) < estimates.indexOf(said) ? bound : said;
}

function wordFor(seconds: number, { directBelowSeconds, durableAboveSeconds }: Thresholds): Estimate {
  if (seconds < directBelowSeconds) return 'short';
  return seconds > durableAboveSeconds ? 'long' : 'medium';
}

function byLength(length: Estimate, { estimate, boundSeconds }: CommandFacts, thresholds: Thresholds): Decision {
  const said = typeof estimate === 'number' ? `${estimate} s` : estimate;
  const why = boundSeconds === null ? `its estimate is ${said}` : `it is ended after ${boundSeconds} s`;
  switch (length) {
    case 'short':
      return decision('direct', 'short', why);
    case 'medium':
      return nearLimit(why, thresholds);
    case 'long':
      return durable('long', why);
    case 'unknown':
      return durable('no-estimate', 'nobody can say how long it takes');
    default:
      return unreachable(length, 'estimate');
  }
}

const durable = (rule: Decision['rule'], reason: string): Decision => decision('durable', rule, reason);

const nearLimit = (why: string, { durableAboveSeconds }: Thresholds): Decision => ({
  ...decision('direct', 'near-limit', `${why}; a longer time limit is better than a session`),
  suggestedTimeoutSeconds: durableAboveSeconds * ROOM,
});

const decision = (route: Route, rule: Decision['rule'], reason: string): Decision => ({
  route,
  rule,
  reason,
  suggestedTimeoutSeconds: null,
});
