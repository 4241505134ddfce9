import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Log } from '../fault-agent/log.ts';
import { KeyReader, type Key } from './keys.ts';
import { Screen } from './screen.ts';
import type { Script, Step } from './script.ts';

/** No script waits longer: a forgotten program must not live for ever. */
const MAX_WAIT_MS = 60_000;
const FRAME_MS = 120;

interface ShownQuestion {
  readonly command: string;
  readonly deaf: boolean;
  readonly answer: (yes: boolean) => void;
  isAnswered: boolean;
}

interface ShownList {
  readonly question: string;
  readonly options: readonly string[];
  at: number;
  readonly done: () => void;
}

/** One start of the scripted program. */
export class ScriptedTui {
  readonly #script: Script;
  readonly #log: Log;
  readonly #screen: Screen;
  readonly #keys = new KeyReader();
  #values: Record<string, string> = {};
  #input: string;
  #typed = '';
  #enters = 0;
  #pastes = 0;
  #turn: AbortController | null = null;
  #dialog: Script['dialog'] | null;
  #question: ShownQuestion | null = null;
  #list: ShownList | null = null;

  constructor(script: Script) {
    this.#script = script;
    this.#log = new Log(script.log?.replaceAll('{{session}}', process.env['CONDUXT_SESSION'] ?? 'none') ?? null);
    const starts = this.#log.past('start').length;
    this.#log.add('start', { args: process.argv.slice(2), cwd: process.cwd(), env: { ...process.env } });
    if (starts < (script.failStarts ?? 0)) process.exit(1);
    this.#input = script.leftover ?? '';
    this.#dialog = script.dialog ?? null;
    this.#screen = new Screen({
      style: script.style ?? 'plain',
      title: script.title ?? false,
      quiet: script.quiet ?? false,
    });
  }

  async run(): Promise<void> {
    await delay(this.#script.startDelayMs ?? 0);
    process.stdin.setRawMode(true);
    process.stdin.setEncoding('utf8');
    process.stdin.on('data', (chunk) => {
      for (const key of this.#keys.read(String(chunk))) this.#press(key);
      this.#draw();
    });
    // A screen that is cleared from its first line on goes into tmux's history: real agents begin with a greeting.
    this.#screen.say('Scripted TUI');
    this.#draw();
    if (this.#script.busyAfterMs !== undefined) setTimeout(() => this.#work(), this.#script.busyAfterMs);
  }

  /** On something of its own. */
  #work(): void {
    this.#log.add('own-work');
    const turn = new AbortController();
    this.#turn = turn;
    const frames = setInterval(() => this.#draw(), FRAME_MS);
    turn.signal.addEventListener('abort', () => {
      clearInterval(frames);
      this.#turn = null;
    });
  }

  #draw(): void {
    if (this.#dialog?.bare === true) return void process.stdout.write(`\x1b[2J\x1b[H ${this.#dialog.text}`);
    if (this.#dialog !== null && this.#dialog !== undefined) {
      process.stdout.write(
        `\x1b[2J\x1b[H ${this.#dialog.text}\r\n ❯ 1. Yes\r\n   2. No\r\n Enter to confirm · Esc to cancel`,
      );
      return;
    }
    if (this.#list !== null) {
      const { question, options, at } = this.#list;
      const lines = options.map((option, index) => ` ${index === at ? '❯' : ' '} ${option}`);
      process.stdout.write(`\x1b[2J\x1b[H ${question}\r\n\r\n${lines.join('\r\n')}\r\n\r\n Enter to confirm`);
      return;
    }
    const question = this.#question?.command ?? null;
    const { pasteShownAs } = this.#script;
    const input = pasteShownAs === undefined || this.#input === '' ? this.#input : pasteShownAs;
    this.#screen.draw({ input, busy: this.#turn !== null, question });
  }

  #press(key: Key): void {
    if (this.#dialog !== null && this.#dialog !== undefined) {
      this.#log.add('dialog-key', { key });
      const isChosen = key.type === 'enter' && this.#dialog.key === '1' && this.#dialog.bare !== true;
      if (isChosen || (key.type === 'text' && key.text === this.#dialog.key)) {
        this.#dialog = null;
        process.stdout.write('\x1b[2J\x1b[H');
      }
      return;
    }
    if (this.#list !== null) return this.#move(this.#list, key);
    if (this.#question !== null) {
      if (this.#question.deaf || this.#question.isAnswered) return;
      const isYes = key.type === 'enter' || (key.type === 'text' && key.text === '1');
      if (key.type !== 'escape' && !isYes) return;
      this.#log.add('answer', { yes: isYes });
      this.#question.isAnswered = true;
      this.#question.answer(isYes);
      return;
    }
    switch (key.type) {
      case 'text':
        this.#log.add('text', { text: key.text });
        this.#input += key.text;
        return;
      case 'paste':
        return this.#paste(key.text);
      case 'up':
      case 'down':
        return;
      case 'clear':
        this.#log.add('clear', { had: this.#input });
        this.#input = '';
        return;
      case 'ctrl-c':
        this.#log.add('ctrl-c', { busy: this.#turn !== null });
        if (this.#script.ctrlC !== 'ignore') this.#exit(130);
        return;
      case 'escape':
        this.#log.add('escape', { busy: this.#turn !== null });
        if (this.#script.escape !== 'ignore') this.#turn?.abort();
        return;
      case 'enter':
        return this.#enter();
    }
  }

  #move(list: ShownList, key: Key): void {
    this.#log.add('list-key', { key });
    const { options } = list;
    if (key.type === 'down') list.at = Math.min(options.length - 1, list.at + 1);
    if (key.type === 'up') list.at = Math.max(0, list.at - 1);
    if (key.type !== 'enter') return;
    this.#log.add('choice', { option: options[list.at] });
    this.#list = null;
    process.stdout.write('\x1b[2J\x1b[H');
    list.done();
  }

  #paste(text: string): void {
    this.#log.add('paste', { text });
    this.#pastes += 1;
    if (this.#pastes <= (this.#script.losePastes ?? 0)) return;
    this.#input += text;
    void this.#steps(this.#script.onPaste ?? [], new AbortController().signal);
    if (this.#pastes === 1) this.#dialog = this.#script.dialogAfterPaste ?? null;
  }

  #enter(): void {
    this.#enters += 1;
    this.#log.add('enter', { busy: this.#turn !== null });
    if (this.#enters <= (this.#script.ignoreEnter ?? 0)) return;
    if (this.#input.trim() === '' || this.#turn !== null) return;
    const typed = this.#input;
    this.#typed = typed;
    this.#input = '';
    this.#screen.say(`> ${typed.split('\n').length > 6 ? '[Pasted text]' : typed}`);
    void this.#play(typed);
  }

  async #play(typed: string): Promise<void> {
    const file = /"([^"]+\/prompt-[^"/]+\.md)"/.exec(typed)?.[1];
    const text = file === undefined ? typed : readFileSync(file, 'utf8');
    const { prompts = [] } = this.#script;
    const entry = prompts[Math.min(this.#log.past('prompt').length, prompts.length - 1)];
    this.#log.add('prompt', { text, typed });
    this.#values = { ...this.#values, cwd: process.cwd(), ...last('nonce', text), ...last('task_id', text) };
    const turn = new AbortController();
    this.#turn = turn;
    const frames = setInterval(() => this.#draw(), FRAME_MS);
    try {
      await this.#steps(entry?.steps ?? [], turn.signal);
    } catch (error) {
      if (!turn.signal.aborted) throw error;
    }
    clearInterval(frames);
    if (turn.signal.aborted) this.#screen.say('Interrupted · What should I do instead?');
    this.#turn = null;
    this.#log.add('turn-over', { interrupted: turn.signal.aborted });
    this.#draw();
  }

  async #steps(steps: readonly Step[], signal: AbortSignal): Promise<void> {
    for (const step of steps) {
      signal.throwIfAborted();
      await this.#step(step, signal);
      this.#draw();
    }
    signal.throwIfAborted();
  }

  async #step(step: Step, signal: AbortSignal): Promise<void> {
    switch (step.type) {
      case 'say':
        return this.#screen.say(this.#fill(step.text));
      case 'shell':
        return this.#shell(this.#fill(step.command), signal);
      case 'callback':
        return this.#callback(step);
      case 'delay':
        await delay(step.ms, undefined, { signal });
        return;
      case 'write-file':
        return writeFileSync(this.#fill(step.path), '');
      case 'wait-for-file': {
        for (let waitedMs = 0; !existsSync(this.#fill(step.path)); waitedMs += 20) {
          if (waitedMs > MAX_WAIT_MS) this.#exit(97);
          await delay(20, undefined, { signal });
        }
        return;
      }
      case 'ask': {
        const { command, deaf = false, lateMs = 0 } = step;
        const yes = await new Promise<boolean>(
          (answer) => (this.#question = { command, deaf, answer, isAnswered: false }),
        );
        await delay(lateMs, undefined, { signal });
        this.#question = null;
        this.#screen.say(yes ? 'Allowed.' : 'Refused.');
        if (yes) await this.#steps(step.onYes ?? [], signal);
        return;
      }
      case 'choose':
        await new Promise<void>((done) => {
          this.#list = { question: step.question, options: step.options, at: 0, done };
          this.#draw();
        });
        return;
      case 'put-back':
        this.#input = this.#typed;
        return;
      case 'hook': {
        const line = `${this.#fill(JSON.stringify(step.event))}\n`;
        appendFileSync(path.join(path.dirname(process.env['CONDUXT_CALLBACK'] ?? '/dev/null'), 'hooks.ndjson'), line);
        return;
      }
      case 'flood': {
        for (let line = 0; line < step.lines; line += 1) this.#screen.say(`line ${line} of a long output`);
        return;
      }
      case 'hang':
        await delay(MAX_WAIT_MS, undefined, { signal });
        return;
      case 'exit':
        if (step.signal === undefined) return this.#exit(step.code ?? 0);
        process.kill(process.pid, step.signal);
        await delay(MAX_WAIT_MS);
        return;
    }
  }

  #callback({ via, status, fields }: Extract<Step, { type: 'callback' }>): void {
    const { nonce = 'none', task_id: task = 'none' } = this.#values;
    const callback = { task_id: task, nonce, status, summary: 'The sum is 4 now.', ...fields };
    const file = process.env['CONDUXT_CALLBACK'];
    if (via === 'file' && file !== undefined) {
      writeFileSync(`${file}.mine`, JSON.stringify(callback));
      renameSync(`${file}.mine`, file);
    } else this.#screen.say(`Done.\n\n\`\`\`callback-json\n${JSON.stringify(callback, null, 2)}\n\`\`\``);
  }

  #shell(command: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      execFile('sh', ['-c', command], { signal }, (error, stdout, stderr) => {
        const code = error === null ? 0 : (error.code ?? 'killed');
        this.#log.add('shell', { command, code, stdout, stderr });
        this.#screen.say(`$ ${command}\n${stdout}${stderr}`);
        resolve();
      });
    });
  }

  #fill(text: string): string {
    return text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => this.#values[name] ?? whole);
  }

  #exit(code: number): never {
    this.#log.add('exit', { code });
    if (this.#script.style === 'alternate') process.stdout.write('\x1b[?1049l');
    process.exit(code);
  }
}

/** The last `"name": "value"` in the prompt. */
function last(name: string, text: string): Record<string, string> {
  const found = [...text.matchAll(new RegExp(`"${name}": "([^"]*)"`, 'g'))].at(-1)?.[1];
  return found === undefined ? {} : { [name]: found };
}
