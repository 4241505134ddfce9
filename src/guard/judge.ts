import type { Denial, GuardFacts, Verdict } from './facts.ts';
import { denial, type Rule, type RuleContext } from './rules/context.ts';
import { gitCommand } from './rules/git-command.ts';
import { judgeFetch, judgeGh, judgeGlab, judgeTea } from './rules/merge.ts';
import { judgePrimary } from './rules/primary-branch.ts';
import { judgePush } from './rules/push.ts';
import { findRoots, judgeClean, judgeFind, judgeRimraf, judgeRm } from './rules/remove.ts';
import type { SeenCommands } from './seen.ts';
import { applyBuiltin, effectOf } from './shell/builtins.ts';
import { expandText, expandWords } from './shell/expand.ts';
import { parseShell } from './shell/parse.ts';
import { printed, type Output } from './shell/printed.ts';
import { either, withVariable, type ShellState } from './shell/state.ts';
import type { Script, SimpleCommand, Word } from './shell/syntax.ts';
import { absolutePath, alternatives, UNKNOWN } from './shell/value.ts';
import { findCommands, shellCall, SHELLS, unwrap, xargsCall } from './wrappers.ts';

/** Whoever nests deeper than this wants to lose the reader. */
const MAX_DEPTH = 24;
/** A bound on the whole: nobody's command has as many, and judging stays in the range of milliseconds. */
const MAX_COMMANDS = 20_000;
const MAX_CHARS = 2 * 1024 * 1024;

/** Redirections that leave no file behind: descriptors and the null device. */
const HARMLESS_TARGET = /^(?:\d+|-|\/dev\/(?:null|stdout|stderr|tty))$/;

/** The commands in a request, for rules on single commands. */
export function seenCommands(source: string | readonly string[], facts: GuardFacts): SeenCommands {
  const judge = judged(source, facts);
  return judge.seen();
}

/** What the guard says to shell text. Never throws, runs nothing, looks at no file. */
export const judgeShell = (source: string, facts: GuardFacts): Verdict => judged(source, facts).verdict();

/** The same for an argument vector, which no shell looks at first. */
export const judgeArgv = (argv: readonly string[], facts: GuardFacts): Verdict => judged(argv, facts).verdict();

function judged(source: string | readonly string[], facts: GuardFacts): Judge {
  const judge = new Judge(facts);
  const state = initialState(facts);
  if (typeof source !== 'string') judge.command(source, { state, variables: new Map(), input: null }, 0);
  else if (source.length > MAX_CHARS) judge.deny(tooMuch('it is too long'));
  else judge.text(source, state, 0);
  return judge;
}

const initialState = (facts: GuardFacts): ShellState => ({
  places: [facts.cwd ?? facts.worktree],
  variables: new Map([
    ['IFS', [' \t\n']],
    // Wherever it is, the agent may not delete there; unless the worktree is in it, which only its real path can tell.
    ['HOME', [facts.home ?? UNKNOWN]],
  ]),
  aliases: new Map(),
  parameters: null,
});

const tooMuch = (why: string): Denial =>
  denial('unreadable', `the guard cannot read this command: ${why}`, 'Write it more simply, or in several steps.');

interface Circumstances {
  readonly state: ShellState;
  /** Set for this command alone. */
  readonly variables: ReadonlyMap<string, readonly string[]>;
  /** Its standard input; null: whatever the agent has. */
  readonly input: Output | null;
}

/** What a command, or a script, leaves behind. */
interface After {
  readonly state: ShellState;
  readonly output: Output | null;
}

/** By the program's name. */
const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    rm: judgeRm,
    grm: judgeRm,
    rimraf: judgeRimraf,
    'rm-rf': judgeRimraf,
    trash: judgeRimraf,
    find: judgeFind,
    gfind: judgeFind,
    gh: judgeGh,
    glab: judgeGlab,
    tea: judgeTea,
    curl: judgeFetch,
    wget: judgeFetch,
    http: judgeFetch,
    https: judgeFetch,
    xh: judgeFetch,
    xhs: judgeFetch,
    curlie: judgeFetch,
  }),
);

/** Tried when the program's name is not known. */
const SUSPECTS = ['git', 'rm', 'gh', 'find', 'curl', 'sh'];

/** Code handed to these on their command line is not read. */
const INTERPRETERS: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    python: /^-\w*c/,
    python3: /^-\w*c/,
    node: /^(?:-e|-p|--eval|--print|-pe)/,
    deno: /^eval$/,
    bun: /^-e/,
    perl: /^-\w*[eE]/,
    ruby: /^-\w*e/,
    php: /^-r/,
    lua: /^-e/,
    osascript: /^-e/,
    awk: /system\s*\(|\|\s*"/,
  }),
);

class Judge {
  readonly #facts: GuardFacts;
  readonly #unseen = new Set<string>();
  readonly #lines = new Set<string>();
  #writes = false;
  #denial: Denial | null = null;
  #commands = 0;

