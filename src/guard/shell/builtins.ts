import { parseOptions, splitOnce } from './options.ts';
import { withAlias, withPlaces, withVariable, type ShellState } from './state.ts';
import { absolutePath, SCRATCH, UNKNOWN } from './value.ts';

/** What a command changes in the shell it runs in, or in what later commands mean. */
export interface Effect {
  readonly places: readonly string[] | null;
  readonly variables: readonly (readonly [string, string])[];
  readonly alias: readonly [string, string] | null;
  readonly parameters: readonly string[] | null;
  /** A line that is kept for later: judged where it is written. */
  readonly judge: string | null;
}

const NOTHING: Effect = { places: null, variables: [], alias: null, parameters: null, judge: null };

export function effectOf(argv: readonly string[], state: ShellState): Effect {
  const args = argv.slice(1);
  switch (argv[0]) {
    case 'cd':
    case 'pushd':
    case 'chdir':
      return { ...NOTHING, places: changeDirectory(args, state) };
    case 'popd':
      return { ...NOTHING, places: [UNKNOWN] };
    case 'export':
    case 'declare':
    case 'typeset':
    case 'local':
    case 'readonly':
      return { ...NOTHING, variables: assignmentsIn(args) };
    case 'read':
    case 'unset':
      return { ...NOTHING, variables: args.filter((arg) => !arg.startsWith('-')).map((name) => [name, UNKNOWN]) };
    case 'set': {
      const at = args.indexOf('--');
      return at < 0 ? NOTHING : { ...NOTHING, parameters: args.slice(at + 1) };
    }
    case 'alias': {
      const [name = '', value] = splitOnce(args.find((arg) => arg.includes('=')) ?? '', '=');
      return value === undefined ? NOTHING : { ...NOTHING, alias: [`sh ${name}`, value], judge: value };
    }
    case 'trap':
      return args.length < 2 ? NOTHING : { ...NOTHING, judge: args.find((arg) => !arg.startsWith('-')) ?? null };
    case 'git':
      return gitAlias(args);
    default:
      return NOTHING;
  }
}

export function applyBuiltin(effect: Effect, state: ShellState): ShellState {
  if (effect === NOTHING) return state;
  let next = effect.places === null ? state : withPlaces(state, effect.places);
  for (const [name, value] of effect.variables) next = withVariable(next, name, [value]);
  if (effect.alias !== null) next = withAlias(next, ...effect.alias);
  return effect.parameters === null ? next : { ...next, parameters: effect.parameters };
}

function changeDirectory(args: readonly string[], state: ShellState): readonly string[] {
  const target = args.find((arg) => arg === '-' || !arg.startsWith('-'));
  if (target === '-') return [UNKNOWN];
  if (target === undefined) return state.variables.get('HOME') ?? [UNKNOWN];
  return state.places.map((place) => {
    const absolute = absolutePath(target, place);
    if (absolute === null) return UNKNOWN;
    return absolute.startsWith(`/${SCRATCH}`) ? absolute.slice(1) : absolute;
  });
}

const assignmentsIn = (args: readonly string[]): [string, string][] =>
  args.flatMap((arg): [string, string][] => {
    const [name, value] = splitOnce(arg, '=');
    return value === undefined || !/^[A-Za-z_]\w*$/.test(name) ? [] : [[name, value]];
  });

/** `git config alias.x …`: what `git x` will mean, judged when it is made. */
function gitAlias(args: readonly string[]): Effect {
  const { operands } = parseOptions(args, { letters: 'Cc', longs: ['file', 'blob', 'type', 'git-dir', 'work-tree'] });
  const [verb, ...rest] = operands;
  if (verb !== 'config') return NOTHING;
  const [key = '', value] = rest[0] === 'set' ? rest.slice(1) : rest;
  const [, name] = /^alias\.(.+)$/i.exec(key) ?? [];
  if (name === undefined || value === undefined) return NOTHING;
  return {
    ...NOTHING,
    alias: [`git ${name}`, value],
    judge: value.startsWith('!') ? value.slice(1) : `git ${value}`,
  };
}
