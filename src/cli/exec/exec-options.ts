import { estimates, routes, type Estimate, type Route } from '../../placement/decide.ts';
import { asPattern } from '../../placement/readiness.ts';
import { parseDuration } from '../options.ts';
import { InvalidValue } from '../verb-command.ts';

/** As commander hands them over. */
export interface ExecOptions {
  readonly name?: string;
  readonly estimate?: Estimate | number;
  readonly route?: Route;
  readonly interactive?: boolean;
  readonly parallel?: boolean;
  readonly outlive?: boolean;
  readonly check?: RegExp;
  readonly timeout?: number;
  readonly reuse?: boolean;
  readonly replace?: boolean;
  readonly onMatch?: RegExp;
  readonly tell?: string;
  readonly times?: number;
}

/** A word, or a duration in seconds. */
export function parseEstimate(text: string): Estimate | number {
  const word = estimates.find((each) => each === text);
  if (word !== undefined) return word;
  try {
    return parseDuration('s')(text) / 1000;
  } catch {
    throw new InvalidValue(`Use ${estimates.join(', ')}, or a duration such as 90s.`);
  }
}

/** Each time may be a turn of an agent. */
const MAX_TIMES = 100;

export function parseTimes(text: string): number {
  const times = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (times < 1 || times > MAX_TIMES) throw new InvalidValue(`Use a number from 1 to ${MAX_TIMES}.`);
  return times;
}

export function parseRoute(text: string): Route {
  const route = routes.find((each) => each === text);
  if (route === undefined) throw new InvalidValue(`Use ${routes.join(' or ')}.`);
  return route;
}

export function parsePattern(text: string): RegExp {
  try {
    return asPattern(text);
  } catch {
    throw new InvalidValue('Use a regular expression such as "ready|listening".');
  }
}
