import type { GuardFacts } from './facts.ts';
import { applyBuiltin, effectOf } from './shell/builtins.ts';
import { expandText, expandWords } from './shell/expand.ts';
import { parseShell, TOO_DEEP } from './shell/parse.ts';
import { printed, type Output } from './shell/printed.ts';
import { either, withVariable, type ShellState } from './shell/state.ts';
import type { Script, SimpleCommand, Word } from './shell/syntax.ts';
import { alternatives, UNKNOWN } from './shell/value.ts';

/** Whoever nests deeper than this wants to lose the reader. */
export const MAX_DEPTH = 24;

/** Redirections that leave no file behind: descriptors and the null device. */
const HARMLESS_TARGET = /^(?:\d+|-|\/dev\/(?:null|stdout|stderr|tty))$/;

/** Under which a command runs. */
export interface Circumstances {
  readonly state: ShellState;
  /** Set for this command alone. */
  readonly variables: ReadonlyMap<string, readonly string[]>;
  /** Its standard input; null: whatever the agent has. */
  readonly input: Output | null;
}

/** What a command, or a script, leaves behind. */
export interface After {
  readonly state: ShellState;
  readonly output: Output | null;
}

/** Who is shown every command on the way. */
export interface CommandJudge {
  readonly facts: GuardFacts;
  /** Nothing more needs to be looked at. */
  readonly isDone: boolean;
  command(argv: readonly string[], given: Circumstances, depth: number): void;
  /** The text is beyond reading, on purpose it seems. */
  unreadable(why: string): void;
  /** Something is there that nobody can read. */
  hides(what: string): void;
  /** Output goes into a file. */
  writes(): void;
}

/**
 * Goes through a script in its order, keeping every place and value that it may have come to: what may or may not have
 * run counts both ways.
 */
export class Walker {
  readonly #judge: CommandJudge;

  constructor(judge: CommandJudge) {
    this.#judge = judge;
  }

  text(source: string, state: ShellState, depth: number): ShellState {
    if (depth > MAX_DEPTH) {
      this.#judge.unreadable(TOO_DEEP);
      return state;
    }
    const script = parseShell(source);
    if (script.problem !== null) this.#judge.hides('the end of a command that is not closed');
    if (script.problem === TOO_DEEP) this.#judge.unreadable(TOO_DEEP);
    return this.script(script, state, depth).state;
  }

