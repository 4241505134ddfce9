/** How a piece of text is meant; the command line decides whether that is a colour. */
export type Tone = 'plain' | 'dim' | 'strong' | 'good' | 'bad' | 'warn';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of output. Its text is sanitized and holds no newline. */
export type Line = readonly Span[];

export const plain = (text: string): Line => [{ text, tone: 'plain' }];
export const toned = (tone: Tone, text: string): Line => [{ text, tone }];
