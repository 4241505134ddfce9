import type { PermissionRule } from '../session/permission-rule.ts';
import type { FreshMode } from '../session/record.ts';
import type { OnCrash, PermissionMode } from '../session/words.ts';
import type { AgentSettings, ConfigFile, MachineSettings, NotifyEntry } from './schema.ts';

/** The settings in force: every key has a value. Null means "not set, decide from the situation". */
export interface Config {
  /** Name of an agent, or `auto`. */
  readonly agent: string;
  /** Of the agent's own offers; null: as the agent likes. */
  readonly model: string | null;
  readonly mode: string | null;
  readonly effort: string | null;
  /** Preferred by `auto`, best first; empty: the built-in order. */
  readonly agentOrder: readonly string[];
  readonly backend: 'auto' | 'acp' | 'tmux' | 'headless';
  readonly permissions: PermissionMode | null;
  /** Of every layer: the strictest one that fits counts, so none takes another one's away. */
  readonly permissionRules: readonly PermissionRule[];
  /** Null: `main`, `master`, or the remote's default. */
  readonly base: string | null;
  /** As written: absolute, or relative to the main checkout; tasks go to `<worktreeRoot>/<repo>/<task>`. Null: `../worktrees`. */
  readonly worktreeRoot: string | null;
  /** A null command is detected from the repository. */
  readonly verify: { readonly command: string | null; readonly timeoutSeconds: number; readonly fresh: FreshMode };
  readonly fixRounds: number;
  readonly reminders: number;
  readonly worktree: {
    /** Shell lines; an empty list: no set-up; null: detected from the lockfile. */
    readonly setup: readonly string[] | null;
    readonly copy: readonly string[];
    readonly link: readonly string[];
    readonly timeoutSeconds: number;
  };
  readonly timeouts: {
    readonly startSeconds: number;
    readonly firstSignSeconds: number;
    readonly turnSeconds: number;
    readonly cancelSeconds: number;
    readonly silenceWarnSeconds: number;
    /** Before the first reminder to an agent that did nothing at all; doubled for the next. 0: at once. */
    readonly reminderPauseSeconds: number;
    readonly permissionSeconds: number;
    /** Until the default of any other question is taken. */
    readonly decisionSeconds: number;
  };
  readonly slots: {
    readonly perUser: number;
    readonly perAgent: number;
    readonly agents: Readonly<Record<string, number>>;
  };
  /** The lock that agents share, so that two of them do not refresh one login at once. */
  readonly lock: {
    /** Whether conduxt holds it around turns; a list: around those of these agents. */
    readonly turns: boolean | readonly string[];
    /** Absolute, or beginning with `~/`; null: `agent.lock` in the state directory. */
    readonly file: string | null;
    readonly waitSeconds: number;
  };
  /** What the names of tmux sessions begin with. */
  readonly sessionPrefix: string;
  /** Where plain commands run (`conduxt exec`). */
  readonly placement: {
    readonly directBelowSeconds: number;
    readonly durableAboveSeconds: number;
    /** How long `--check` waits. */
    readonly readySeconds: number;
    /** Idle for longer, a session may be given up (`conduxt reclaim`). */
    readonly staleSeconds: number;
  };
  /** By host name: one file for several machines. */
  readonly machines: Readonly<Record<string, MachineSettings>>;
  /** Prompts to use again, by name: `tell --formula`. */
  readonly formulas: Readonly<Record<string, string>>;
  readonly hostIdleSeconds: number;
  /** A session's turns may take so much together; null: as much as they like. */
  readonly maxTokens: number | null;
  readonly maxCost: number | null;
  /** Null: `retry` for a task, `skip` for a session without one. */
  readonly onCrash: OnCrash | null;
  readonly sandbox: 'none' | 'bwrap';
  /** Beside the worktree and the agent's own state: absolute, or beginning with `~/`. */
  readonly sandboxWritable: readonly string[];
  /** Of the user's own file: the watchdog looks after all repositories. */
  readonly watchdog: {
    readonly intervalSeconds: number;
    readonly stallSeconds: number;
    readonly restartStalled: boolean;
    readonly giveUpSeconds: number;
    readonly spacingSeconds: number;
    readonly helloSeconds: number;
  };
  readonly notify: readonly NotifyEntry[];
  /** Relative to the repository root; false: no memory file; null: under the state directory. */
  readonly memory: string | false | null;
  /** Name of the git remote; null: the branch's own, or `origin`. */
  readonly remote: string | null;
  readonly draft: boolean;
  readonly agents: Readonly<Record<string, AgentSettings>>;
}

