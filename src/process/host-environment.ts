/** Set by agents and package managers about themselves; a host outlives both and must not pass them on. */
const DROPPED =
  /^(CONDUXT_|npm_|CLAUDECODE$|CLAUDE_CODE_ENTRYPOINT$|INIT_CWD$|NODE_OPTIONS$|NODE_PATH$|GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX)$)/;

/** What tests and people use to steer conduxt itself, as opposed to what marks an agent's processes. */
const KEPT = new Set(['CONDUXT_REHEARSAL_STATE', 'CONDUXT_REHEARSAL_DELAY_MS', 'CONDUXT_REHEARSAL_ASK']);

/**
 * The environment a host starts with: the caller's, without markers. An agent may call `conduxt run`; stopping that
 * agent's session sweeps its marker and must not reach the new task's host.
 */
export function hostEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && (KEPT.has(name) || !DROPPED.test(name))) kept[name] = value;
  }
  return kept;
}

/** Where a Node keeps compiled code. Meant for the host alone, which takes it out of its own environment. */
export const COMPILE_CACHE_VARIABLE = 'NODE_COMPILE_CACHE';
