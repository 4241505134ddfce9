/** What git may see of the caller's environment: who we are, how to reach remotes, which language. */
const ALLOWED = new Set([
  'HOME',
  'PATH',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'SSH_AUTH_SOCK',
  'SSH_AGENT_PID',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'DBUS_SESSION_BUS_ADDRESS', // credential helpers that keep their secret in the desktop's keyring
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
]);

const ALLOWED_PREFIXES = ['XDG_', 'GIT_AUTHOR_', 'GIT_COMMITTER_'];

/**
 * The environment of our git calls, picked from `processEnv` by an allow-list.
 *
 * Left out on purpose: `GIT_DIR`, `GIT_WORK_TREE` and `GIT_INDEX_FILE` (a hook that calls us sets them, and they would
 * aim every call at the wrong repository), `GIT_CONFIG_COUNT` (the guard of an agent that calls us), `GIT_ASKPASS` and
 * `SSH_ASKPASS` (a window nobody watches), `CONDUXT_*` (markers of a session that is not ours).
 */
export function gitEnvironment(processEnv: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(processEnv)) {
    if (value === undefined) continue;
    if (ALLOWED.has(name) || ALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix))) env[name] = value;
  }
  return env;
}
