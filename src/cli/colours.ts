import type { Line, Span, Tone } from '../views/tone.ts';
import type { Io, Output } from './io.ts';

/** SGR codes. Sixteen-colour codes follow the user's own palette. */
const CODES: Readonly<Record<Tone, string | null>> = {
  plain: null,
  dim: '2',
  strong: '1',
  good: '32',
  bad: '31',
  warn: '33',
};

/** FORCE_COLOR wins over NO_COLOR, as in Node; neither: colour on a terminal that can do it. */
export function usesColour(output: Output, env: Io['env']): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  const refused = env['NO_COLOR'];
  if (refused !== undefined && refused !== '') return false;
  return output.isTTY && env['TERM'] !== 'dumb';
}

export const paint = (span: Span, colour: boolean): string => {
  const code = CODES[span.tone];
  return !colour || code === null || span.text === '' ? span.text : `\u001b[${code}m${span.text}\u001b[0m`;
};

export const paintLine = (line: Line, colour: boolean): string => line.map((span) => paint(span, colour)).join('');
