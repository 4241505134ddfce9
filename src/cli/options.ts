import { InvalidValue, type VerbCommand } from './verb-command.ts';

/** Timers end at 2^31 milliseconds: a longer one would fire at once. */
const MAX_TIMER_MS = 24 * 86_400_000;

/** `90s`, `30m`, `2h`, `7d` as milliseconds, up to `maxMs`; a bare number counts the `bare` unit. */
export function parseDuration(bare: 's' | 'm' | 'd', maxMs = MAX_TIMER_MS): (text: string) => number {
  return (text) => {
    const [, amount, unit = bare] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim()) ?? [];
    if (amount === undefined) throw new InvalidValue('Use a duration such as 90s, 30m, 2h or 7d.');
    const ms = Number(amount) * (UNITS[unit] ?? NaN);
    if (ms <= 0) throw new InvalidValue('It must be longer than nothing.');
    if (ms > maxMs) throw new InvalidValue(`It may be at most ${Math.floor(maxMs / 86_400_000)}d.`);
    return ms;
  };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A whole number from `min` to `max`. */
export function parseCount(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidValue(`Use a whole number from ${min} to ${max}.`);
  };
}

/** Collects a repeatable option. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** What every verb has: `--json`, and an example in its help. */
export function finishVerb(
  command: VerbCommand,
  help: { examples: readonly string[]; exits: string; notes?: string },
): VerbCommand {
  const notes = help.notes === undefined ? '' : `\n${help.notes}\n`;
  const title = help.examples.length === 1 ? 'Example' : 'Examples';
  return command
    .option('--json', 'print JSON (schemaVersion 1) on stdout')
    .addHelpText(
      'after',
      `${notes}\n${title}:\n${help.examples.map((each) => `  ${each}`).join('\n')}\n\nExit codes: ${help.exits}`,
    );
}
