import { drawn } from './wrap.ts';

/** What the screen shows besides what was said. */
export interface Look {
  readonly input: string;
  readonly busy: boolean;
  readonly question: string | null;
}

const BUSY_FRAMES = ['⠋', '⠙', '⠹', '⠸'];
const KEPT_LINES = 2000;

/** Draws what was said and, below it, an input box that is drawn anew each time. */
export class Screen {
  readonly #style: 'plain' | 'box' | 'alternate';
  readonly #title: boolean;
  readonly #quiet: boolean;
  #said: string[] = [];
  #fresh: string[] = [];
  #rows = 0;
  #frame = 0;

  constructor(options: { style: 'plain' | 'box' | 'alternate'; title: boolean; quiet: boolean }) {
    this.#style = options.style;
    this.#title = options.title;
    this.#quiet = options.quiet;
    process.stdout.write(options.style === 'alternate' ? '\x1b[?1049h\x1b[2J\x1b[?2004h' : '\x1b[?2004h');
  }

  say(text: string): void {
    const lines = drawn(text, this.#width);
    this.#fresh.push(...lines);
    this.#said = [...this.#said, ...lines].slice(-KEPT_LINES);
  }

  draw(look: Look): void {
    this.#frame += 1;
    if (this.#title) process.stdout.write(`\x1b]0;${look.busy ? this.#spinner : '✳'} scripted\x07`);
    const box = look.question === null ? this.#box(look) : this.#question(look.question);
    const height = process.stdout.rows;
    if (this.#style === 'alternate') {
      const above = this.#said.slice(-(height - box.length));
      process.stdout.write(`\x1b[H\x1b[2J${[...above, ...box].join('\r\n')}`);
      return;
    }
    const up = this.#rows > 1 ? `\x1b[${this.#rows - 1}A` : '';
    process.stdout.write(`${up}\r\x1b[J${[...this.#fresh, ...box].join('\r\n')}`);
    this.#fresh = [];
    this.#rows = box.length;
  }

  get #width(): number {
    return process.stdout.columns;
  }

  get #spinner(): string {
    return BUSY_FRAMES[this.#frame % BUSY_FRAMES.length] ?? '⠋';
  }

  #box({ input, busy }: Look): string[] {
    const rule = '─'.repeat(this.#width - 1);
    const shown = input.split('\n').length > 6 ? `[Pasted text #1 +${input.split('\n').length - 1} lines]` : input;
    const [first = '', ...more] = drawn(shown, this.#width - 2).map((line) => line.slice(2));
    const status = busy && !this.#quiet ? `${this.#spinner} Working… (esc to interrupt)` : '? for shortcuts';
    const lines = [`❯ ${first}`, ...more.map((line) => `  ${line}`)];
    if (this.#style !== 'box') return [rule, ...lines, rule, `  ${status}`];
    const inside = this.#width - 5;
    const side = (line: string): string => `│ ${line.slice(0, inside).padEnd(inside)} │`;
    return [`╭${'─'.repeat(inside + 2)}╮`, ...lines.map(side), `╰${'─'.repeat(inside + 2)}╯`, `  ${status}`];
  }

  #question(command: string): string[] {
    const lines = command.split('\n').map((line, index) => `   ${index === 0 ? '$' : ' '} ${line}`);
    return ['', ' Do you want to proceed?', ...lines, ' ❯ 1. Yes', '   2. No', ' Esc to cancel'];
  }
}
