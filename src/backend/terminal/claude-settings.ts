import { isObject } from '../acp/json.ts';

/** The events of Claude Code that conduxt listens to. */
const EVENTS = ['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop', 'StopFailure', 'SessionEnd'];
const HOOK_TIMEOUT_SECONDS = 20;

type Settings = Readonly<Record<string, unknown>>;

/**
 * Settings with our hook beside those that are there: nothing is taken away, nothing is there twice, whatever is not as
 * Claude Code documents it stays as it is. @param command a shell line, by Claude's rules.
 */
export function withHooks(settings: Settings, command: string): Settings {
  const hook = { type: 'command', command, timeout: HOOK_TIMEOUT_SECONDS };
  const hooks = isObject(settings['hooks']) ? settings['hooks'] : {};
  const merged = EVENTS.map((event): [string, unknown] => {
    const known = hooks[event];
    const entries: readonly unknown[] = Array.isArray(known) ? known : [];
    return [event, entries.some((entry) => runs(entry, command)) ? entries : [...entries, { hooks: [hook] }]];
  });
  return { ...settings, hooks: { ...hooks, ...Object.fromEntries(merged) } };
}

const runs = (entry: unknown, command: string): boolean =>
  isObject(entry) &&
  Array.isArray(entry['hooks']) &&
  entry['hooks'].some((hook: unknown) => isObject(hook) && hook['command'] === command);

/**
 * Takes `--settings <file or JSON>` out of an argument vector: Claude Code reads one only, and ours must not hide it.
 * The last one counts, as it does for Claude Code.
 */
export function takeSettings(args: readonly string[]): {
  readonly args: readonly string[];
  readonly given: string | null;
} {
  const kept: string[] = [];
  let given: string | null = null;
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    const next = args[at + 1];
    if (word === '--settings' && next !== undefined) {
      given = next;
      at += 1;
    } else if (word.startsWith('--settings=')) given = word.slice('--settings='.length);
    else kept.push(word);
  }
  return { args: kept, given };
}
