import type { Denial, GuardFacts, Verdict } from './facts.ts';
import { CARRIERS, ELSEWHERE, INTERPRETERS, LATER, RULES, SUSPECTS } from './programs.ts';
import { denial, type RuleContext } from './rules/context.ts';
import { gitCommand } from './rules/git-command.ts';
import { judgePrimary } from './rules/primary-branch.ts';
import { judgePush } from './rules/push.ts';
import { findRoots, judgeClean } from './rules/remove.ts';
import type { SeenCommands } from './seen.ts';
import type { ShellState } from './shell/state.ts';
import { absolutePath, UNKNOWN } from './shell/value.ts';
import { MAX_DEPTH, Walker, type Circumstances, type CommandJudge } from './walk.ts';
import { findCommands, shellCall, SHELLS, unwrap, xargsCall } from './wrappers.ts';

/** A bound on the whole: nobody's command has as many, and judging stays in the range of milliseconds. */
const MAX_COMMANDS = 20_000;
const MAX_CHARS = 2 * 1024 * 1024;

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

class Judge implements CommandJudge {
  readonly facts: GuardFacts;
  readonly #walker = new Walker(this);
  readonly #unseen = new Set<string>();
  readonly #lines = new Set<string>();
  #writes = false;
  #hides = false;
  #denial: Denial | null = null;
  #commands = 0;

  constructor(facts: GuardFacts) {
    this.facts = facts;
  }

  /** For rules of the user: what it came to, command by command. */
  seen(): SeenCommands {
    return { lines: [...this.#lines], isComplete: !this.#writes && !this.#hides };
  }

  verdict(): Verdict {
    return this.#denial === null
      ? { type: 'allow', unseen: [...this.#unseen] }
      : { type: 'deny', rule: this.#denial.rule, reason: this.#denial.reason };
  }

  get isDone(): boolean {
    return this.#denial !== null;
  }

  unreadable(why: string): void {
    this.deny(tooMuch(why));
  }

  hides(what: string): void {
    this.#hides = true;
    this.#unseen.add(what);
  }

  writes(): void {
    this.#writes = true;
  }

  /** Shell text, wherever it came from. */
  text(source: string, state: ShellState, depth: number): void {
    this.#walker.text(source, state, depth);
  }

  /** The first one counts. */
  deny(found: Denial | null): void {
    this.#denial ??= found;
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
      if (this.#denial === null) this.hides('a program whose name is not known');
      return;
    }
    // `sudo -s 'rm -rf /'`: a shell puts it together again. Or it is a path with a blank in it.
    if (/\s/.test(argv[0] ?? '')) this.text(argv.join(' '), given.state, depth + 1);
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
    else if (CARRIERS.has(name)) this.#carried(named, given, depth);
    else if (LATER.has(name)) this.#given(name, given, depth);
    else if (ELSEWHERE.has(name)) this.#unseen.add(`what ${name} runs elsewhere`);
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
      if (inner.text.includes(UNKNOWN)) this.hides(`a command for ${argv[0] ?? ''} that is not known`);
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
      if (call.line.includes(UNKNOWN)) this.hides(`a command for ${name} that is not known`);
      this.text(call.line, state, depth + 1);
      return;
    }
    if (call.file !== null) {
      this.#unseen.add(`the commands in ${call.file.includes(UNKNOWN) ? 'a file' : call.file}`);
      return;
    }
    this.#given(name, { ...given, state }, depth);
  }

  /** What a program reads its commands from. */
  #given(name: string, { input, state }: Circumstances, depth: number): void {
    if (input === null) return;
    if (input === 'unknown' || 'below' in input) {
      this.hides(`text that is not known is given to ${name}`);
      return;
    }
    for (const source of input.texts) {
      if (source.includes(UNKNOWN)) this.hides(`text that is not known is given to ${name}`);
      this.text(source, state, depth + 1);
    }
  }

  /** `tmux new -d 'line'`, `npm exec -- program`: a line among the arguments, or the rest of them from a program on. */
  #carried(argv: readonly string[], given: Circumstances, depth: number): void {
    argv.forEach((arg, index) => {
      if (index === 0) return;
      if (/\s/.test(arg)) this.text(arg, given.state, depth + 1);
      else if (SUSPECTS.includes(baseName(arg)) || SHELLS.has(baseName(arg)))
        this.command(argv.slice(index), given, depth + 1);
    });
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
      facts: this.facts,
      places: given.state.places,
      variable: (name) => given.variables.get(name) ?? given.state.variables.get(name) ?? null,
      judgeText: (text) => this.text(text, given.state, depth + 1),
      unseen: (what) => this.#unseen.add(what),
    };
  }
}

const baseName = (program: string): string => program.slice(program.lastIndexOf('/') + 1);

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
