import { unavailable } from '../errors.ts';
import { run } from '../process/run.ts';

export interface TmuxVersion {
  readonly major: number;
  readonly minor: number;
  /** As tmux says it: `3.3a`. */
  readonly text: string;
}

/** Older ones know neither the signal of a dead pane nor its format line, and resize windows under our feet. */
const OLDEST = { major: 3, minor: 3 } as const;
const VERSION_TIMEOUT_MS = 10_000;

/** `tmux 3.3a`, `tmux next-3.6`; null for anything without a number. */
export function parseVersion(text: string): TmuxVersion | null {
  const found = /(\d+)\.(\d+)[a-z]?/.exec(text);
  return found === null ? null : { major: Number(found[1]), minor: Number(found[2]), text: found[0] };
}

export const isRecent = ({ major, minor }: TmuxVersion): boolean =>
  major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);

/** What is installed: null when there is no tmux on the PATH. */
export async function installedTmux(env: Readonly<Record<string, string | undefined>>): Promise<TmuxVersion | null> {
  const result = await run('tmux', ['-V'], {
    cwd: '/',
    env: { PATH: env['PATH'] ?? '' },
    timeoutMs: VERSION_TIMEOUT_MS,
  });
  return result.exitCode === 0 ? parseVersion(result.stdout) : null;
}

/**
 * @param otherwise how to go on without it, in a sentence.
 * @throws `tmux-missing`, `tmux-too-old` (exit 5). Agents that speak ACP do not need it.
 */
export async function requireTmux(
  env: Readonly<Record<string, string | undefined>>,
  otherwise = 'Or use --backend acp with an agent that speaks ACP.',
): Promise<TmuxVersion> {
  const version = await installedTmux(env);
  const remedy = `Install tmux 3.3 or newer. ${otherwise}`;
  if (version === null) throw unavailable('tmux-missing', 'tmux is not on the PATH.', { remedy });
  if (isRecent(version)) return version;
  throw unavailable('tmux-too-old', `tmux ${version.text} is too old; 3.3 is needed.`, {
    remedy,
    facts: { version: version.text },
  });
}
