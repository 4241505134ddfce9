import * as z from 'zod';
import { permissionActions } from '../session/permission-rule.ts';
import { onCrashWords, permissionModes } from '../session/words.ts';
import { MAX_COST, MAX_TOKENS } from './budget-limits.ts';

/**
 * One configuration file, as it stands in `conduxt.json` or the user's `config.json`: every key is optional.
 * Each leaf's error text says what is allowed there; `problem.ts` makes sentences of it.
 */

/**
 * Each is made with its first use: making all of them takes ten milliseconds, as much as the rest of a short command, and
 * a file has few of the keys.
 */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

const text = (allowed: string, pattern: RegExp): z.ZodType<string> => z.string(allowed).regex(pattern, allowed);
const wholeNumber = (min: number, max: number, what = 'a whole number'): z.ZodType<number> => {
  const allowed = `${what} from ${min} to ${max}`;
  return z.int(allowed).min(min, allowed).max(max, allowed);
};
const choice = <const T extends readonly string[]>(words: T): z.ZodType<T[number]> =>
  z.enum(words, `one of ${words.map((word) => JSON.stringify(word)).join(', ')}`);
const flag = once(() => z.boolean('true or false'));
const group = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape, { error: groupError });
const groupError = (issue: { readonly code?: string | undefined }): string | undefined =>
  issue.code === 'invalid_type' ? 'an object' : undefined;

const A_DAY = 86_400;
/** Node's timers end at 2^31 milliseconds: a longer limit would fire at once. */
const MAX_SECONDS = 24 * A_DAY;
const seconds = once(() => wholeNumber(1, MAX_SECONDS, 'a whole number of seconds'));

const NO_NUL = /^[^\0]+$/;
const shellLine = once(() => text('a shell command (text that is not empty)', /^(?=[^]*\S)[^\0]+$/));
const program = (): z.ZodType<string[]> =>
  z.array(text('text', NO_NUL), 'a list of texts').min(1, 'a program and its arguments');

/** Inside the repository, and not in its git directory. */
const isInside = (path: string): boolean =>
  !path.startsWith('/') &&
  !path.startsWith('~') &&
  path.split('/').every((part) => part !== '..' && !/^\.git$/i.test(part));
const insidePath = (what: string): z.ZodType<string> =>
  text(what, /^(?!-)[^\0\n]+$/).refine(isInside, `${what}, which may not leave the repository or enter .git`);
const insidePaths = once(() =>
  z.array(insidePath('a path relative to the repository'), 'a list of paths relative to the repository'),
);