  script(script: Script, initial: ShellState, depth: number): After {
    if (depth > MAX_DEPTH) this.#judge.unreadable(TOO_DEEP);
    let state = initial;
    const frames: { readonly isSubshell: boolean; readonly entry: ShellState }[] = [];
    /** The state if nothing after the first command of this list ran. */
    let listBegan = state;
    let inList = false;
    let output: Output | null = null;
    for (const node of script.nodes) {
      if (this.#judge.isDone) return { state, output: null };
      switch (node.type) {
        case 'enter':
          frames.push({ isSubshell: node.what === 'subshell', entry: state });
          inList = false;
          break;
        case 'else': {
          const frame = frames.at(-1);
          if (frame !== undefined) state = either(frame.entry, state);
          inList = false;
          break;
        }
        case 'leave': {
          const frame = frames.pop();
          if (frame !== undefined) state = frame.isSubshell ? frame.entry : either(frame.entry, state);
          inList = false;
          output = null;
          break;
        }
        case 'loop':
          state = this.#loop(node, state, depth);
          break;
        case 'command': {
          const { joint } = node.command;
          if (joint === ';' && inList) state = either(listBegan, state);
          if (joint === ';') inList = false;
          const before = joint === '||' ? either(listBegan, state) : state;
          const after = this.#simple(node.command, before, joint === '|' ? (output ?? 'unknown') : null, depth);
          // `cd there || exit`: what comes next is there.
          const goesAway = joint === '||' && leaves(node.command);
          const list = goesAway ? state : after.state;
          if (joint === ';') listBegan = list;
          inList = joint === '&&' || joint === '||' ? !goesAway && list !== listBegan : inList;
          state = list;
          output = after.output;
          break;
        }
      }
    }
    return { state: inList ? either(listBegan, state) : state, output };
  }

  #loop(
    node: { readonly variable: string; readonly words: readonly Word[] },
    state: ShellState,
    depth: number,
  ): ShellState {
    const readings = expandWords(node.words, state, this.#substitute(depth));
    if (node.variable === '') return state;
    const values = readings.flat();
    return withVariable(state, node.variable, values.length === 0 ? [UNKNOWN] : values);
  }

  #simple(command: SimpleCommand, state: ShellState, piped: Output | null, depth: number): After {
    const substitute = this.#substitute(depth);
    for (const word of command.redirections) {
      const targets = expandText(word, state, substitute);
      if (!targets.every((target) => HARMLESS_TARGET.test(target))) this.#judge.writes();
    }
    const input = command.input === null ? piped : { texts: expandText(command.input, state, substitute) };
    let own = state;
    const variables = new Map<string, readonly string[]>();
    for (const { name, value, appends } of command.assignments) {
      const values = expandText(value, own, substitute);
      const known = appends ? (own.variables.get(name) ?? [UNKNOWN]) : [''];
      const joined = alternatives(known.flatMap((start) => values.map((end) => start + end)));
      own = withVariable(own, name, joined);
      variables.set(name, joined);
    }
    if (command.words.length === 0) return { state: own, output: null };
    const readings = expandWords(command.words, state, substitute);
    let after: ShellState | null = null;
    for (const argv of readings) {
      if (argv.length === 0) continue;
      this.#judge.command(argv, { state, variables, input }, depth);
      const next = this.#effect(argv, state, depth);
      after = after === null ? next : next === after ? after : either(after, next);
    }
    // `cat` without a file hands on what it is given.
    if (readings.length === 1 && baseName(readings[0]?.[0] ?? '') === 'cat' && readings[0]?.length === 1)
      return { state, output: input ?? 'unknown' };
    return { state: after ?? state, output: together(readings.map((argv) => printed(argv, state, this.#judge.facts))) };
  }

  /** What the command leaves behind in this shell. `eval` and `.` run here. */
  #effect(argv: readonly string[], state: ShellState, depth: number): ShellState {
    const inner = argv[0] === 'builtin' || argv[0] === 'command' ? argv.slice(1) : argv;
    const effect = effectOf(inner, state);
    if (effect.judge !== null) this.text(effect.judge, state, depth + 1);
    if (inner[0] === 'eval') return this.text(inner.slice(1).join(' '), state, depth + 1);
    return applyBuiltin(effect, state);
  }

  /** Judges what a substitution runs, and says what it prints when it is one command that says so itself. */
  #substitute(depth: number): (script: Script, state: ShellState) => readonly string[] {
    return (script, state) => {
      const { output } = this.script(script, state, depth + 1);
      const isSingle = script.nodes.length === 1;
      return isSingle && output !== null && output !== 'unknown' && 'texts' in output ? output.texts : [UNKNOWN];
    };
  }
}

function together(outputs: readonly (Output | null)[]): Output | null {
  const texts = outputs.map((output) =>
    output !== null && output !== 'unknown' && 'texts' in output ? output.texts : null,
  );
  if (texts.every((text) => text !== null)) return { texts: alternatives(texts.flat()) };
  return outputs.length === 1 ? (outputs[0] ?? null) : 'unknown';
}

const baseName = (program: string): string => program.slice(program.lastIndexOf('/') + 1);

/** `exit`, and its kind: what follows is not reached. */
function leaves({ words }: SimpleCommand): boolean {
  const [first] = words[0] ?? [];
  return first?.type === 'text' && ['exit', 'return', 'break', 'continue'].includes(first.text);
}
