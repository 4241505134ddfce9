import { readFileSync } from 'node:fs';

/** Field kinds of a step; `?` marks an optional one. One table is the source of the types and of the check. */
type Kind = 'text' | 'number' | 'flag' | 'any' | 'list' | 'steps' | 'branches';
type Spec = Readonly<Record<string, Kind | `${Kind}?`>>;

/** Every step a script can hold. What each does is said in `steps.ts`, in the same order. */
const stepSpecs = {
  // what the agent says
  text: { text: 'text', messageId: 'text?', chunks: 'number?' },
  thought: { text: 'text' },
  tool: { toolCallId: 'text', title: 'text?', kind: 'text?', status: 'text?', rawInput: 'any?', locations: 'any?' },
  'tool-update': { toolCallId: 'text', title: 'text?', kind: 'text?', status: 'text?', rawInput: 'any?' },
  plan: { entries: 'list' },
  usage: { used: 'any', size: 'any?', cost: 'any?' },
  update: { update: 'any', sessionId: 'text?' },
  callback: { status: 'text', fields: 'any?', lead: 'text?' },
  flood: { count: 'number', bytes: 'number' },
  'past-prompts': { count: 'number?' },
  // what it asks
  permission: { options: 'list', toolCall: 'any?', wait: 'flag?', onAnswer: 'branches?' },
  'await-permissions': {},
  'withdraw-permissions': {},
  request: { method: 'text', params: 'any?', wait: 'flag?', id: 'any?' },
  notify: { method: 'text', params: 'any?' },
  // what it does
  shell: { command: 'text' },
  'write-file': { path: 'text', text: 'text?' },
  spawn: { pidFile: 'text', ignoreTerm: 'flag?', setsid: 'flag?' },
  'hold-stdout': { pidFile: 'text' },
  // when
  delay: { ms: 'number' },
  'wait-for-file': { path: 'text' },
  // what goes wrong
  raw: { text: 'text', newline: 'flag?' },
  'huge-line': { bytes: 'number', valid: 'flag?' },
  stderr: { text: 'text' },
  wire: { wire: 'any' },
  hang: {},
  'stop-reading': {},
  'close-stdout': {},
  exit: { code: 'number?', signal: 'text?' },
  // how the turn ends (default: stopReason end_turn after the last step)
  answer: { stopReason: 'text?', error: 'any?', result: 'any?' },
  'no-answer': {},
} as const satisfies Record<string, Spec>;

interface Kinds {
  text: string;
  number: number;
  flag: boolean;
  any: unknown;
  list: readonly unknown[];
  steps: readonly Step[];
  branches: Readonly<Record<string, readonly Step[]>>;
}
type Fields<S> = {
  readonly [K in keyof S as S[K] extends keyof Kinds ? K : never]: S[K] extends keyof Kinds ? Kinds[S[K]] : never;
} & {
  readonly [K in keyof S as S[K] extends `${string}?` ? K : never]?: S[K] extends `${infer B extends keyof Kinds}?`
    ? Kinds[B]
    : never;
};
export type Step = {
  [T in keyof typeof stepSpecs]: { readonly type: T } & Fields<(typeof stepSpecs)[T]>;
}[keyof typeof stepSpecs];

export interface ErrorAnswer {
  readonly code: number;
  readonly message: string;
}
/** How messages look on the wire; every oddity is off by default. */
export interface Wire {
  /** Write in pieces of this many bytes, each flushed on its own. */
  readonly chunkBytes?: number;
  readonly crlf?: boolean;
  /** A byte order mark before the next line. */
  readonly bom?: boolean;
  readonly omitJsonrpc?: boolean;
  readonly idsAsStrings?: boolean;
  /** `"error": null` beside every result. */
  readonly errorNull?: boolean;
  readonly answerTwice?: boolean;
  /** Every n-th update is lost. */
  readonly dropEvery?: number;
  /** Every update comes twice. */
  readonly duplicate?: boolean;
  /** Two updates in a row change places. */
  readonly reorder?: boolean;
  /** Before each message. */
  readonly delayMs?: number;
  /** A line that is no message, before each that is one. */
  readonly noise?: string;
  /** The process is killed when it has written so many bytes. */
  readonly dieAtByte?: number;
}
const wireKinds: Readonly<Record<keyof Wire, 'number' | 'flag' | 'text'>> = {
  ...{ chunkBytes: 'number', crlf: 'flag', bom: 'flag', omitJsonrpc: 'flag', idsAsStrings: 'flag', errorNull: 'flag' },
  ...{ answerTwice: 'flag', dropEvery: 'number', duplicate: 'flag', reorder: 'flag', delayMs: 'number', noise: 'text' },
  dieAtByte: 'number',
};

/** Settings of the wire as `name=value`, or `name` for one that is on or off. Throws an Error that names the wrong one. */
export function wireOf(words: readonly string[]): Wire {
  const known: Readonly<Record<string, string>> = wireKinds;
  const entries = words.map((word) => {
    const [name = '', value] = word.split(/=([^]*)/);
    const kind = known[name];
    if (kind === undefined)
      throw new Error(`--wire: unknown setting "${name}"; known: ${Object.keys(known).join(', ')}`);
    const isMissing = (kind !== 'flag' && (value ?? '') === '') || (kind === 'number' && !/^\d+$/.test(value ?? ''));
    if (isMissing) throw new Error(`--wire ${name}: expected ${name}=<${kind}>`);
    return [name, kind === 'flag' ? value !== 'false' : kind === 'number' ? Number(value) : value];
  });
  return Object.fromEntries(entries) as Wire;
}

