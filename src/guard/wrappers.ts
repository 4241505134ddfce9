import { parseOptions, type OptionShape } from './shell/options.ts';
import { UNKNOWN } from './shell/value.ts';

/** What a program that runs another one runs. */
export interface Inner {
  readonly argv: readonly string[];
  /** A shell line instead of, or before, the vector. */
  readonly text: string | null;
  readonly assignments: readonly (readonly [string, string])[];
  /** It runs in this directory. */
  readonly directory: string | null;
}

interface Wrapper extends OptionShape {
  /** Operands of its own before the command. */
  readonly operands?: number;
  readonly assigns?: boolean;
  readonly directories?: readonly string[];
  /** An option whose value is a shell line. */
  readonly lines?: readonly string[];
  /** The command is joined and given to a shell. */
  readonly isShell?: boolean;
}

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  env: {
    letters: 'uCS',
    longs: ['unset', 'chdir', 'split-string'],
    assigns: true,
    directories: ['C', 'chdir'],
    lines: ['S', 'split-string'],
  },
  sudo: {
    letters: 'ughpCrtTUDR',
    longs: ['user', 'group', 'host', 'prompt', 'chdir', 'chroot'],
    assigns: true,
    directories: ['D', 'chdir'],
  },
  doas: { letters: 'uC' },
  nohup: {},
  setsid: {},
  time: { letters: 'of', longs: ['output', 'format'] },
  nice: { letters: 'n', longs: ['adjustment'] },
  ionice: { letters: 'cnp', longs: ['class', 'classdata'] },
  timeout: { letters: 'sk', longs: ['signal', 'kill-after'], operands: 1 },
  gtimeout: { letters: 'sk', longs: ['signal', 'kill-after'], operands: 1 },
  stdbuf: { letters: 'ioe', longs: ['input', 'output', 'error'] },
  taskset: { letters: 'p', operands: 1 },
  chrt: { operands: 1 },
  unbuffer: {},
  exec: { letters: 'a' },
  command: {},
  builtin: {},
  busybox: {},
  toybox: {},
  strace: { letters: 'oeEpsPSaIObuX' },
  ltrace: { letters: 'oeEpsualn' },
  unshare: { letters: 'RwSG', longs: ['root', 'wd', 'setuid', 'setgid'] },
  chroot: { longs: ['userspec', 'groups'], operands: 1 },
  flock: {
    letters: 'wEc',
    longs: ['timeout', 'wait', 'conflict-exit-code', 'command'],
    operands: 1,
    lines: ['c', 'command'],
  },
  script: { letters: 'cEIBOTmo', longs: ['command'], operands: 1, lines: ['c', 'command'] },
  su: { letters: 'csgGw', longs: ['command', 'shell'], operands: 1, lines: ['c', 'command'] },
  runuser: { letters: 'csgGuw', longs: ['command', 'shell', 'user'], lines: ['c', 'command'] },
  watch: { letters: 'nq', longs: ['interval'], isShell: true },
  'systemd-run': { letters: 'pEMtu', longs: ['property', 'setenv', 'unit', 'description', 'slice'] },
  'xvfb-run': { letters: 'enspf', longs: ['server-args', 'server-num'] },
  npx: { letters: 'pc', longs: ['package', 'call'], lines: ['c', 'call'] },
  bunx: {},
  parallel: { letters: 'jaIS', longs: ['jobs', 'arg-file', 'colsep'], isShell: true },
  eval: { isShell: true },
};

