import type { RuleContext } from './context.ts';
import { splitOnce } from '../shell/options.ts';
import { absolutePath, isWithin, UNKNOWN } from '../shell/value.ts';

/** A call of git without its global options. */
export interface GitCommand {
  /** '' when there is none. */
  readonly subcommand: string;
  readonly args: readonly string[];
  /** The directories it works on: by `-C`, `--work-tree`, `--git-dir` or the environment. Absolute, or unknown. */
  readonly places: readonly string[];
  /** Settings for this call alone, keys in lower case. */
  readonly settings: ReadonlyMap<string, string>;
}

const WITH_VALUE = new Set(['--exec-path', '--namespace', '--super-prefix', '--attr-source', '--list-cmds']);

/** @param argv from `git` on. */
export function gitCommand(argv: readonly string[], context: RuleContext): GitCommand {
  let places = context.places;
  let [gitDir, workTree] = [context.variable('GIT_DIR'), context.variable('GIT_WORK_TREE')];
  const settings = environmentSettings(context);
  const set = (setting: string): void => {
    const [key, value = 'true'] = splitOnce(setting, '=');
    settings.set(key.toLowerCase(), value);
  };
  let at = 1;
  for (; at < argv.length; at += 1) {
    const arg = argv[at] ?? '';
    if (!arg.startsWith('-')) break;
    const [name, attached] = splitOnce(arg, '=');
    const value = (): string => attached ?? argv[(at += 1)] ?? '';
    if (arg === '-C') {
      const target = argv[(at += 1)] ?? '';
      places = places.map((place) => absolutePath(target, place) ?? UNKNOWN);
    } else if (arg === '-c') set(argv[(at += 1)] ?? '');
    else if (name === '--config-env') set(configFromVariable(value(), context));
    else if (name === '--git-dir') gitDir = [value()];
    else if (name === '--work-tree') workTree = [value()];
    else if (WITH_VALUE.has(arg)) at += 1;
  }
  const elsewhere = workTree ?? gitDir?.map((dir) => dir.replace(/\/?\.git\/?(?:worktrees\/[^/]*\/?)?$/, '') || '.');
  const all =
    elsewhere === undefined
      ? places
      : elsewhere.flatMap((target) => places.map((place) => absolutePath(target, place) ?? UNKNOWN));
  return { subcommand: argv[at] ?? '', args: argv.slice(at + 1), places: all, settings };
}

/** `GIT_CONFIG_COUNT`, `GIT_CONFIG_KEY_0`, `GIT_CONFIG_VALUE_0`, … as far as they are set in the command itself. */
function environmentSettings({ variable }: RuleContext): Map<string, string> {
  const settings = new Map<string, string>();
  for (let index = 0; index < 32; index += 1) {
    const key = variable(`GIT_CONFIG_KEY_${index}`)?.[0];
    if (key !== undefined) settings.set(key.toLowerCase(), variable(`GIT_CONFIG_VALUE_${index}`)?.[0] ?? UNKNOWN);
  }
  return settings;
}

function configFromVariable(setting: string, { variable }: RuleContext): string {
  const [key, name = ''] = splitOnce(setting, '=');
  return `${key}=${variable(name)?.[0] ?? UNKNOWN}`;
}

/** Whether all of the places are in the agent's own worktree. */
export const isAtHome = ({ places }: Pick<GitCommand, 'places'>, { facts }: RuleContext): boolean =>
  places.every((place) => {
    const absolute = absolutePath(place, '/');
    return absolute !== null && isWithin(absolute, facts.worktree);
  });
