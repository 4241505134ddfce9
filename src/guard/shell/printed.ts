import path from 'node:path';
import type { GuardFacts } from '../facts.ts';
import { findRoots } from '../rules/remove.ts';
import { parseOptions } from './options.ts';
import type { ShellState } from './state.ts';
import { absolutePath, isWithin, SCRATCH, UNKNOWN } from './value.ts';

/** What a command prints: these texts, or paths below these directories, or nobody knows. */
export type Output = { readonly texts: readonly string[] } | { readonly below: readonly string[] } | 'unknown';

/** Of the few commands whose output can be told from their arguments. */
export function printed(argv: readonly string[], state: ShellState, facts: GuardFacts): Output | null {
  const args = argv.slice(1);
  switch ((argv[0] ?? '').replace(/^.*\//, '')) {
    case 'echo':
      return { texts: [echoed(args)] };
    case 'printf':
      return { texts: [formatted(args)] };
    case 'pwd':
      return { texts: state.places };
    case 'mktemp':
      // With a template it may be anywhere, also in a place that is not its own.
      return parseOptions(args, { letters: 'p', longs: ['tmpdir', 'suffix'] }).operands.some((arg) => arg.includes('/'))
        ? 'unknown'
        : { texts: [SCRATCH] };
    case 'realpath':
    case 'readlink': {
      const { operands } = parseOptions(args, {});
      const [target = ''] = operands;
      return {
        texts: state.places.map((place) => absolutePath(target, place)?.replace(`/${SCRATCH}`, SCRATCH) ?? UNKNOWN),
      };
    }
    case 'dirname':
      return { texts: [path.posix.dirname(args[0] ?? '')] };
    case 'git':
      return gitPrints(args, state, facts);
    case 'find':
      return { below: findRoots(argv) };
    case 'ls':
    case 'fd':
    case 'fdfind':
    case 'rg':
    case 'grep':
      return { below: ['.', ...args.filter((arg) => !arg.startsWith('-') && arg.includes('/'))] };
    default:
      return 'unknown';
  }
}

function gitPrints(args: readonly string[], { places }: ShellState, facts: GuardFacts): Output {
  const isAtHome = places.every((place) => {
    const absolute = absolutePath(place, '/');
    return absolute !== null && isWithin(absolute, facts.worktree);
  });
  if (!isAtHome) return 'unknown';
  const line = args.join(' ');
  if (line === 'rev-parse --show-toplevel') return { texts: [facts.worktree] };
  if (/^(?:branch --show-current|rev-parse --abbrev-ref HEAD|symbolic-ref (?:-q )?--short HEAD)$/.test(line)) {
    return { texts: [facts.taskBranch ?? UNKNOWN] };
  }
  return args[0] === 'ls-files' || line.startsWith('diff --name-only') ? { below: ['.'] } : 'unknown';
}

function echoed(args: readonly string[]): string {
  const start = args.findIndex((arg) => !/^-[neE]+$/.test(arg));
  return start < 0
    ? ''
    : unescaped(
        args.slice(start).join(' '),
        args.slice(0, start).some((arg) => arg.includes('e')),
      );
}

/** Escapes are read either way: with `sh` and `echo` nobody can tell, and the text matters more than the backslash. */
const unescaped = (line: string, reads: boolean): string => (reads ? readEscapes(line) : line);

function formatted(args: readonly string[]): string {
  const [format = '', ...rest] = args[0] === '--' ? args.slice(1) : args;
  const values = [...rest];
  let text = '';
  do {
    text += readEscapes(format).replaceAll(/%(?:%|[-+ #0-9.*]*([a-zA-Z]))/g, (whole, kind: string | undefined) => {
      if (whole === '%%') return '%';
      const value = values.shift() ?? '';
      return kind === 'b' ? readEscapes(value) : kind === 's' ? value : UNKNOWN;
    });
  } while (values.length > 0 && /%[^%]/.test(format) && text.length < 100_000);
  return text;
}

const NAMED: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  e: '\x1b',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

const readEscapes = (line: string): string =>
  line.replaceAll(
    /\\(?:x([0-9A-Fa-f]{1,2})|0?([0-7]{1,3})|([^]))/g,
    (whole, hex: string | undefined, octal: string | undefined, named: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return Object.hasOwn(NAMED, named ?? '') ? (NAMED[named ?? ''] ?? whole) : whole;
    },
  );
