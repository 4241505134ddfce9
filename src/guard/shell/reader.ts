/** A place in a text. The one mutable thing of the parser. */
export class Reader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  peek(offset = 0): string {
    return this.text[this.at + offset] ?? '';
  }

  next(): string {
    const character = this.peek();
    this.at += 1;
    return character;
  }

  startsWith(what: string): boolean {
    return this.text.startsWith(what, this.at);
  }

  /** Takes `what` when it is next. */
  take(what: string): boolean {
    if (!this.startsWith(what)) return false;
    this.at += what.length;
    return true;
  }

  /** Takes what a sticky expression matches here; '' when nothing. */
  match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  /** Takes everything up to `end`, and `end` itself. Without one, everything. */
  until(end: string): string {
    const found = this.text.indexOf(end, this.at);
    const stop = found < 0 ? this.text.length : found;
    const taken = this.text.slice(this.at, stop);
    this.at = found < 0 ? stop : stop + end.length;
    return taken;
  }
}