export interface MethodScript {
  /** For `load` and `resume`: whether the capability is advertised (default false). */
  readonly supported?: boolean;
  readonly error?: ErrorAnswer;
  /** Never answer. */
  readonly silent?: boolean;
  /** Replaces the default result; may be null. */
  readonly result?: unknown;
  /** Before and after the answer (a replay, say). */
  readonly before?: readonly Step[];
  readonly after?: readonly Step[];
}
export interface CancelScript {
  /** `cancelled` (default): stop at once and say so. `end_turn`: stop, but say that. `error`: stop with -32603. `ignore`: go on. */
  readonly answer?: 'cancelled' | 'end_turn' | 'error' | 'ignore';
  /** Like gemini: answers only when every pending permission was answered. */
  readonly waitForPermissions?: boolean;
  /** Updates between the cancel and the answer. */
  readonly steps?: readonly Step[];
}
export interface PromptScript {
  /** Regular expression on the prompt text; without it the entry fits every prompt. */
  readonly match?: string;
  /** How often it is used: default once without `match`, always with it. */
  readonly times?: number;
  readonly steps: readonly Step[];
  /** After the answer: late updates. */
  readonly after?: readonly Step[];
  readonly onCancel?: CancelScript;
}
/** One start of the program. */
export interface Run {
  /** Before the first line is read. */
  readonly start?: readonly Step[];
  readonly wire?: Wire;
  readonly initialize?: MethodScript & {
    /** Default 1; `omit: true` leaves it out. */
    readonly protocolVersion?: unknown;
    readonly omitVersion?: boolean;
    readonly capabilities?: Readonly<Record<string, unknown>>;
    readonly authMethods?: readonly unknown[];
    readonly meta?: unknown;
    readonly version?: string;
  };
  /** `once`: -32000 until `authenticate` succeeded. `always`: also afterwards. */
  readonly authRequired?: 'once' | 'always';
  readonly authenticate?: MethodScript;
  readonly new?: MethodScript & { readonly sessionId?: string };
  readonly load?: MethodScript;
  readonly resume?: MethodScript;
  readonly prompts?: readonly PromptScript[];
  /** Any other request, by method: `session/set_config_option`. */
  readonly methods?: Readonly<Record<string, MethodScript>>;
  readonly onCancel?: CancelScript;
  /** `_session/steering`: advertised when given; the outcome it answers with. */
  readonly steering?: { readonly outcome: string; readonly steps?: readonly Step[] };
  readonly onEof?: 'exit' | 'ignore';
  readonly eofDelayMs?: number;
  readonly onTerm?: 'exit' | 'ignore';
}
export interface Script extends Run {
  /** Appended to: one JSON object per line. `{{session}}` in the path is the value of CONDUXT_SESSION. */
  readonly log?: string;
  /** Overrides for the first, second, … start (counted in the log); the last one also serves later starts. */
  readonly runs?: readonly Run[];
}

/** Reads and checks a script. Throws an Error that names the wrong place. */
export function readScript(path: string): Script {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isScript(value)) throw new Error(`${path}: a script is a JSON object`);
  return value;
}

/** Checks every step list wherever it is; the settings around them are checked by the types of whoever writes the script. */
function isScript(value: unknown): value is Script {
  if (!isObject(value)) return false;
  walk(value, 'script');
  return true;
}

const stepLists = new Set(['start', 'before', 'after', 'steps']);

function walk(value: unknown, where: string): void {
  if (Array.isArray(value)) value.forEach((item, index) => walk(item, `${where}[${index}]`));
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    const place = `${where}.${key}`;
    if (stepLists.has(key)) checkSteps(item, place);
    else if (!['update', 'params', 'result', 'toolCall', 'fields'].includes(key)) walk(item, place);
  }
}

function checkSteps(value: unknown, where: string): void {
  if (!Array.isArray(value)) throw new Error(`${where}: expected a list of steps`);
  value.forEach((step, index) => checkStep(step, `${where}[${index}]`));
}

function checkStep(value: unknown, where: string): void {
  if (!isObject(value) || typeof value['type'] !== 'string') throw new Error(`${where}: a step needs a "type"`);
  const specs: Readonly<Record<string, Spec>> = stepSpecs;
  const spec = specs[value['type']];
  if (spec === undefined) {
    throw new Error(`${where}: unknown step "${value['type']}"; known: ${Object.keys(stepSpecs).join(', ')}`);
  }
  for (const [name, kind] of Object.entries(spec)) checkField(value[name], kind, `${where}.${name}`);
  for (const name of Object.keys(value)) {
    if (name !== 'type' && spec[name] === undefined) throw new Error(`${where}: unknown field "${name}"`);
  }
}

function checkField(value: unknown, kind: string, where: string): void {
  if (value === undefined) {
    if (kind.endsWith('?')) return;
    throw new Error(`${where}: missing`);
  }
  const base = kind.replace('?', '');
  const fits =
    base === 'text'
      ? typeof value === 'string'
      : base === 'number'
        ? typeof value === 'number'
        : base === 'flag'
          ? typeof value === 'boolean'
          : base === 'list'
            ? Array.isArray(value)
            : base === 'branches'
              ? isObject(value)
              : true;
  if (!fits) throw new Error(`${where}: expected ${base}`);
  if (base === 'branches' && isObject(value)) {
    for (const [name, steps] of Object.entries(value)) checkSteps(steps, `${where}.${name}`);
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
