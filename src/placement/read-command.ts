import type { GuardFacts } from '../guard/facts.ts';
import { seenCommands } from '../guard/judge.ts';
import { heaviest, type Classified } from './command-class.ts';

/** What a command line is, also inside of `bash -c`, `env`, `sudo`, `nohup`, `cd … && …`. */
export interface CommandReading {
  readonly classified: Classified;
  /** Of `timeout`, in seconds; null without one. */
  readonly boundSeconds: number | null;
}

/** Nothing is refused here: the guard's eye is borrowed, not its judgement. */
const ANYWHERE: GuardFacts = { primaryBranch: 'main', taskBranch: null, worktree: '/', session: 'exec' };

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** Programs that run another one, which is listed beside them. */
const WRAPPER =
  /^(?:env|sudo|doas|nohup|setsid|time|nice|ionice|timeout|gtimeout|stdbuf|taskset|chrt|exec|command|(?:ba|da|z|k)?sh -\w*c\b)/;

export function readCommand(argv: readonly string[]): CommandReading {
  const whole = argv.join(' ');
  const { lines } = seenCommands(argv, ANYWHERE);
  const all = lines.length === 0 ? [whole] : lines;
  const inner = all.filter((line) => !WRAPPER.test(line));
  const [, amount, unit = ''] = /^g?timeout (?:-\S+ )*(\d+(?:\.\d+)?)([smhd]?) /.exec(whole) ?? [];
  return {
    classified: heaviest(inner.length === 0 ? all : inner),
    boundSeconds: amount === undefined ? null : Number(amount) * (UNITS[unit] ?? 1),
  };
}
