import { routes, rules, estimates } from '../../placement/decide.ts';
import { terminalStates } from '../../placement/terminal.ts';
import { scopes } from '../../placement/reclaim/policy.ts';
import { ACTIONS, actions } from '../commands/terminal/actions.ts';

/** A JSON Schema, as far as it is needed here. */
export type Schema = Readonly<Record<string, unknown>>;

/** Something a program can ask for: how it is called, what goes in, what comes out. */
export interface Operation {
  readonly id: string;
  readonly capability: string;
  /** Words before the input; `{name}` stands for an input, `--flag` for the option of that name. */
  readonly command: readonly string[];
  /** `read`: changes nothing. */
  readonly effect: 'read' | 'change';
  readonly input: Schema;
  readonly output: Schema;
}

const text = { type: 'string' };
const flag = { type: 'boolean' };
const number = { type: 'number' };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const list = (items: Schema): Schema => ({ type: 'array', items });
const word = (words: readonly string[]): Schema => ({ type: 'string', enum: words });
const object = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});

const document = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema =>
  object({ schemaVersion: { const: 1 }, ...properties }, optional);

const terminal = object({
  name: text,
  id: orNull(text),
  kind: word(['terminal', 'agent', 'other']),
  state: word(terminalStates),
  foreground: orNull(text),
  lastActivityAt: orNull(text),
  createdAt: orNull(text),
  directory: orNull(text),
  command: orNull(list(text)),
  owner: orNull(text),
  exitCode: orNull(number),
  signal: orNull(text),
});

const readyWord = orNull(word(['ready', 'ended', 'running-or-hung', 'left']));
const named = object({ name: text, reason: text });
const process = object({ pid: number, command: text });

const terminalInputs: Readonly<Record<(typeof actions)[number], Schema>> = {
  create: object({ name: text, words: list(text), cwd: text, reuse: flag, replace: flag }, [
    'words',
    'cwd',
    'reuse',
    'replace',
  ]),
  send: object({ name: text, words: list(text), file: text, idle: flag, timeout: text, socket: text }, [
    ...['words', 'file', 'idle', 'timeout', 'socket'],
  ]),
  interrupt: object({ name: text, escape: flag, socket: text }, ['escape', 'socket']),
  rename: object({ name: text, words: list(text) }),
  kill: object({ name: text, words: list(text), all: flag }, ['name', 'words', 'all']),
  list: object({ socket: text }, ['socket']),
  check: object({ name: text, for: text, idle: flag, timeout: text, socket: text }, [
    'for',
    'idle',
    'timeout',
    'socket',
  ]),
  capture: object({ name: text, lines: number, all: flag, match: text, socket: text }, [
    ...['lines', 'all', 'match', 'socket'],
  ]),
};

const terminalOutputs: Readonly<Record<(typeof actions)[number], Schema>> = {
  create: document({ terminal, how: word(['created', 'replaced', 'reused', 'adopted']), warnings: list(text) }),
  // `told`, `cancelled`: where it is the terminal of an agent, and went through its host.
  send: document({ terminal, bytes: number, stripped: number, enter: flag, told: { type: 'object' } }, ['told']),
  interrupt: document({ terminal, key: text, cancelled: { type: 'object' } }, ['cancelled']),
  rename: document({ terminal, before: text, warnings: list(text) }),
  kill: document({ terminals: list(object({ name: text, id: text, left: list(number) })) }),
  list: document({ terminals: list(terminal) }),
  check: document({ terminal, ready: readyWord, matched: orNull(text) }),
  capture: document({ name: text, lines: list(text), from: word(['terminal', 'log']), isCut: flag }),
};

export const OPERATIONS: readonly Operation[] = [
  {
    id: 'route-command',
    capability: 'tmux-route',
    command: ['conduxt', 'exec', '--json', '--', '{command}'],
    effect: 'change',
    input: object(
      {
        command: list(text),
        estimate: { anyOf: [word(estimates), { type: 'string', pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)?$' }] },
        ...{ name: text, route: word(routes), check: text, timeout: text, 'on-match': text, tell: text },
        times: { type: 'integer', minimum: 1, maximum: 100 },
        ...{ interactive: flag, parallel: flag, outlive: flag, reuse: flag, replace: flag },
      },
      [
        ...['estimate', 'name', 'route', 'check', 'timeout', 'on-match', 'tell', 'times'],
        ...['interactive', 'parallel', 'outlive', 'reuse', 'replace'],
      ],
    ),
    output: document(
      {
        route: word(routes),
        rule: word(rules),
        reason: text,
        suggestedTimeoutSeconds: orNull(number),
        terminal: orNull(terminal),
        result: object(
          {
            ...{
              exitCode: orNull(number),
              signal: orNull(text),
              stdout: text,
              stderr: text,
              truncated: flag,
              durationMs: number,
            },
            ...{ how: text, ready: readyWord, matched: text },
          },
          ['exitCode', 'signal', 'stdout', 'stderr', 'truncated', 'durationMs', 'how', 'ready', 'matched'],
        ),
        warnings: list(text),
      },
      ['warnings'],
    ),
  },
  ...actions.map((action): Operation => {
    const isCapture = action === 'capture';
    const { effect } = ACTIONS[action];
    return {
      id: isCapture ? 'capture' : `manage-session.${action}`,
      capability: isCapture ? 'tmux-capture' : 'tmux-session-manage',
      command: ['conduxt', 'terminal', action, ...(action === 'list' ? [] : ['{name}', '{words}']), '--json'],
      effect: effect === 'look' ? 'read' : 'change',
      input: terminalInputs[action],
      output: terminalOutputs[action],
    };
  }),
  {
    id: 'reclaim',
    capability: 'tmux-reclaim',
    command: ['conduxt', 'reclaim', '--json'],
    effect: 'change',
    input: object({ scope: word(scopes), running: flag, 'dry-run': flag, yes: flag, port: number, socket: text }, [
      ...['scope', 'running', 'dry-run', 'yes', 'port', 'socket'],
    ]),
    output: document(
      {
        ...{ scope: word(scopes), dryRun: flag, sessionsKilled: list(text), processesKilled: list(process) },
        portsFreed: list(object({ port: number, pid: number, command: text })),
        ...{ left: list(number), proposed: list(named), kept: list(named) },
        wouldEnd: object({
          sessions: list(named),
          processes: list(object({ pid: number, command: text, session: text })),
        }),
        portHolders: list(object({ port: number, pid: number, command: text })),
      },
      ['wouldEnd', 'portHolders'],
    ),
  },
];

/** What tmux says when things go wrong, and what becomes of it here: no caller has to know. */
export const WORKAROUNDS: readonly { readonly error: string; readonly answer: string }[] = [
  { error: 'no server running', answer: 'the private server is started by whatever needs it first' },
  { error: 'duplicate session', answer: 'terminal-exists (exit 6): --reuse or --replace, by choice' },
  {
    error: "can't find session",
    answer: 'an end that finds nothing is no error; looking is terminal-not-found (exit 4)',
  },
  { error: 'the capture of a pane is not possible', answer: 'the log of the pane is read instead (from: log)' },
  { error: 'a lost exit of a pane (tmux 3.3a)', answer: 'the supervisor in the pane has written it down' },
];
