import path from 'node:path';
import type { PermissionRequest } from '../backend/backend.ts';
import { namedPath } from '../permission/named-path.ts';
import { beginningOf } from '../text/cut.ts';
import type { Redactor } from '../text/redact.ts';
import { markedLine, oneLine, sanitize } from '../text/sanitize.ts';
import { shellWord } from '../text/shell-word.ts';

/** No program is given a longer word on Linux (`MAX_ARG_STRLEN`). */
const MAX_COMMAND_CHARS = 128 * 1024;
const MAX_OTHER_CHARS = 32 * 1024;
const MAX_QUESTION_CHARS = 300;

/** Which permission a person is asked for: the question in one line, and what to decide by. Redacted and sanitized. */
export function permissionQuestion(
  request: PermissionRequest,
  unseen: readonly string[],
  { redact, cwd }: { readonly redact: Redactor; readonly cwd: string },
): { readonly question: string; readonly facts: Readonly<Record<string, string>> } {
  const question = markedLine(redact(`May the agent do this: ${request.title}?`), MAX_QUESTION_CHARS);
  const parts = {
    command: cut(redact(commandText(request)), MAX_COMMAND_CHARS),
    // Of a tool that names no command it is all there is.
    title: cut(request.command === null && !question.endsWith('?') ? redact(request.title) : '', MAX_OTHER_CHARS),
    paths: cut(redact(shownPaths(request.paths, cwd).join('\n')), MAX_OTHER_CHARS),
  };
  const left = Object.entries(parts).flatMap(([name, part]) =>
    part.left === 0 ? [] : [`${part.left} more characters of the ${name}`],
  );
  const facts = {
    kind: oneLine(request.kind ?? '', 100),
    ...Object.fromEntries(Object.entries(parts).map(([name, { text }]) => [name, text])),
    'not shown': left.join(', '),
    // Whoever decides should know what nobody looked into.
    'not seen by the guard': oneLine(unseen.join(', '), 300),
  };
  return { question, facts: Object.fromEntries(Object.entries(facts).filter(([, text]) => text !== '')) };
}

/** Whole: what a command does may stand in its last line. */
function cut(text: string, maxChars: number): { readonly text: string; readonly left: number } {
  const whole = sanitize(text).trim();
  const shown = beginningOf(whole, maxChars);
  return { text: shown, left: whole.length - shown.length };
}

/** Words that no shell looks at are told apart by quotes: a `#` among them begins no comment. */
const commandText = ({ command, argv }: PermissionRequest): string =>
  argv === undefined ? (command ?? '') : argv.map(shellWord).join(' ');

/** The same file under two names is one; below the worktree its short name says enough. */
function shownPaths(paths: readonly string[], cwd: string): readonly string[] {
  const shown = paths.map((named) => {
    const file = namedPath(named);
    if (file === null) return named;
    const below = path.relative(cwd, path.resolve(cwd, file));
    return below === '' || below.startsWith('..') || path.isAbsolute(below) ? named : below;
  });
  return [...new Set(shown)].map((named) => named.replace(/\r\n?|\n/g, ' ⏎ '));
}
