import { createHash } from 'node:crypto';

/**
 * Versions whose hooks were measured: that they are called, that a refusal reaches the agent, and how one is trusted.
 * Another version may reckon differently, and would then ask a person to review ours before it begins.
 */
const MEASURED = /^0\.169\./;

const EVENTS = { PreToolUse: 'pre_tool_use', PostToolUse: 'post_tool_use' } as const;
const TIMEOUT_SECONDS = 20;

/**
 * Arguments that give codex our hook around each tool, beside the user's own, and no file is written. codex runs only
 * hooks that somebody trusts, by their hash. Ours is trusted for this one start; `--dangerously-bypass-hook-trust` would
 * run every hook that the repository brings as well. Empty for a version that was not measured.
 * @param command a shell line.
 */
export function codexHookArgs(command: string, version: string | null): string[] {
  if (version === null || !MEASURED.test(version)) return [];
  const handler = `{type="command",command=${JSON.stringify(command)},timeout=${TIMEOUT_SECONDS}}`;
  const hooks = Object.keys(EVENTS).flatMap((event) => ['-c', `hooks.${event}=[{hooks=[${handler}]}]`]);
  const trusted = Object.values(EVENTS).map(
    (event) =>
      `"/<session-flags>/config.toml:${event}:0:0"={trusted_hash="${hookHash(event, command, TIMEOUT_SECONDS)}"}`,
  );
  return [...hooks, '-c', `hooks.state={${trusted.join(',')}}`];
}

/** As codex 0.169 reckons it: over the hook as JSON without white space, names in alphabetical order. */
export function hookHash(event: string, command: string, timeoutSeconds: number): string {
  const handler = { async: false, command, timeout: timeoutSeconds, type: 'command' };
  const text = JSON.stringify({ event_name: event, hooks: [handler] });
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