/** The one place of defaults. The timeouts: research on real agents (a start under load takes up to 30 s). */
export const DEFAULTS: Config = {
  agent: 'auto',
  model: null,
  mode: null,
  effort: null,
  agentOrder: [],
  backend: 'auto',
  permissions: null,
  permissionRules: [],
  base: null,
  worktreeRoot: null,
  verify: { command: null, timeoutSeconds: 1800, fresh: 'when-needed' },
  fixRounds: 3,
  reminders: 2,
  worktree: { setup: null, copy: ['.env'], link: [], timeoutSeconds: 900 },
  timeouts: {
    startSeconds: 120,
    firstSignSeconds: 300,
    turnSeconds: 7200,
    cancelSeconds: 10,
    silenceWarnSeconds: 300,
    reminderPauseSeconds: 20,
    permissionSeconds: 1800,
    // Long enough for a weekend.
    decisionSeconds: 259_200,
  },
  slots: { perUser: 4, perAgent: 4, agents: {} },
  lock: { turns: false, file: null, waitSeconds: 300 },
  sessionPrefix: 'oc-',
  placement: { directBelowSeconds: 30, durableAboveSeconds: 60, readySeconds: 60, staleSeconds: 21_600 },
  machines: {},
  formulas: {},
  hostIdleSeconds: 300,
  maxTokens: null,
  maxCost: null,
  onCrash: null,
  sandbox: 'none',
  sandboxWritable: [],
  watchdog: {
    intervalSeconds: 180,
    stallSeconds: 1800,
    restartStalled: false,
    giveUpSeconds: 18_000,
    spacingSeconds: 0.1,
    helloSeconds: 2,
  },
  notify: [],
  memory: null,
  remote: null,
  draft: false,
  agents: {},
};

/** `layer` over `config`: groups are merged key by key, lists and single agents are replaced whole. */
export function withLayer(config: Config, layer: ConfigFile): Config {
  const { $schema: _, worktree, permissions, ...rest } = layer;
  const { setup, ...worktreeRest } = worktree ?? {};
  return {
    ...config,
    ...defined(rest),
    permissions: permissionsIn(permissions).mode ?? config.permissions,
    permissionRules: [...config.permissionRules, ...permissionsIn(permissions).rules],
    verify: { ...config.verify, ...defined(layer.verify ?? {}) },
    worktree: {
      ...config.worktree,
      ...defined(worktreeRest),
      ...(setup === undefined ? {} : { setup: setup === false ? [] : typeof setup === 'string' ? [setup] : setup }),
    },
    timeouts: { ...config.timeouts, ...defined(layer.timeouts ?? {}) },
    watchdog: { ...config.watchdog, ...defined(layer.watchdog ?? {}) },
    slots: {
      ...config.slots,
      ...defined(layer.slots ?? {}),
      agents: { ...config.slots.agents, ...layer.slots?.agents },
    },
    lock: { ...config.lock, ...defined(layer.lock ?? {}) },
    placement: { ...config.placement, ...defined(layer.placement ?? {}) },
    machines: { ...config.machines, ...layer.machines },
    formulas: { ...config.formulas, ...layer.formulas },
    agents: { ...config.agents, ...layer.agents },
  };
}

/** Both forms of `permissions` as one. */
export const permissionsIn = (
  permissions: ConfigFile['permissions'],
): { readonly mode: PermissionMode | null; readonly rules: readonly PermissionRule[] } =>
  typeof permissions === 'object'
    ? { mode: permissions.mode ?? null, rules: permissions.rules ?? [] }
    : { mode: permissions ?? null, rules: [] };

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without keys whose value is undefined, which would wipe out the layer below. */
function defined<T extends object>(layer: T): Defined<T> {
  return Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** Names of free-form groups: what stands below them counts as one setting per name. */
const NAMED_GROUPS = new Set(['agents', 'slots.agents', 'machines', 'formulas']);
const GROUPS = new Set(['verify', 'worktree', 'timeouts', 'slots', 'watchdog', 'placement', 'lock', ...NAMED_GROUPS]);

/** The dotted paths that `layer` sets: `verify.command`, `agents.claude`. */
export function keysOf(layer: ConfigFile): string[] {
  const walk = (group: object, prefix: string): string[] =>
    Object.entries(group).flatMap(([name, value]: [string, unknown]) => {
      const key = prefix + name;
      if (value === undefined || key === '$schema') return [];
      return GROUPS.has(key) && typeof value === 'object' && value !== null ? walk(value, `${key}.`) : [key];
    });
  return walk(layer, '');
}
