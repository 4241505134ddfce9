/** A piece of a word. `quoted` pieces are not split into fields. */
export type Part =
  | { readonly type: 'text'; readonly text: string; readonly quoted: boolean }
  /** `{`, `,` or `}` outside of quotes: what brace expansion is made of. */
  | { readonly type: 'brace'; readonly text: string }
  /** `~` at the beginning of a word. */
  | { readonly type: 'home' }
  | Variable
  /** `$(…)`, backticks, and `<(…)`, whose value is a path nobody knows. */
  | { readonly type: 'substitution'; readonly script: Script; readonly quoted: boolean; readonly isPath: boolean }
  /** Arithmetic and whatever else has a value that is not worked out here. */
  | { readonly type: 'unknown' };

export interface Variable {
  readonly type: 'variable';
  readonly name: string;
  readonly quoted: boolean;
  /** `"$@"` and `"${list[@]}"` make several fields, quoted or not. */
  readonly many: boolean;
  /**
   * `plain`; `default` (`${x:-word}`), `other` (`${x:+word}`) with their `word`; `indirect` (`${!x}`);
   * `computed` (a part of the value, its length, a replacement).
   */
  readonly form: 'plain' | 'default' | 'other' | 'indirect' | 'computed';
  readonly word: Word;
}

export type Word = readonly Part[];

export interface Assignment {
  readonly name: string;
  readonly value: Word;
  /** `x+=…` */
  readonly appends: boolean;
}

/** What joins a command to the one before it. */
export type Joint = ';' | '&&' | '||' | '|';

export interface SimpleCommand {
  readonly joint: Joint;
  readonly assignments: readonly Assignment[];
  readonly words: readonly Word[];
  /** The text of a here-document or here-string. */
  readonly input: Word | null;
  /** Words of redirections: they may hold substitutions. */
  readonly redirections: readonly Word[];
}

/** A script as a sequence. Blocks may or may not run; a subshell keeps what it changes to itself. */
export type Node =
  | { readonly type: 'command'; readonly command: SimpleCommand }
  | { readonly type: 'loop'; readonly variable: string; readonly words: readonly Word[] }
  | { readonly type: 'enter'; readonly what: 'subshell' | 'block'; readonly joint: Joint }
  | { readonly type: 'else' }
  | { readonly type: 'leave'; readonly what: 'subshell' | 'block' };

export interface Script {
  readonly nodes: readonly Node[];
  /** Why the text could not be read to its end as a shell would; null when it could. */
  readonly problem: string | null;
}

export const text = (value: string, quoted = true): Part => ({ type: 'text', text: value, quoted });

/** The text of a word without quotes or expansions; null for any other. */
export function plainText(word: Word): string | null {
  let plain = '';
  for (const part of word) {
    if (part.type === 'brace') plain += part.text;
    else if (part.type === 'text' && !part.quoted) plain += part.text;
    else return null;
  }
  return plain;
}
