import path from 'node:path';
import type { AgentProfile } from './profile.ts';
import { forbiddenDirectories, searchPath } from '../process/search-path.ts';

/**
 * What every agent gets, by name or by prefix (`LC_*`). An allow-list: what is not here was not meant for an agent.
 * Beside the basics, places of language tools, without which a project's own tests would not run.
 */
const BASE: readonly string[] = [
  ...['HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'COLORTERM', 'LANG', 'LANGUAGE', 'LC_*', 'TZ', 'TMPDIR', 'XDG_*'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'],
  ...['SSH_AUTH_SOCK', 'GIT_AUTHOR_*', 'GIT_COMMITTER_*', 'GIT_CONFIG_GLOBAL', 'GIT_CONFIG_NOSYSTEM'],
  // Where some agents keep their login: the desktop's key ring.
  ...['DBUS_SESSION_BUS_ADDRESS', '__CF_USER_TEXT_ENCODING'],
  ...['JAVA_HOME', 'MAVEN_HOME', 'GRADLE_USER_HOME', 'ANDROID_HOME', 'ANDROID_SDK_ROOT', 'DOTNET_ROOT'],
  ...['GOPATH', 'GOROOT', 'GOFLAGS', 'GOPROXY', 'GOCACHE', 'GOMODCACHE', 'CARGO_HOME', 'RUSTUP_HOME'],
  ...['VIRTUAL_ENV', 'PYENV_ROOT', 'CONDA_PREFIX', 'UV_CACHE_DIR', 'PIP_CACHE_DIR', 'RBENV_ROOT', 'GEM_HOME'],
  ...['NVM_DIR', 'VOLTA_HOME', 'FNM_DIR', 'ASDF_DIR', 'ASDF_DATA_DIR', 'MISE_DATA_DIR', 'PNPM_HOME', 'BUN_INSTALL'],
  ...['DOCKER_HOST', 'HOMEBREW_PREFIX', 'NIX_PATH', 'NIX_PROFILES', 'NIX_SSL_CERT_FILE'],
];

/**
 * Never passed on, whatever a profile lists. The first two lines: what an agent that calls conduxt leaves in its
 * children (Claude refuses to start inside of Claude). The forge tokens: pushing and pull requests are ours. The rest would change what Node, npm, git or conduxt do in the agent.
 */
const NEVER: readonly string[] = [
  ...['CLAUDECODE', 'CLAUDE_CODE_ENTRYPOINT', 'CLAUDE_CODE_SSE_PORT', 'CLAUDE_CODE_SESSION_ID'],
  ...['CODEX_SANDBOX*', 'CODEX_THREAD_ID', 'GEMINI_CLI', 'OPENCODE', 'OPENCODE_PID'],
  ...['GH_TOKEN', 'GITHUB_TOKEN', 'GH_ENTERPRISE_TOKEN', 'GITHUB_ENTERPRISE_TOKEN', 'GITLAB_TOKEN'],
  ...['npm_*', 'NODE_OPTIONS', 'NODE_PATH', 'NODE_ENV', 'CONDUXT_*', 'TMUX', 'TMUX_PANE'],
];

export interface AgentEnvironmentInput {
  /** The environment of the host. */
  readonly processEnv: Readonly<Record<string, string | undefined>>;
  readonly profile: Pick<AgentProfile, 'environment'>;
  /** Added as it is, over everything else: from the configuration and the agent's `envFile`. */
  readonly extra: Readonly<Record<string, string>>;
  /** The agent's directory: no program is taken from a PATH entry inside of it. */
  readonly cwd: string;
}

/** The complete environment of an agent: the base list, the profile's own variables, and `extra`. */
export function agentEnvironment({ processEnv, profile, extra, cwd }: AgentEnvironmentInput): Record<string, string> {
  const wanted = [...BASE, ...profile.environment];
  const passed = Object.entries(processEnv).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && matchesAny(entry[0], wanted) && !matchesAny(entry[0], NEVER),
  );
  const directories = searchPath(processEnv['PATH'], forbiddenDirectories([cwd], processEnv['HOME']));
  return {
    ...Object.fromEntries(passed),
    ...(directories.length === 0 ? {} : { PATH: directories.join(path.delimiter) }),
    ...extra,
  };
}

/** `patterns` are names, or prefixes that end in `*`. */
const matchesAny = (name: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