/** The command inside, or null when `argv[0]` runs none. */
export function unwrap(argv: readonly string[]): Inner | null {
  const wrapper = Object.hasOwn(WRAPPERS, argv[0] ?? '') ? WRAPPERS[argv[0] ?? ''] : undefined;
  if (wrapper === undefined) return null;
  // `flock file -c line`, `su user -c line`: an operand of its own may come before the line.
  const first = parseOptions(argv.slice(1), wrapper, true);
  const lead = first.operands.slice(0, wrapper.operands ?? 0);
  const later = first.operands.slice(wrapper.operands ?? 0);
  const isLine = wrapper.lines !== undefined && /^-/.test(later[0] ?? '');
  const second = isLine ? parseOptions(later, wrapper, true) : { options: [], operands: later };
  const options = [...first.options, ...second.options];
  const valueOf = (names: readonly string[] | undefined): string | null =>
    options.find(([name]) => names?.includes(name))?.[1] ?? null;
  let rest = second.operands;
  const assignments: [string, string][] = [];
  while (wrapper.assigns === true) {
    const [, name, value] = /^([A-Za-z_]\w*)=([^]*)$/.exec(rest[0] ?? '') ?? [];
    if (name === undefined || value === undefined) break;
    assignments.push([name, value]);
    rest = rest.slice(1);
  }
  const line = valueOf(wrapper.lines);
  const joined = rest.join(' ');
  const text = wrapper.isShell === true && joined !== '' ? joined : line;
  // `command -v git` only looks.
  if (argv[0] === 'command' && options.some(([name]) => name === 'v' || name === 'V')) rest = [];
  // `env -S` and `su` with more words: both are looked at.
  return {
    argv: wrapper.isShell === true ? [] : lead.includes(UNKNOWN) ? [UNKNOWN, ...rest] : rest,
    text,
    assignments,
    directory: valueOf(wrapper.directories),
  };
}

export const SHELLS: ReadonlySet<string> = new Set([
  'sh',
  'bash',
  'dash',
  'zsh',
  'ksh',
  'ash',
  'mksh',
  'rbash',
  'fish',
  'csh',
  'tcsh',
]);

export interface ShellCall {
  /** `-c`: what it runs, with `$0`, `$1`, … behind it. */
  readonly line: string | null;
  readonly parameters: readonly string[];
  /** A file it reads its commands from. */
  readonly file: string | null;
}

/** A shell's own command line. Neither line nor file: it reads its standard input. */
export function shellCall(argv: readonly string[]): ShellCall {
  // `+x` takes an option away.
  const args = argv.slice(1).filter((arg) => !/^\+\w+$/.test(arg));
  const { options, operands } = parseOptions(args, { letters: 'oO', longs: ['rcfile', 'init-file'] }, true);
  const takesLine = options.some(([name]) => name === 'c');
  const readsInput = options.some(([name]) => name === 's');
  if (takesLine) return { line: operands[0] ?? '', parameters: operands.slice(2), file: null };
  return readsInput || operands.length === 0
    ? { line: null, parameters: operands, file: null }
    : { line: null, parameters: operands.slice(1), file: operands[0] ?? null };
}

/** `xargs`: its command, and what its words are appended to or put in for. */
export function xargsCall(argv: readonly string[]): { readonly argv: readonly string[]; readonly mark: string | null } {
  const shape = {
    letters: 'adEILnPsJR',
    longs: ['arg-file', 'delimiter', 'max-args', 'max-procs', 'max-chars', 'max-lines', 'process-slot-var'],
  };
  const { options, operands } = parseOptions(argv.slice(1), shape, true);
  const mark = options.find(([name]) => name === 'I' || name === 'J' || name === 'i' || name === 'replace');
  return { argv: operands.length === 0 ? ['echo'] : operands, mark: mark === undefined ? null : (mark[1] ?? '{}') };
}

/** What `find -exec`, `-execdir`, `-ok` runs: each up to `;` or `+`. */
export function findCommands(argv: readonly string[]): readonly (readonly string[])[] {
  const commands: string[][] = [];
  argv.forEach((arg, index) => {
    if (!/^-(?:exec|execdir|ok|okdir)$/.test(arg)) return;
    const rest = argv.slice(index + 1);
    const end = rest.findIndex((word) => word === ';' || word === '+');
    commands.push(rest.slice(0, end < 0 ? undefined : end));
  });
  return commands;
}