  constructor(facts: GuardFacts) {
    this.#facts = facts;
  }

  /** For rules of the user: what it came to, command by command. */
  seen(): SeenCommands {
    return { lines: [...this.#lines], isComplete: !this.#writes && this.#unseen.size === 0 };
  }

  verdict(): Verdict {
    return this.#denial === null
      ? { type: 'allow', unseen: [...this.#unseen] }
      : { type: 'deny', rule: this.#denial.rule, reason: this.#denial.reason };
  }

  /** The first one counts. */
  deny(found: Denial | null): void {
    this.#denial ??= found;
  }

  text(source: string, state: ShellState, depth: number): ShellState {
    if (depth > MAX_DEPTH) {
      this.deny(tooMuch('it is nested too deeply'));
      return state;
    }
    const script = parseShell(source);
    if (script.problem !== null) this.#unseen.add('the end of a command that is not closed');
    if (script.problem === 'it is nested too deeply') this.deny(tooMuch(script.problem));
    return this.script(script, state, depth).state;
  }

  script(script: Script, initial: ShellState, depth: number): After {
    if (depth > MAX_DEPTH) this.deny(tooMuch('it is nested too deeply'));
    let state = initial;
    const frames: { readonly isSubshell: boolean; readonly entry: ShellState }[] = [];
    /** The state if nothing after the first command of this list ran. */
    let listBegan = state;
    let inList = false;
    let output: Output | null = null;
    for (const node of script.nodes) {
      if (this.#denial !== null) return { state, output: null };
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
      if (!targets.every((target) => HARMLESS_TARGET.test(target))) this.#writes = true;
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
      this.command(argv, { state, variables, input }, depth);
      const next = this.#effect(argv, state, depth);
      after = after === null ? next : next === after ? after : either(after, next);
    }
    // `cat` without a file hands on what it is given.
    if (readings.length === 1 && baseName(readings[0]?.[0] ?? '') === 'cat' && readings[0]?.length === 1)
      return { state, output: input ?? 'unknown' };
    return { state: after ?? state, output: together(readings.map((argv) => printed(argv, state, this.#facts))) };
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

  /** One program with its arguments, through everything that only starts another one. */
  command(argv: readonly string[], given: Circumstances, depth: number): void {
    this.#commands += 1;
    if (depth > MAX_DEPTH || this.#commands > MAX_COMMANDS) {
      this.deny(tooMuch('it runs too many commands'));
      return;
    }
    if (this.#denial !== null) return;
    this.#lines.add(argv.join(' '));
    const name = baseName(argv[0] ?? '');
    if (name.includes(UNKNOWN) || /[*?[]/.test(name)) {
      // Whatever it is: if one of these would be refused, so is this.
      for (const suspect of SUSPECTS) this.command([suspect, ...argv.slice(1)], given, depth + 1);
      if (this.#denial === null) this.#unseen.add('a program whose name is not known');
      return;
    }
    const named = [name, ...argv.slice(1)];
    const alias = given.state.aliases.get(`sh ${name}`);
    if (alias !== undefined) {
      const aliases = new Map([...given.state.aliases].filter(([key]) => key !== `sh ${name}`));
      this.text([alias, ...argv.slice(1).map(quote)].join(' '), { ...given.state, aliases }, depth + 1);
    }
    if (name === 'xargs' || name === 'gxargs') this.#xargs(named, given, depth);
    else if (SHELLS.has(name)) this.#shell(named, given, depth);
    else if (name === 'source' || name === '.') this.#unseen.add(`the commands in ${argv[1] ?? 'a file'}`);
    else if (name === 'git' || name === 'hub') this.#git(named, given, depth);
    else this.#inner(named, given, depth);
    const rule = RULES.get(name);
    if (rule !== undefined) this.deny(rule(named, this.#context(given, depth)));
    if (name === 'find' || name === 'gfind') this.#found(named, given, depth);
    if (argv.slice(1).some((arg) => INTERPRETERS.get(name)?.test(arg) === true))
      this.#unseen.add(`code given to ${name}`);
  }

  #inner(argv: readonly string[], given: Circumstances, depth: number): void {
    const inner = unwrap(argv);
    if (inner === null) return;
    const variables = new Map([
      ...given.variables,
      ...inner.assignments.map(([name, value]) => [name, [value]] as const),
    ]);
    const { directory } = inner;
    const places =
      directory === null
        ? given.state.places
        : given.state.places.map((place) => absolutePath(directory, place) ?? UNKNOWN);
    const state = { ...given.state, places };
    if (inner.text !== null) {
      if (inner.text.includes(UNKNOWN)) this.#unseen.add(`a command for ${argv[0] ?? ''} that is not known`);
      this.text(inner.text, state, depth + 1);
    }
    if (inner.argv.length > 0) this.command(inner.argv, { ...given, state, variables }, depth + 1);
  }

  #shell(argv: readonly string[], given: Circumstances, depth: number): void {
    const name = argv[0] ?? 'sh';
    const call = shellCall(argv);
    const variables = new Map([...given.state.variables, ...given.variables]);
    const state = { ...given.state, variables, parameters: call.parameters };
    if (call.line !== null) {
      if (call.line.includes(UNKNOWN)) this.#unseen.add(`a command for ${name} that is not known`);
      this.text(call.line, state, depth + 1);
      return;
    }
    if (call.file !== null) {
      this.#unseen.add(`the commands in ${call.file.includes(UNKNOWN) ? 'a file' : call.file}`);
      return;
    }
    const { input } = given;
    if (input === null) return;
    if (input === 'unknown' || 'below' in input) {
      this.#unseen.add(`text that is not known is given to ${name}`);
      return;
    }
    for (const source of input.texts) {
      if (source.includes(UNKNOWN)) this.#unseen.add(`text that is not known is given to ${name}`);
      this.text(source, state, depth + 1);
    }
  }

  #xargs(argv: readonly string[], given: Circumstances, depth: number): void {
    const call = xargsCall(argv);
    const { input } = given;
    const sources: readonly (readonly string[])[] =
      input === null || input === 'unknown'
        ? [[UNKNOWN]]
        : 'below' in input
          ? [input.below.map((directory) => `${directory}/${UNKNOWN}`)]
          : input.texts.map((source) => source.split(/\s+/).filter((word) => word !== ''));
    for (const words of sources) {
      const { mark } = call;
      if (mark === null) this.command([...call.argv, ...words], { ...given, input: null }, depth + 1);
      else {
        for (const word of words) {
          const filled = call.argv.map((arg) => arg.replaceAll(mark, () => word));
          this.command(filled, { ...given, input: null }, depth + 1);
        }
      }
    }
  }

  /** What `find -exec` runs gets paths below the places it searches. */
  #found(argv: readonly string[], given: Circumstances, depth: number): void {
    for (const command of findCommands(argv)) {
      for (const root of findRoots(argv)) {
        const filled = command.map((arg) => arg.replaceAll('{}', () => `${root}/${UNKNOWN}`));
        this.command(filled, { ...given, input: null }, depth + 1);
      }
    }
  }

  #git(argv: readonly string[], given: Circumstances, depth: number): void {
    const context = this.#context(given, depth);
    const command = gitCommand(argv, context);
    const { subcommand, args } = command;
    const alias =
      command.settings.get(`alias.${subcommand.toLowerCase()}`) ?? given.state.aliases.get(`git ${subcommand}`);
    if (alias !== undefined) {
      const rest = args.map(quote);
      const state = { ...given.state, places: command.places };
      if (alias.startsWith('!')) this.text([alias.slice(1), ...rest].join(' '), state, depth + 1);
      else this.text(['git', alias, ...rest].join(' '), state, depth + 1);
    }
    for (const candidate of subcommand.includes(UNKNOWN) ? ['push', 'checkout', 'clean'] : [subcommand]) {
      this.deny(this.#gitRule({ ...command, subcommand: candidate }, context));
    }
    if (subcommand === 'submodule' || subcommand === 'bisect') {
      const at = args.findIndex((arg) => arg === 'foreach' || arg === 'run');
      if (at >= 0)
        this.text(
          args
            .slice(at + 1)
            .filter((arg) => arg !== '--recursive')
            .join(' '),
          given.state,
          depth + 1,
        );
    }
    if (subcommand === 'rebase') {
      args.forEach((arg, index) => {
        if (arg === '-x' || arg === '--exec') this.text(args[index + 1] ?? '', given.state, depth + 1);
        else if (arg.startsWith('--exec=')) this.text(arg.slice('--exec='.length), given.state, depth + 1);
      });
    }
  }

  #gitRule(command: ReturnType<typeof gitCommand>, context: RuleContext): Denial | null {
    switch (command.subcommand) {
      case 'push':
      case 'send-pack':
      case 'http-push':
        return judgePush(command, context);
      case 'subtree':
        return command.args[0] === 'push' ? judgePush({ ...command, args: command.args.slice(1) }, context) : null;
      case 'lfs':
        return null;
      case 'clean':
        return judgeClean(command, context);
      default:
        return judgePrimary(command, context);
    }
  }

  #context(given: Circumstances, depth: number): RuleContext {
    return {
      facts: this.#facts,
      places: given.state.places,
      variable: (name) => given.variables.get(name) ?? given.state.variables.get(name) ?? null,
      judgeText: (text) => this.text(text, given.state, depth + 1),
      unseen: (what) => this.#unseen.add(what),
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

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** `exit`, and its kind: what follows is not reached. */
function leaves({ words }: SimpleCommand): boolean {
  const [first] = words[0] ?? [];
  return first?.type === 'text' && ['exit', 'return', 'break', 'continue'].includes(first.text);
}
