import { usageError } from '../../../errors.ts';
import type { VerbContext } from '../../context.ts';
import { commandPlace, openDesk } from '../../terminal-desk.ts';
import { capture } from './capture.ts';
import { check } from './check.ts';
import { create } from './create.ts';
import { interrupt } from './interrupt.ts';
import { kill } from './kill.ts';
import { list } from './list.ts';
import { rename } from './rename.ts';
import { send } from './send.ts';
import type { ActionInput } from './target.ts';

export const actions = ['create', 'send', 'interrupt', 'rename', 'kill', 'list', 'check', 'capture'] as const;
export type Action = (typeof actions)[number];

/** As commander hands them over. */
export interface TerminalOptions {
  readonly cwd?: string;
  readonly reuse?: boolean;
  readonly replace?: boolean;
  readonly file?: string;
  readonly enter: boolean;
  readonly clear: boolean;
  readonly idle?: boolean;
  readonly escape?: boolean;
  readonly for?: RegExp;
  readonly timeout?: number;
  readonly lines?: number;
  readonly all?: boolean;
  readonly match?: RegExp;
  readonly socket?: string;
}

interface ActionSpec {
  /** `look`: changes nothing, so a caller may allow it without asking. */
  readonly effect: 'look' | 'change';
  readonly options: readonly (keyof TerminalOptions)[];
  /** Of the positional arguments behind the action. */
  readonly words: { readonly least: number; readonly most: number };
  readonly run: (context: VerbContext, input: ActionInput) => Promise<number>;
}

export const ACTIONS: Readonly<Record<Action, ActionSpec>> = {
  create: { effect: 'change', options: ['cwd', 'reuse', 'replace'], words: { least: 0, most: Infinity }, run: create },
  send: {
    effect: 'change',
    options: ['file', 'enter', 'clear', 'idle', 'timeout', 'socket'],
    words: { least: 1, most: Infinity },
    run: send,
  },
  interrupt: { effect: 'change', options: ['escape', 'socket'], words: { least: 1, most: 1 }, run: interrupt },
  rename: { effect: 'change', options: [], words: { least: 2, most: 2 }, run: rename },
  kill: { effect: 'change', options: ['all'], words: { least: 0, most: Infinity }, run: kill },
  list: { effect: 'look', options: ['socket'], words: { least: 0, most: 0 }, run: list },
  check: { effect: 'look', options: ['for', 'idle', 'timeout', 'socket'], words: { least: 1, most: 1 }, run: check },
  capture: {
    effect: 'look',
    options: ['lines', 'all', 'match', 'socket'],
    words: { least: 1, most: 1 },
    run: capture,
  },
};

/** Flags that are true unless they are given. */
const ON_BY_DEFAULT: ReadonlySet<string> = new Set(['enter', 'clear']);

export async function runAction(
  context: VerbContext,
  action: Action,
  given: { readonly name: string | undefined; readonly words: readonly string[] },
  options: TerminalOptions,
): Promise<number> {
  const { words, options: known, run } = ACTIONS[action];
  const all = [...(given.name === undefined ? [] : [given.name]), ...given.words];
  requireFitting(action, options, known);
  if (all.length < words.least || all.length > words.most) {
    const few = words.least === 1 ? 'the name of a terminal' : 'the name of a terminal and a new one';
    const what = all.length > words.most ? 'it takes fewer words' : `it needs ${few}`;
    throw usageError('wrong-arguments', `conduxt terminal ${action}: ${what}.`, {
      remedy: 'See conduxt terminal --help.',
    });
  }
  const place = await commandPlace(context);
  const desk = await openDesk(context, place, options.socket ?? null);
  const [name = '', ...rest] = all;
  return run(context, { desk, place, name, words: rest, options });
}

function requireFitting(action: Action, options: TerminalOptions, known: readonly (keyof TerminalOptions)[]): void {
  const given = (Object.keys(options) as (keyof TerminalOptions)[]).filter((key) =>
    ON_BY_DEFAULT.has(key) ? options[key] === false : options[key] !== undefined,
  );
  const foreign = given.find((key) => key !== ('json' as string) && !known.includes(key));
  if (foreign === undefined) return;
  const flag = ON_BY_DEFAULT.has(foreign) ? `--no-${foreign}` : `--${foreign}`;
  throw usageError('conflicting-options', `conduxt terminal ${action} has no ${flag}.`, {
    remedy: `It takes ${known.map((key) => (ON_BY_DEFAULT.has(key) ? `--no-${key}` : `--${key}`)).join(', ') || 'no options'}.`,
  });
}
