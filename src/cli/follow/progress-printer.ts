import { oneLine, sanitize } from '../../text/sanitize.ts';
import type { ProgressPiece } from '../../views/progress-update.ts';
import type { ProgressLine } from '../../views/progress.ts';
import type { Span, Tone } from '../../views/tone.ts';
import { paint, usesColour } from '../colours.ts';
import type { Io, Output } from '../io.ts';

const LABEL_WIDTH = 10;
/** Thinking is shown shortened: enough to see what it is about. */
const THOUGHT_CHARS = 160;

/** The block that ends a task is for conduxt, not for people; agents also write it right behind their last sentence. */
const CALLBACK_FENCE = /`{3,}callback-json/;
/** The end of a text that may go on to be such a block. */
const MAYBE_CALLBACK = /`{1,}(?:c(?:a(?:l(?:l(?:b(?:a(?:c(?:k(?:-(?:j(?:s(?:o(?:n.*)?)?)?)?)?)?)?)?)?)?)?)?)?$/;

/** A longer line is printed in parts: an agent may never send a line end. */
const MAX_LINE_CHARS = 16 * 1024;

export interface ProgressStyle {
  /** Put before every line when several sessions share the output; null for one. */
  readonly name: string | null;
  /** Begin every line with its time of day (UTC). */
  readonly times: boolean;
}

interface OpenText {
  readonly type: 'message' | 'thought';
  readonly messageId: string | null;
  readonly at: string | null;
  buffered: string;
  /** Its label has been printed. */
  begun: boolean;
  /** An empty line waits for the next one with text. */
  blank: boolean;
  /** Inside the block that is for conduxt, not for people. */
  inCallback: boolean;
}

/**
 * Prints progress for people. Message text appears as it comes when one session is shown on a terminal; with several,
 * or into a pipe, whole lines at a time, so that lines of two agents never mix.
 */
export class ProgressPrinter {
  readonly #output: Output;
  readonly #colour: boolean;
  readonly #style: ProgressStyle;
  readonly #streams: boolean;
  /** The kind of text that is being printed piece by piece. */
  #open: OpenText | null = null;
  #midLine = false;

  constructor(io: Io, output: Output, style: ProgressStyle) {
    this.#output = output;
    this.#colour = usesColour(output, io.env);
    this.#style = style;
    this.#streams = output.isTTY && style.name === null;
  }

  piece(at: string | null, piece: ProgressPiece): void {
    switch (piece.type) {
      case 'line':
        this.finish();
        this.#progressLine(at, piece.line);
        return;
      case 'message':
        this.#openText(at, 'message', piece.messageId);
        this.#message(piece.text);
        return;
      case 'thought':
        this.#openText(at, 'thought', null);
        this.#thought(piece.text);
        return;
    }
  }

  /** Ends whatever is printed piece by piece. */
  finish(): void {
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    if (open.type === 'thought') {
      if (!open.begun && open.buffered.trim() !== '') this.#thoughtLine(open.at, open.buffered);
      return;
    }
    if (this.#midLine || open.buffered.trim() !== '') this.#wholeLine(open, open.buffered);
  }

  #openText(at: string | null, type: 'message' | 'thought', messageId: string | null): void {
    if (this.#open?.type === type && this.#open.messageId === messageId) return;
    this.finish();
    this.#open = { type, messageId, at, buffered: '', begun: false, blank: false, inCallback: false };
  }

  #thought(text: string): void {
    const open = this.#open;
    if (open === null || open.begun) return;
    open.buffered += text;
    if (open.buffered.length < THOUGHT_CHARS) return;
    open.begun = true;
    this.#thoughtLine(open.at, open.buffered);
  }

  #message(text: string): void {
    const open = this.#open;
    if (open === null) return;
    open.buffered += sanitize(text);
    for (let newline = open.buffered.indexOf('\n'); newline >= 0; newline = open.buffered.indexOf('\n')) {
      const whole = open.buffered.slice(0, newline);
      open.buffered = open.buffered.slice(newline + 1);
      this.#wholeLine(open, whole);
    }
    if (open.buffered.length > MAX_LINE_CHARS) {
      this.#wholeLine(open, open.buffered);
      open.buffered = '';
    }
    if (!this.#streams || open.inCallback) return;
    const now = open.buffered.slice(0, MAYBE_CALLBACK.exec(open.buffered)?.index);
    if (now.trim() === '') return;
    this.#write(`${this.#midLine ? '' : this.#head(open)}${now}`);
    open.begun = true;
    open.buffered = open.buffered.slice(now.length);
    this.#midLine = true;
  }

  /** A line that is complete: its rest when its beginning is printed already. */
  #wholeLine(open: OpenText, text: string): void {
    const fence = CALLBACK_FENCE.exec(text);
    if (fence !== null && !open.inCallback) {
      this.#wholeLine(open, text.slice(0, fence.index));
      open.inCallback = true;
    } else if (this.#midLine) {
      this.#write(`${text}\n`);
      this.#midLine = false;
    } else if (open.inCallback) open.inCallback = !/^`{3,}\s*$/.test(text);
    else if (text.trim() === '') open.blank = open.begun;
    else this.#messageLine(open, text);
  }

  #messageLine(open: OpenText, text: string): void {
    this.#write(`${this.#head(open)}${text}\n`);
    open.begun = true;
  }

  /** The label stands before the first line of a message only; blank lines are kept between lines, not at the end. */
  #head(open: OpenText): string {
    const blank = open.blank ? `${this.#prefix(null, '').trimEnd()}\n` : '';
    open.blank = false;
    return blank + this.#prefix(open.begun ? null : open.at, open.begun ? '' : 'says');
  }

  #thoughtLine(at: string | null, text: string): void {
    this.#write(`${this.#prefix(at, 'thinks')}${this.#paint('dim', oneLine(text, THOUGHT_CHARS))}\n`);
  }

  #progressLine(at: string | null, { label, text, tone, below }: ProgressLine): void {
    this.#write(`${this.#prefix(at, label)}${this.#paint(tone, text)}\n`);
    for (const line of below ?? []) this.#write(`${this.#prefix(null, '')}${this.#paint('dim', line)}\n`);
  }

  #prefix(at: string | null, label: string): string {
    const time = this.#style.times ? `${at === null ? '        ' : at.slice(11, 19)} ` : '';
    const name = this.#style.name === null ? '' : `[${this.#style.name}] `;
    return this.#paint('dim', time) + this.#paint('strong', name) + this.#paint('dim', label.padEnd(LABEL_WIDTH));
  }

  #paint(tone: Tone, text: string): string {
    const span: Span = { text, tone };
    return paint(span, this.#colour);
  }

  #write(text: string): void {
    this.#output.write(text);
  }
}
