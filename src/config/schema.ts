import * as z from 'zod';
import { permissionActions } from '../session/permission-rule.ts';
import { onCrashWords, permissionModes } from '../session/words.ts';

/**
 * One configuration file, as it stands in `conduxt.json` or the user's `config.json`: every key is optional.
 * Each leaf's error text says what is allowed there; `problem.ts` makes sentences of it.
 */

const text = (allowed: string, pattern: RegExp): z.ZodType<string> => z.string(allowed).regex(pattern, allowed);
const wholeNumber = (min: number, max: number, what = 'a whole number'): z.ZodType<number> => {
  const allowed = `${what} from ${min} to ${max}`;
  return z.int(allowed).min(min, allowed).max(max, allowed);
};
const choice = <const T extends readonly string[]>(words: T): z.ZodType<T[number]> =>
  z.enum(words, `one of ${words.map((word) => JSON.stringify(word)).join(', ')}`);
const flag = z.boolean('true or false');
const group = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape, { error: groupError });
const groupError = (issue: { readonly code?: string | undefined }): string | undefined =>
  issue.code === 'invalid_type' ? 'an object' : undefined;

const A_DAY = 86_400;
/** Node's timers end at 2^31 milliseconds: a longer limit would fire at once. */
const MAX_SECONDS = 24 * A_DAY;
const seconds = wholeNumber(1, MAX_SECONDS, 'a whole number of seconds');

/** More than any session; a slip of the finger is refused. */
export const MAX_TOKENS = 1_000_000_000_000;
export const MAX_COST = 1_000_000;

const NO_NUL = /^[^\0]+$/;
const shellLine = text('a shell command (text that is not empty)', /^(?=[^]*\S)[^\0]+$/);
const program = z.array(text('text', NO_NUL), 'a list of texts').min(1, 'a program and its arguments');

/** Inside the repository, and not in its git directory. */
const isInside = (path: string): boolean =>
  !path.startsWith('/') &&
  !path.startsWith('~') &&
  path.split('/').every((part) => part !== '..' && !/^\.git$/i.test(part));
const insidePath = (what: string): z.ZodType<string> =>
  text(what, /^(?!-)[^\0\n]+$/).refine(isInside, `${what}, which may not leave the repository or enter .git`);
const insidePaths = z.array(
  insidePath('a path relative to the repository'),
  'a list of paths relative to the repository',
);

/** As in session names: the name is also a directory and an environment word. */
export const AGENT_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const agentName = text('the name of an agent (lowercase letters, digits and hyphens)', AGENT_NAME);
/** In the agent's own words: it says itself which there are. */
const agentChoice = text('one line of text', /^[^\0\n]{1,200}$/);
const formulaName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'the name of a formula (lowercase letters, digits and hyphens)');
const environmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable');

const environment = z.record(environmentName, text('text', /^[^\0]*$/), 'an object of texts');

const agentProgram = (what: string) =>
  group({
    command: text(`${what}: an absolute path or a name on PATH`, /^(?:~?\/[^\0]+|[^\0/~-][^\0/]*)$/),
    args: z.array(text('text', /^[^\0]*$/), 'a list of texts').optional(),
    env: environment.optional(),
  });

const agentSettings = group({
  like: agentName.optional(),
  env: environment.optional(),
  acp: agentProgram('the program that speaks ACP').optional(),
  terminal: agentProgram('the program for a terminal').optional(),
  headless: agentProgram('the program that takes a prompt on stdin and exits').optional(),
  envFile: text('an absolute path, or one that begins with "~/"', /^(?:\/|~\/)[^\0\n]+$/).optional(),
  login: text('one line of text', /^[^\0\n]+$/).optional(),
  install: text('one line of text', /^[^\0\n]+$/).optional(),
});

const machine = group({
  session: text('a name (lowercase letters, digits and hyphens)', /^(?!\d+$)[a-z0-9][a-z0-9-]{0,39}$/).optional(),
});

const notifyEntry = z.union(
  [
    z.literal('desktop'),
    z.literal('openclaw'),
    z.strictObject({ command: program }),
    z.strictObject({ marker: text('a path', /^[^\0\n]+$/) }),
  ],
  'one of "desktop", "openclaw", {"command": ["program", "argument"]}, {"marker": "path"}',
);

const permissionRule = group({
  tool: text('the name or kind of a tool ("edit", "execute", "Bash"), with * for any text', /^[^\0\n]+$/).optional(),
  path: text('a path pattern: in the worktree, absolute, or one that begins with "~/"', /^[^\0\n]+$/).optional(),
  command: text('a pattern of a command, with * for any text', /^[^\0]+$/).optional(),
  action: choice(permissionActions),
}).refine(
  ({ tool, path, command }) => tool !== undefined || path !== undefined || command !== undefined,
  'a rule with at least one of "tool", "path" and "command"',
);

const permissionMode = choice(permissionModes);
/** The longer form of `permissions`. */
export const permissionSettings = group({
  mode: permissionMode.optional(),
  rules: z.array(permissionRule, 'a list of rules').optional(),
});

