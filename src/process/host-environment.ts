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

/**
 * What a host is given for itself; it takes them out of its own environment, so that nothing it starts has them.
 * @param compiledCode directory where this Node keeps compiled code; null for none.
 */
export function hostOwnVariables(compiledCode: string | null): Record<string, string> {
  return {
    ...(compiledCode === null ? {} : { NODE_COMPILE_CACHE: compiledCode }),
    // glibc's own default, and said: unsaid it rises with the largest block that was freed, and the host keeps 3 MB
    // to 7 MB that it does not use.
    MALLOC_TRIM_THRESHOLD_: String(128 * 1024),
  };
}

/** Takes what only the host itself needs out of `env`. */
export function dropHostOwnVariables(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(hostOwnVariables(''))) delete env[name];
}
