import { appendFileSync, readFileSync } from 'node:fs';
import { isObject } from './script.ts';

/** What the agent saw, one JSON object per line, written before anything else happens to it. */
export class Log {
  readonly #path: string | null;

  constructor(path: string | null) {
    this.#path = path;
  }

  add(event: string, facts: Readonly<Record<string, unknown>> = {}): void {
    if (this.#path === null) return;
    appendFileSync(this.#path, JSON.stringify({ event, pid: process.pid, ...facts }) + '\n', { mode: 0o600 });
  }

  /** Earlier records of `event`, also those of earlier starts of the program. */
  past(event: string): readonly Record<string, unknown>[] {
    if (this.#path === null) return [];
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch {
      return [];
    }
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line))
      .filter((record) => isObject(record))
      .filter((record) => record['event'] === event);
  }
}
