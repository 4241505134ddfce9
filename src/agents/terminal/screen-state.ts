import { askedCommand, type AskedCommand } from './asked-command.ts';
import { findBox } from './input-box.ts';
import type { ScreenRules } from './profile.ts';

/**
 * What an agent's screen says:
 *
 *     starting → ready ⇄ busy;   any → permission | dialog → back
 */
export type ScreenState =
  | { readonly type: 'starting' }
  /** `input` is what stands in the box; empty when nothing was typed. */
  | { readonly type: 'ready' | 'busy'; readonly input: string }
  | {
      readonly type: 'permission';
      readonly question: string;
      readonly command: AskedCommand | null;
      /** Enter would allow it, once. */
      readonly yesIsChosen: boolean;
    }
  | { readonly type: 'dialog'; readonly text: string }
  /** The agent is gone, and a shell waits in its place (`isBackAtShell`): never read from the screen alone. */
  | { readonly type: 'shell' };

export interface ScreenLook {
  readonly title: string;
  readonly screen: string;
}

/** Around the box; further up is what was said, which may hold any words. */
const TAIL_LINES = 6;
const QUESTION_LINES = 24;
/** A spinner in braille, as most agents draw it. */
const SPINNER = /^[\u2801-\u28ff]/u;

/** Reads a screen. Pure: title and text in, state out. */
export function screenState(rules: ScreenRules, { title, screen }: ScreenLook): ScreenState {
  const lines = screen.split('\n').map((line) => line.trimEnd());
  const box = findBox(lines, rules.box);
  // A list to choose from has a pointer that looks like a prompt; its keys stand below it.
  const isList = box !== null && lines.slice(box.to + 1).some((line) => matches(rules.dialogs, line));
  if (box === null || isList) return withoutBox(rules, lines, title);
  const around = [
    ...lastContent(lines.slice(0, box.from), TAIL_LINES),
    ...lines.slice(box.from, box.to + 1).filter((line) => !line.includes(box.text) || box.text === ''),
    ...lines.slice(box.to + 1),
  ];
  const input = rules.placeholder?.test(box.text) === true ? '' : box.text;
  const isBusy = isBusyTitle(rules, title) || around.some((line) => matches(rules.busy, line));
  return { type: isBusy ? 'busy' : 'ready', input };
}

function withoutBox(rules: ScreenRules, lines: readonly string[], title: string): ScreenState {
  const shown = lastContent(lines, QUESTION_LINES);
  const text = shown.join('\n');
  if (matches(rules.asks, text)) {
    return {
      type: 'permission',
      question: shown.find((line) => matches(rules.asks, line))?.trim() ?? 'a permission',
      command: askedCommand(lines, rules),
      yesIsChosen: rules.yesIsChosen?.test(text) === true,
    };
  }
  if (matches(rules.dialogs, text)) return { type: 'dialog', text };
  const isBusy = isBusyTitle(rules, title) || shown.some((line) => matches(rules.busy, line));
  return isBusy ? { type: 'busy', input: '' } : { type: 'starting' };
}

const matches = (patterns: readonly RegExp[], text: string): boolean => patterns.some((pattern) => pattern.test(text));

const isBusyTitle = (rules: ScreenRules, title: string): boolean =>
  rules.busyTitle?.test(title) === true || SPINNER.test(title);

const lastContent = (lines: readonly string[], count: number): string[] =>
  lines.filter((line) => line.trim() !== '').slice(-count);
