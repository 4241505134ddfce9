export type Key =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'paste'; readonly text: string }
  | { readonly type: 'enter' | 'escape' | 'ctrl-c' | 'clear' | 'up' | 'down' };

const PASTE_START = '\x1b[200~';
const ARROWS = { '\x1b[A': 'up', '\x1bOA': 'up', '\x1b[B': 'down', '\x1bOB': 'down' } as const;
const PASTE_END = '\x1b[201~';

/** Takes bytes of a terminal as they come, in any pieces, and gives keys. */
export class KeyReader {
  #held = '';

  read(chunk: string): Key[] {
    let rest = this.#held + chunk;
    this.#held = '';
    const keys: Key[] = [];
    while (rest !== '') {
      if (rest.startsWith(PASTE_START)) {
        const end = rest.indexOf(PASTE_END);
        if (end < 0) {
          this.#held = rest;
          return keys;
        }
        keys.push({ type: 'paste', text: rest.slice(PASTE_START.length, end) });
        rest = rest.slice(end + PASTE_END.length);
        continue;
      }
      const arrow = ARROWS[rest.slice(0, 3) as keyof typeof ARROWS] as 'up' | 'down' | undefined;
      if (arrow !== undefined) {
        keys.push({ type: arrow });
        rest = rest.slice(3);
        continue;
      }
      const [first = ''] = rest;
      if (first === '\x1b' && rest.length > 1 && PASTE_START.startsWith(rest.slice(0, PASTE_START.length))) {
        this.#held = rest;
        return keys;
      }
      keys.push(keyOf(first));
      rest = rest.slice(first.length);
    }
    return keys;
  }
}

function keyOf(character: string): Key {
  switch (character) {
    case '\r':
      return { type: 'enter' };
    case '\x1b':
      return { type: 'escape' };
    case '\x03':
      return { type: 'ctrl-c' };
    case '\x15':
      return { type: 'clear' };
    default:
      return { type: 'text', text: character };
  }
}