/** As in session names: the name is also a directory and an environment word. */
export const AGENT_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const agentName = once(() => text('the name of an agent (lowercase letters, digits and hyphens)', AGENT_NAME));
/** In the agent's own words: it says itself which there are. */
const agentChoice = once(() => text('one line of text', /^[^\0\n]{1,200}$/));
const formulaName = once(() =>
  z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'the name of a formula (lowercase letters, digits and hyphens)'),
);
const environmentName = once(() => z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable'));

const environment = once(() => z.record(environmentName(), text('text', /^[^\0]*$/), 'an object of texts'));

const agentProgram = (what: string) =>
  group({
    command: text(`${what}: an absolute path or a name on PATH`, /^(?:~?\/[^\0]+|[^\0/~-][^\0/]*)$/),
    args: z.array(text('text', /^[^\0]*$/), 'a list of texts').optional(),
    env: environment().optional(),
  });

const agentSettings = once(() =>
  group({
    like: agentName().optional(),
    env: environment().optional(),
    acp: agentProgram('the program that speaks ACP').optional(),
    terminal: agentProgram('the program for a terminal').optional(),
    headless: agentProgram('the program that takes a prompt on stdin and exits').optional(),
    envFile: text('an absolute path, or one that begins with "~/"', /^(?:\/|~\/)[^\0\n]+$/).optional(),
    login: text('one line of text', /^[^\0\n]+$/).optional(),
    install: text('one line of text', /^[^\0\n]+$/).optional(),
  }),
);

const machine = once(() =>
  group({
    session: text('a name (lowercase letters, digits and hyphens)', /^(?!\d+$)[a-z0-9][a-z0-9-]{0,39}$/).optional(),
  }),
);

const notifyEntry = once(() =>
  z.union(
    [
      z.literal('desktop'),
      z.literal('openclaw'),
      z.strictObject({ command: program() }),
      z.strictObject({ marker: text('a path', /^[^\0\n]+$/) }),
    ],
    'one of "desktop", "openclaw", {"command": ["program", "argument"]}, {"marker": "path"}',
  ),
);

const permissionRule = once(() =>
  group({
    tool: text('the name or kind of a tool ("edit", "execute", "Bash"), with * for any text', /^[^\0\n]+$/).optional(),
    path: text('a path pattern: in the worktree, absolute, or one that begins with "~/"', /^[^\0\n]+$/).optional(),
    command: text('a pattern of a command, with * for any text', /^[^\0]+$/).optional(),
    action: choice(permissionActions),
  }).refine(
    ({ tool, path, command }) => tool !== undefined || path !== undefined || command !== undefined,
    'a rule with at least one of "tool", "path" and "command"',
  ),
);

const permissionMode = once(() => choice(permissionModes));
/** The longer form of `permissions`. */
export const permissionSettings = once(() =>
  group({
    mode: permissionMode().optional(),
    rules: z.array(permissionRule(), 'a list of rules').optional(),
  }),
);

/** A mode alone, or an object: told apart by hand, so that what is wrong in the object is named by its own key. */
const permissions = once(() =>
  z
    .unknown()
    .transform((value, context): z.infer<ReturnType<typeof permissionMode> | ReturnType<typeof permissionSettings>> => {
      const isObject = typeof value === 'object' && value !== null;
      const parsed = isObject ? permissionSettings().safeParse(value) : permissionMode().safeParse(value);
      if (parsed.success) return parsed.data;
      for (const issue of parsed.error.issues) {
        const path = [...issue.path];
        if (issue.code === 'unrecognized_keys')
          context.issues.push({ code: issue.code, keys: issue.keys, path, input: undefined });
        else context.issues.push({ code: 'custom', message: issue.message, path, input: value });
      }
      return z.NEVER;
    }),
);

/** One key each, not made yet. All of them may be left out. */
const KEYS = {
  /** For editors. */
  $schema: () => z.string('text').optional(),
  agent: () => agentName().optional(),
  model: () => agentChoice().optional(),
  mode: () => agentChoice().optional(),
  effort: () => agentChoice().optional(),
  agentOrder: () => z.array(agentName(), 'a list of agent names').optional(),
  backend: () =>
    choice(['auto', 'acp', 'tmux', 'headless', 'acpx'])
      .transform((word) => (word === 'acpx' ? ('acp' as const) : word))
      .optional(),
  permissions: () => permissions().optional(),
  base: () => text('the name of a branch', /^(?!-)[^\0-\x20\x7f~^:?*[\\]+$/).optional(),
  worktreeRoot: () => text('a path', /^(?!-)[^\0\n]+$/).optional(),
  verify: () =>
    group({
      command: shellLine().optional(),
      timeoutSeconds: seconds().optional(),
      fresh: choice(['when-needed', 'always', 'never']).optional(),
    }).optional(),
  fixRounds: () => wholeNumber(0, 20).optional(),
  reminders: () => wholeNumber(0, 10).optional(),
  worktree: () =>
    group({
      setup: z
        .union([shellLine(), z.array(shellLine()), z.literal(false)], 'a shell command, a list of them, or false')
        .optional(),
      copy: insidePaths().optional(),
      link: insidePaths().optional(),
      timeoutSeconds: seconds().optional(),
    }).optional(),
  timeouts: () =>
    group({
      startSeconds: seconds().optional(),
      firstSignSeconds: seconds().optional(),
      turnSeconds: seconds().optional(),
      cancelSeconds: seconds().optional(),
      silenceWarnSeconds: seconds().optional(),
      reminderPauseSeconds: z.number().min(0).max(3600).optional(),
      permissionSeconds: seconds().optional(),
      decisionSeconds: seconds().optional(),
    }).optional(),
  slots: () =>
    group({
      perUser: wholeNumber(1, 64).optional(),
      perAgent: wholeNumber(1, 64).optional(),
      agents: z.record(agentName(), wholeNumber(1, 64), 'an object of whole numbers by agent name').optional(),
    }).optional(),
  lock: () =>
    group({
      turns: z.union([flag(), z.array(agentName())], 'true, false, or a list of agent names').optional(),
      file: text('an absolute path, or one that begins with "~/"', /^(?:\/|~\/)[^\0\n]+$/).optional(),
      waitSeconds: seconds().optional(),
    }).optional(),
  sessionPrefix: () => text('1 to 16 lowercase letters, digits and hyphens', /^[a-z][a-z0-9-]{0,15}$/).optional(),
  placement: () =>
    group({
      directBelowSeconds: seconds().optional(),
      durableAboveSeconds: seconds().optional(),
      readySeconds: seconds().optional(),
      staleSeconds: seconds().optional(),
    }).optional(),
  formulas: () =>
    z
      .record(formulaName(), text('text that is not empty', /^(?=[^]*\S)[^\0]+$/), 'an object of texts by name')
      .optional(),
  machines: () => z.record(z.string().min(1), machine(), 'an object of settings by host name').optional(),
  hostIdleSeconds: () => seconds().optional(),
  maxTokens: () => wholeNumber(1, MAX_TOKENS).optional(),
  maxCost: () =>
    z.number('a number above 0').positive('a number above 0').max(MAX_COST, `a number up to ${MAX_COST}`).optional(),
  onCrash: () => choice(onCrashWords).optional(),
  sandbox: () => choice(['none', 'bwrap']).optional(),
  sandboxWritable: () =>
    z
      .array(text('an absolute path, or one that begins with "~/"', /^(?:\/|~\/)[^\0\n]+$/), 'a list of paths')
      .optional(),
  watchdog: () =>
    group({
      intervalSeconds: seconds().optional(),
      stallSeconds: seconds().optional(),
      restartStalled: flag().optional(),
      giveUpSeconds: seconds().optional(),
      spacingSeconds: z
        .number('a number of seconds')
        .min(0, 'a number from 0 to 60')
        .max(60, 'a number from 0 to 60')
        .optional(),
      helloSeconds: z
        .number('a number of seconds')
        .min(0.1, 'a number from 0.1 to 60')
        .max(60, 'a number from 0.1 to 60')
        .optional(),
    }).optional(),
  notify: () => z.array(notifyEntry(), 'a list').optional(),
  memory: () =>
    z.union([insidePath('a file name'), z.literal(false)], 'a path relative to the repository, or false').optional(),
  remote: () => text('the name of a git remote', /^(?!-)[\w./-]+$/).optional(),
  draft: () => flag().optional(),
  agents: () => z.record(agentName(), agentSettings(), 'an object of settings by agent name').optional(),
};

type Keys = { readonly [K in keyof typeof KEYS]: ReturnType<(typeof KEYS)[K]> };

const made = (isWanted: (key: string) => boolean) =>
  // Whoever leaves one out knows that the document has none: to all others it looks like the whole.
  group(
    Object.fromEntries(Object.entries(KEYS).flatMap(([key, make]) => (isWanted(key) ? [[key, make()]] : []))) as Keys,
  );

/** All of it: for what is wrong, and for the manual. */
export const configFileSchema = once(() => made(() => true));

export type ConfigFile = z.infer<ReturnType<typeof configFileSchema>>;

/** Reads a document as `configFileSchema` does, of which only what it takes is made. */
export function readConfigFile(document: unknown): z.ZodSafeParseResult<ConfigFile> {
  const isObject = typeof document === 'object' && document !== null;
  // Code that is made for a schema is worth it when much is read by it.
  return made((key) => isObject && Object.hasOwn(document, key)).safeParse(document, { jitless: true });
}

export type AgentSettings = z.infer<ReturnType<typeof agentSettings>>;
export type MachineSettings = z.infer<ReturnType<typeof machine>>;
export type NotifyEntry = z.infer<ReturnType<typeof notifyEntry>>;
