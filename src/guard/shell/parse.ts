import { readAssignment } from './assignment.ts';
import { Heredocs } from './heredocs.ts';
import { Reader } from './reader.ts';
import {
  plainText,
  text,
  type Assignment,
  type Joint,
  type Node,
  type Part,
  type Script,
  type Word,
} from './syntax.ts';
import { readArithmetic, readWord, type Nested } from './word.ts';

/** Nobody writes this deep; whoever does wants to lose the reader. */
const MAX_DEPTH = 40;
export const TOO_DEEP = 'it is nested too deeply';

/**
 * Reads shell text (POSIX and what agents use of bash) into the commands it may run. No shell of its own: it keeps the
 * order, the blocks and the subshells, and forgets conditions. Never throws; what it cannot read is its `problem`.
 */
export function parseShell(source: string): Script {
  return new Parser(source, 0).all();
}

interface Building {
  joint: Joint;
  assignments: Assignment[];
  words: Word[];
  redirections: Word[];
  input: Word | null;
}

class Parser {
  readonly #reader: Reader;
  readonly #depth: number;
  readonly #nodes: Node[] = [];
  readonly #nested: Nested;
  #problem: string | null = null;
  #command = newCommand(';');
  readonly #heredocs: Heredocs;
  /** Parentheses that are open in this script. */
  #subshells = 0;
  /** `case` bodies that are open; a pattern is expected next. */
  #cases = 0;
  #expectsPattern = false;

