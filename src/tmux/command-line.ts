/**
 * One tmux call may hold several commands, carried out by the server without anything in between. A word that ends in
 * `;` would end its command; tmux takes the backslash away again (measured on 3.3a: `x;` loses its semicolon).
 */
export function commandLine(commands: readonly (readonly string[])[]): string[] {
  return commands.flatMap((words, at) => [
    ...(at === 0 ? [] : [';']),
    ...words.map((word) => (word.endsWith(';') ? `${word.slice(0, -1)}\\;` : word)),
  ]);
}

/** One word for the shell line of `pipe-pane`, which tmux first expands as a format (`#`) and a date (`%`). */
export const pipeWord = (text: string): string =>
  `'${text.replaceAll("'", "'\\''").replaceAll('#', '##').replaceAll('%', '%%')}'`;