/** A mode alone, or an object: told apart by hand, so that what is wrong in the object is named by its own key. */
const permissions = z
  .unknown()
  .transform((value, context): z.infer<typeof permissionMode | typeof permissionSettings> => {
    const isObject = typeof value === 'object' && value !== null;
    const parsed = isObject ? permissionSettings.safeParse(value) : permissionMode.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) {
      const path = [...issue.path];
      if (issue.code === 'unrecognized_keys')
        context.issues.push({ code: issue.code, keys: issue.keys, path, input: undefined });
      else context.issues.push({ code: 'custom', message: issue.message, path, input: value });
    }
    return z.NEVER;
  });

export const configFileSchema = group({
  /** For editors. */
  $schema: z.string('text').optional(),
  agent: agentName.optional(),
  model: agentChoice.optional(),
  mode: agentChoice.optional(),
  effort: agentChoice.optional(),
  agentOrder: z.array(agentName, 'a list of agent names').optional(),
  backend: choice(['auto', 'acp', 'tmux', 'headless', 'acpx'])
    .transform((word) => (word === 'acpx' ? ('acp' as const) : word))
    .optional(),
  permissions: permissions.optional(),
  base: text('the name of a branch', /^(?!-)[^\0-\x20\x7f~^:?*[\\]+$/).optional(),
  worktreeRoot: text('a path', /^(?!-)[^\0\n]+$/).optional(),
  verify: group({
    command: shellLine.optional(),
    timeoutSeconds: seconds.optional(),
    fresh: choice(['when-needed', 'always', 'never']).optional(),
  }).optional(),
  fixRounds: wholeNumber(0, 20).optional(),
  reminders: wholeNumber(0, 10).optional(),
  worktree: group({
    setup: z
      .union([shellLine, z.array(shellLine), z.literal(false)], 'a shell command, a list of them, or false')
      .optional(),
    copy: insidePaths.optional(),
    link: insidePaths.optional(),
    timeoutSeconds: seconds.optional(),
  }).optional(),
  timeouts: group({
    startSeconds: seconds.optional(),
    firstSignSeconds: seconds.optional(),
    turnSeconds: seconds.optional(),
    cancelSeconds: seconds.optional(),
    silenceWarnSeconds: seconds.optional(),
    reminderPauseSeconds: z.number().min(0).max(3600).optional(),
    permissionSeconds: seconds.optional(),
    decisionSeconds: seconds.optional(),
  }).optional(),
  slots: group({
    perUser: wholeNumber(1, 64).optional(),
    perAgent: wholeNumber(1, 64).optional(),
    agents: z.record(agentName, wholeNumber(1, 64), 'an object of whole numbers by agent name').optional(),
  }).optional(),
  lock: group({
    turns: z.union([flag, z.array(agentName)], 'true, false, or a list of agent names').optional(),
    file: text('an absolute path, or one that begins with "~/"', /^(?:\/|~\/)[^\0\n]+$/).optional(),
    waitSeconds: seconds.optional(),
  }).optional(),
  sessionPrefix: text('1 to 16 lowercase letters, digits and hyphens', /^[a-z][a-z0-9-]{0,15}$/).optional(),
  placement: group({
    directBelowSeconds: seconds.optional(),
    durableAboveSeconds: seconds.optional(),
    readySeconds: seconds.optional(),
    staleSeconds: seconds.optional(),
  }).optional(),
  formulas: z
    .record(formulaName, text('text that is not empty', /^(?=[^]*\S)[^\0]+$/), 'an object of texts by name')
    .optional(),
  machines: z.record(z.string().min(1), machine, 'an object of settings by host name').optional(),
  hostIdleSeconds: seconds.optional(),
  maxTokens: wholeNumber(1, MAX_TOKENS).optional(),
  maxCost: z
    .number('a number above 0')
    .positive('a number above 0')
    .max(MAX_COST, `a number up to ${MAX_COST}`)
    .optional(),
  onCrash: choice(onCrashWords).optional(),
  sandbox: choice(['none', 'bwrap']).optional(),
  sandboxWritable: z
    .array(text('an absolute path, or one that begins with "~/"', /^(?:\/|~\/)[^\0\n]+$/), 'a list of paths')
    .optional(),
  watchdog: group({
    intervalSeconds: seconds.optional(),
    stallSeconds: seconds.optional(),
    restartStalled: flag.optional(),
    giveUpSeconds: seconds.optional(),
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
  notify: z.array(notifyEntry, 'a list').optional(),
  memory: z
    .union([insidePath('a file name'), z.literal(false)], 'a path relative to the repository, or false')
    .optional(),
  remote: text('the name of a git remote', /^(?!-)[\w./-]+$/).optional(),
  draft: flag.optional(),
  agents: z.record(agentName, agentSettings, 'an object of settings by agent name').optional(),
});

export type ConfigFile = z.infer<typeof configFileSchema>;
export type AgentSettings = z.infer<typeof agentSettings>;
export type MachineSettings = z.infer<typeof machine>;
export type NotifyEntry = z.infer<typeof notifyEntry>;
