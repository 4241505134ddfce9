import { sha256 } from '../text/sha256.ts';
import { permissionsIn } from './config.ts';
import type { PermissionMode } from '../session/words.ts';
import type { ConfigFile } from './schema.ts';

/**
 * Settings of a repository that run programs, weaken a protection or reach outside the repository. They count only
 * after `conduxt trust`: who can change a repository's file must not thereby run commands on the reader's machine.
 */
export interface GuardedKeys {
  /** In alphabetical order; `verify.command`, `agents.claude`. */
  readonly keys: readonly string[];
  /** SHA-256 over these keys and their values, whatever their order in the file; null when there are none. */
  readonly hash: string | null;
  /** For showing to the person who is asked to trust them. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The file without them. */
  readonly harmless: ConfigFile;
}

/** From the strictest to the one that allows everything. */
const STRICTNESS: readonly PermissionMode[] = ['deny-all', 'ask', 'approve-reads', 'approve-all'];

/** @param usersOwn the mode of the user's own file: a repository may be stricter without being asked. */
export function splitGuarded(file: ConfigFile, usersOwn?: ConfigFile['permissions']): GuardedKeys {
  const { verify, worktree, notify, agents, worktreeRoot, permissions, slots, memory, ...more } = file;
  const { sandbox, sandboxWritable, mode, lock, ...rest } = more;
  const { command, ...verifyRest } = verify ?? {};
  const { setup, link, ...worktreeRest } = worktree ?? {};
  const runsSetup = setup !== undefined && setup !== false;
  const values: Record<string, unknown> = {
    ...Object.fromEntries(Object.entries(agents ?? {}).map(([name, settings]) => [`agents.${name}`, settings])),
    ...(notify === undefined || notify.length === 0 ? {} : { notify }),
    ...(weakens(permissions, usersOwn) ? { permissions } : {}),
    // A file is written there, with words of whoever wrote the issue.
    ...(typeof memory === 'string' ? { memory } : {}),
    // Some modes of agents ask for nothing.
    ...(mode === undefined ? {} : { mode }),
    ...(slots === undefined ? {} : { slots }),
    // A file is made there, and whoever holds it keeps everybody waiting.
    ...(lock === undefined ? {} : { lock }),
    // Asking for one is harmless, going without is not.
    ...(sandbox === 'none' ? { sandbox } : {}),
    ...(sandboxWritable === undefined || sandboxWritable.length === 0 ? {} : { sandboxWritable }),
    ...(command === undefined ? {} : { 'verify.command': command }),
    ...(runsSetup ? { 'worktree.setup': setup } : {}),
    // What is written through a link lands in the person's own checkout.
    ...(link === undefined || link.length === 0 ? {} : { 'worktree.link': link }),
    // Files from the repository would be written there.
    ...(worktreeRoot === undefined ? {} : { worktreeRoot }),
  };
  const keys = Object.keys(values).toSorted();
  return {
    keys,
    hash: keys.length === 0 ? null : hashOf(values),
    values,
    harmless: {
      ...rest,
      ...(verify === undefined ? {} : { verify: verifyRest }),
      ...(worktree === undefined ? {} : { worktree: { ...worktreeRest, ...(setup === false ? { setup } : {}) } }),
      ...(notify?.length === 0 ? { notify } : {}),
      ...(sandbox === 'bwrap' ? { sandbox } : {}),
      ...harmlessPermissions(permissions, usersOwn),
      ...(memory === undefined || typeof memory === 'string' ? {} : { memory }),
    },
  };
}

/** Everything allowed, rules that allow something, and less strictness than the user asked for take a protection away. */
function weakens(permissions: ConfigFile['permissions'], usersOwn: ConfigFile['permissions']): boolean {
  return modeWeakens(permissions, usersOwn) || permissionsIn(permissions).rules.some((rule) => rule.action === 'allow');
}

function modeWeakens(permissions: ConfigFile['permissions'], usersOwn: ConfigFile['permissions']): boolean {
  const [mode, own] = [permissionsIn(permissions).mode, permissionsIn(usersOwn).mode];
  if (mode === null) return false;
  return mode === 'approve-all' || (own !== null && STRICTNESS.indexOf(mode) > STRICTNESS.indexOf(own));
}

/** Refusing and asking may be said by anybody. */
function harmlessPermissions(
  permissions: ConfigFile['permissions'],
  usersOwn: ConfigFile['permissions'],
): Pick<ConfigFile, 'permissions'> {
  if (permissions === undefined) return {};
  if (!weakens(permissions, usersOwn)) return { permissions };
  const { mode, rules } = permissionsIn(permissions);
  const strict = rules.filter((rule) => rule.action !== 'allow');
  const kept = {
    ...(mode === null || modeWeakens(permissions, usersOwn) ? {} : { mode }),
    ...(strict.length === 0 ? {} : { rules: strict }),
  };
  return Object.keys(kept).length === 0 ? {} : { permissions: kept };
}

const hashOf = (values: unknown): string => sha256(JSON.stringify(sorted(values)));

/** The same value with the keys of every object in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}