  constructor(source: string | Reader, depth: number) {
    this.#reader = typeof source === 'string' ? new Reader(source) : source;
    this.#depth = depth;
    this.#nested = {
      script: (reader) => this.#below(() => new Parser(reader, depth + 1).upToParenthesis()),
      scriptText: (source) => this.#below(() => new Parser(source, depth + 1).all()),
      wordText: (source) => this.#wordOf(source),
      problem: (what) => this.#fail(what),
    };
    this.#heredocs = new Heredocs(this.#nested);
  }

  all(): Script {
    while (!this.#reader.done) this.#step();
    return this.#script();
  }

  upToParenthesis(): Script {
    while (!this.#reader.done) {
      if (this.#reader.peek() === ')' && this.#subshells === 0 && !this.#expectsPattern) {
        this.#reader.next();
        return this.#script();
      }
      this.#step();
    }
    this.#fail('a parenthesis is not closed');
    return this.#script();
  }

  #script(): Script {
    this.#finish(';');
    this.#heredocs.forget();
    return { nodes: this.#nodes, problem: this.#problem };
  }

  #fail(what: string): void {
    this.#problem ??= what;
  }

  #below(parse: () => Script): Script {
    if (this.#depth >= MAX_DEPTH) {
      this.#fail(TOO_DEEP);
      this.#reader.at = this.#reader.text.length;
      return { nodes: [], problem: this.#problem };
    }
    const script = parse();
    if (script.problem !== null) this.#fail(script.problem);
    return script;
  }

  /** The word of a `${x:-word}`: blanks do not end it. */
  #wordOf(source: string): Word {
    const reader = new Reader(source);
    const parts: Part[] = [];
    while (!reader.done) {
      const word = readWord(reader, this.#nested);
      parts.push(...word);
      if (!reader.done) parts.push(text(reader.next(), false));
    }
    return parts;
  }

  #step(): void {
    const reader = this.#reader;
    if (reader.match(/[ \t]+|\\\n/y) !== '') return;
    if (this.#expectsPattern) return this.#pattern();
    switch (reader.peek()) {
      case '#':
        reader.match(/[^\n]*/y);
        return;
      case '\n':
        reader.next();
        this.#finish(';');
        return this.#heredocs.readBodies(this.#reader);
      case ';': {
        const isCaseEnd = reader.match(/;;&?|;&/y) !== '';
        if (!isCaseEnd) reader.next();
        this.#finish(';');
        if (isCaseEnd && this.#cases > 0) {
          this.#nodes.push({ type: 'else' });
          this.#expectsPattern = true;
        }
        return;
      }
      case '&':
        if (reader.match(/&>>?/y) !== '') return this.#redirection();
        return this.#finish(reader.match(/&&|&/y) === '&&' ? '&&' : ';');
      case '|':
        return this.#finish(reader.match(/\|\||\|&|\|/y) === '||' ? '||' : '|');
      case '(':
        return this.#openParenthesis();
      case ')':
        reader.next();
        this.#finish(';');
        if (this.#subshells > 0) {
          this.#subshells -= 1;
          this.#nodes.push({ type: 'leave', what: 'subshell' });
        }
        return;
      case '<':
      case '>':
        if (reader.peek(1) === '(') return this.#word();
        return this.#anyRedirection();
      default:
        if (reader.match(/[0-9]+(?=[<>])/y) !== '') return this.#anyRedirection();
        return this.#word();
    }
  }

  #openParenthesis(): void {
    const reader = this.#reader;
    if (this.#command.words.length === 1 && reader.match(/\([ \t]*\)/y) !== '') {
      // `name()`: the body is read where it stands.
      this.#command = newCommand(';');
      return;
    }
    if (this.#isAtCommand() && reader.take('((')) {
      this.#command.words.push([text(':')], [readArithmetic(reader, this.#nested)]);
      return;
    }
    reader.next();
    const { joint } = this.#command;
    this.#finish(';');
    this.#subshells += 1;
    this.#nodes.push({ type: 'enter', what: 'subshell', joint });
  }

  #anyRedirection(): void {
    const reader = this.#reader;
    const operator = reader.match(/<<<|<<-|<<|<>|<&|<|>>|>&|>\||>/y);
    if (operator === '<<' || operator === '<<-')
      return this.#heredocs.announce(this.#reader, operator === '<<-', this.#command);
    if (operator !== '<<<') return this.#redirection();
    reader.match(/[ \t]+/y);
    this.#command.input = readWord(reader, this.#nested);
  }

  #redirection(): void {
    this.#reader.match(/[ \t]+/y);
    this.#command.redirections.push(readWord(this.#reader, this.#nested));
  }

  #isAtCommand(): boolean {
    return this.#command.words.length === 0 && this.#command.assignments.length === 0;
  }

  #word(): void {
    const before = this.#reader.at;
    const word = readWord(this.#reader, this.#nested);
    if (word.length === 0 && this.#reader.at === before) {
      this.#reader.next();
      return;
    }
    if (this.#isAtCommand() && this.#reserved(plainText(word))) return;
    const assignment = this.#command.words.length === 0 ? readAssignment(this.#reader, word, this.#nested) : null;
    if (assignment === null) this.#command.words.push(word);
    else this.#command.assignments.push(assignment);
  }

  /** True when the word belongs to the grammar and not to a command. */
  #reserved(word: string | null): boolean {
    switch (word) {
      case 'if':
      case 'while':
      case 'until':
      case '{':
        this.#enterBlock();
        return true;
      case 'then':
      case 'do':
      case '!':
      case 'coproc':
        return true;
      case 'else':
      case 'elif':
        this.#nodes.push({ type: 'else' });
        return true;
      case 'esac':
        this.#cases = Math.max(0, this.#cases - 1);
        this.#nodes.push({ type: 'leave', what: 'block' });
        return true;
      case 'fi':
      case 'done':
      case '}':
        this.#nodes.push({ type: 'leave', what: 'block' });
        return true;
      case 'for':
      case 'select':
        this.#loop();
        return true;
      case 'case':
        this.#case();
        return true;
      case 'function':
        this.#reader.match(/[ \t]*[^\s(){}]+[ \t]*(?:\(\))?/y);
        return true;
      case '[[':
        this.#condition();
        return true;
      default:
        return false;
    }
  }

  #enterBlock(): void {
    const { joint } = this.#command;
    this.#command = newCommand(';');
    this.#nodes.push({ type: 'enter', what: 'block', joint });
  }

  #loop(): void {
    const reader = this.#reader;
    this.#enterBlock();
    reader.match(/[ \t]+/y);
    if (reader.take('((')) {
      this.#nodes.push({ type: 'loop', variable: '', words: [[readArithmetic(reader, this.#nested)]] });
      return;
    }
    const variable = reader.match(/[A-Za-z_][A-Za-z0-9_]*/y);
    const hasList = reader.match(/\s+in(?=[\s;])/y) !== '';
    const words: Word[] = [];
    while (hasList && !reader.done && !'\n;'.includes(reader.peek())) {
      if (reader.match(/[ \t]+|\\\n/y) !== '') continue;
      const word = readWord(reader, this.#nested);
      if (word.length === 0) break;
      words.push(word);
    }
    this.#nodes.push({ type: 'loop', variable, words });
  }

  #case(): void {
    const reader = this.#reader;
    this.#enterBlock();
    this.#cases += 1;
    reader.match(/[ \t]+/y);
    // The word is looked at for what it runs, no more.
    const word = readWord(reader, this.#nested);
    this.#nodes.push({ type: 'loop', variable: '', words: [word] });
    reader.match(/\s+in(?=\s)/y);
    this.#expectsPattern = true;
  }

  #pattern(): void {
    const reader = this.#reader;
    if (reader.match(/\s+|#[^\n]*/y) !== '') return;
    if (reader.match(/esac(?=[\s;)&|]|$)/y) !== '') {
      this.#expectsPattern = false;
      this.#cases = Math.max(0, this.#cases - 1);
      this.#nodes.push({ type: 'leave', what: 'block' });
      return;
    }
    reader.take('(');
    while (!reader.done && !reader.take(')')) {
      if (readWord(reader, this.#nested).length === 0 && reader.peek() !== ')') reader.next();
    }
    this.#expectsPattern = false;
  }

  /** `[[ … ]]`: operators in it join conditions, not commands. Its words may hold substitutions. */
  #condition(): void {
    const reader = this.#reader;
    const words: Word[] = [];
    while (!reader.done) {
      if (reader.match(/\s+|[()&|<>;]+/y) !== '') continue;
      const word = readWord(reader, this.#nested);
      if (plainText(word) === ']]') break;
      if (word.length === 0) reader.next();
      else words.push(word);
    }
    this.#command.words.push([text('[[')], ...words);
  }

  #finish(next: Joint): void {
    const { joint, assignments, words, redirections, input } = this.#command;
    const waitsForBody = this.#heredocs.isAwaitedBy(this.#command);
    const isEmpty = words.length + assignments.length + redirections.length === 0 && input === null && !waitsForBody;
    // The object itself: the body of its here-document is still to come.
    if (!isEmpty) this.#nodes.push({ type: 'command', command: this.#command });
    // A line end after `&&` or `|` goes on with the same list.
    const goesOn = isEmpty && next === ';' && joint !== ';';
    this.#command = newCommand(goesOn ? joint : next);
  }
}

const newCommand = (joint: Joint): Building => ({ joint, assignments: [], words: [], redirections: [], input: null });
