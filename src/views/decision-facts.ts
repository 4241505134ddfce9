import { beginningOf } from '../text/cut.ts';
import { oneLine, sanitize } from '../text/sanitize.ts';

export interface FactBounds {
  /** Of each fact. */
  readonly maxChars: number;
  readonly maxLines: number;
  /** The command that shows more. */
  readonly more: string;
}

/** Between other things. */
export const BRIEFLY: FactBounds = { maxChars: 2_000, maxLines: 20, more: 'conduxt decisions' };
/** Where a person decides. */
export const AT_LENGTH: FactBounds = { maxChars: 20_000, maxLines: 400, more: 'conduxt decisions --json' };

/**
 * What a decision is decided by, as lines for a terminal: a value of several lines stands in as many, for in a command a
 * line end is as much as a semicolon. What is left out is counted.
 */
export const factLines = (
  facts: Readonly<Record<string, string>>,
  { maxChars, maxLines, more }: FactBounds,
): readonly string[] =>
  Object.entries(facts).flatMap(([name, value]) => {
    const text = sanitize(value).trim();
    const lines = beginningOf(text, maxChars).split('\n').slice(0, maxLines);
    const left = text.length - lines.join('\n').length;
    const label = oneLine(name, 30);
    return [
      ...(lines.length === 1 ? [`${label}: ${lines[0] ?? ''}`] : [`${label}:`, ...lines.map((line) => `  | ${line}`)]),
      ...(left > 0 ? [`  … and ${left} more characters: ${more}`] : []),
    ];
  });
