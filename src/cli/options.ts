import { InvalidArgumentError, type Command } from 'commander';

/** `90`, `90s`, `30m`, `2h`, `7d` as milliseconds; a bare number is minutes when `bare` says so, else seconds. */
export function parseDuration(bare: 'seconds' | 'minutes'): (text: string) => number {
  return (text) => {
    const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim()) ?? [];
    if (amount === undefined) throw new InvalidArgumentError('Use a duration such as 90s, 30m, 2h or 7d.');
    const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[
      (unit ?? (bare === 'seconds' ? 's' : 'm')) as 'ms' | 's' | 'm' | 'h' | 'd'
    ];
    const ms = Number(amount) * factor;
    if (ms <= 0) throw new InvalidArgumentError('It must be longer than nothing.');
    return ms;
  };
}

/** A whole number from `min` to `max`. */
export function parseCount(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Use a whole number from ${min} to ${max}.`);
  };
}

/** Collects a repeatable option. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** What every verb has: `--json`, and an example in its help. */
export function finishVerb(
  command: Command,
  help: { examples: readonly string[]; exits: string; notes?: string },
): Command {
  const notes = help.notes === undefined ? '' : `\n${help.notes}\n`;
  const title = help.examples.length === 1 ? 'Example' : 'Examples';
  return command
    .option('--json', 'print JSON (schemaVersion 1) on stdout')
    .addHelpText(
      'after',
      `${notes}\n${title}:\n${help.examples.map((each) => `  ${each}`).join('\n')}\n\nExit codes: ${help.exits}`,
    );
}
