/** What a shell that waits for a line is called, as the terminal's foreground process. */
const SHELLS: ReadonlySet<string> = new Set(['sh', 'ash', 'bash', 'dash', 'fish', 'ksh', 'mksh', 'nu', 'tcsh', 'zsh']);
const PROMPT_END = /[$%#>❯➜λ]\s*$/u;

/**
 * The agent is gone and has left a shell: one has the terminal (not a script, which runs in the supervisor's own process
 * group), and the last line ends as prompts do. Either alone proves nothing. Pure.
 */
export function isBackAtShell(foreground: string, screen: string): boolean {
  const last = screen.split('\n').findLast((line) => line.trim() !== '');
  return SHELLS.has(foreground.replace(/^-/, '')) && last !== undefined && PROMPT_END.test(last);
}
