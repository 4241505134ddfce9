/** Options of a program that take a value: letters (`-u x`, `-ux`) and long names (`--user x`, `--user=x`). */
export interface OptionShape {
  readonly letters?: string;
  readonly longs?: readonly string[];
}

export interface Parsed {
  /** Every option as `[name, value]`: one letter, or the long name without hyphens; value null for a flag. */
  readonly options: readonly (readonly [string, string | null])[];
  readonly operands: readonly string[];
  /** Where `--` stood among the operands, or null. */
  readonly separator: number | null;
}

/**
 * Reads arguments as getopt does.
 * @param stopsEarly the first operand ends the options, as for a program that runs another one.
 */
export function parseOptions(args: readonly string[], shape: OptionShape, stopsEarly = false): Parsed {
  const options: [string, string | null][] = [];
  const operands: string[] = [];
  let separator: number | null = null;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (separator !== null || arg === '-' || !arg.startsWith('-')) {
      if (stopsEarly) return { options, operands: args.slice(at), separator };
      operands.push(arg);
    } else if (arg === '--') {
      separator = operands.length;
      if (stopsEarly) return { options, operands: args.slice(at + 1), separator };
    } else if (arg.startsWith('--')) {
      const [name = '', value] = splitOnce(arg.slice(2), '=');
      const takes = value === undefined && shape.longs?.includes(name) === true;
      options.push([name, takes ? (args[(at += 1)] ?? '') : (value ?? null)]);
    } else at += readLetters(arg.slice(1), args[at + 1], shape.letters ?? '', options);
  }
  return { options, operands, separator };
}

/** @returns how many of the following arguments were taken. */
function readLetters(
  letters: string,
  following: string | undefined,
  withValue: string,
  options: [string, string | null][],
): number {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] ?? '';
    if (!withValue.includes(letter)) {
      options.push([letter, null]);
      continue;
    }
    const attached = letters.slice(at + 1);
    options.push([letter, attached === '' ? (following ?? '') : attached]);
    return attached === '' ? 1 : 0;
  }
  return 0;
}

export function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Git and getopt take any beginning of a long option's name that is long enough to mean something. */
export const isLong = (given: string, name: string, minChars: number): boolean =>
  given.length >= minChars && name.startsWith(given);
