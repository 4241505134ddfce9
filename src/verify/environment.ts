import { delimiter, isAbsolute } from 'node:path';

/** Variables that tests and package managers need to find their programs, caches and network. */
const ALLOWED = new Set(
  [
    'HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TEMP TMP DISPLAY WAYLAND_DISPLAY',
    'http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY',
    'SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE',
    'JAVA_HOME JDK_HOME M2_HOME MAVEN_HOME MAVEN_OPTS GRADLE_HOME GRADLE_USER_HOME GRADLE_OPTS',
    'ANDROID_HOME ANDROID_SDK_ROOT KOTLIN_HOME',
    'GOPATH GOROOT GOBIN GOCACHE GOMODCACHE GOPROXY GOSUMDB GOFLAGS GOPRIVATE GONOPROXY GONOSUMDB GOTOOLCHAIN CGO_ENABLED',
    'CARGO_HOME CARGO_TARGET_DIR RUSTUP_HOME RUSTUP_TOOLCHAIN RUSTFLAGS',
    'VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV PYENV_ROOT PYENV_VERSION PIPX_HOME UV_CACHE_DIR UV_PYTHON',
    'GEM_HOME GEM_PATH RBENV_ROOT RBENV_VERSION BUNDLE_PATH RUBY_VERSION COMPOSER_HOME',
    'NVM_DIR NVM_BIN VOLTA_HOME FNM_DIR FNM_MULTISHELL_PATH PNPM_HOME COREPACK_HOME BUN_INSTALL DENO_DIR YARN_CACHE_FOLDER',
    'MIX_HOME HEX_HOME DOTNET_ROOT DOTNET_CLI_HOME NUGET_PACKAGES ASDF_DIR ASDF_DATA_DIR MISE_DATA_DIR',
    'CC CXX CFLAGS CXXFLAGS LDFLAGS PKG_CONFIG_PATH LD_LIBRARY_PATH DOCKER_HOST CHROME_BIN PLAYWRIGHT_BROWSERS_PATH',
    'XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_DATA_DIRS XDG_CONFIG_DIRS XDG_RUNTIME_DIR',
  ].flatMap((line) => line.split(' ')),
);
const ALLOWED_PREFIX = /^(LC_|NIX_)/;

/**
 * Directories that npm puts on the PATH for the time of one script, and the Node that conduxt's own development brings.
 * A test that passes only because of our packages proves nothing about the repository.
 */
const OURS = /\/node_modules\/\.bin\/?$|\/node-gyp-bin\/?$|\/node_modules\/node\/bin\/?$/;

/**
 * The environment of set-up and verification: an allow-list, so that no forge token, API key or setting of conduxt,
 * npm or an agent reaches the repository's code. Set on top: `CI`, no colour, and no question from git. A PATH entry
 * that is relative is left out: it would let a file of the worktree stand for the runner of the tests.
 */
export function verificationEnvironment(
  processEnv: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(processEnv)) {
    if (value !== undefined && (ALLOWED.has(name) || ALLOWED_PREFIX.test(name))) env[name] = value;
  }
  const path = (processEnv['PATH'] ?? '').split(delimiter).filter((entry) => isAbsolute(entry) && !OURS.test(entry));
  return {
    ...env,
    PATH: path.length > 0 ? path.join(delimiter) : '/usr/local/bin:/usr/bin:/bin',
    // Without it some runners wait for keys or write new snapshots.
    CI: 'true',
    NO_COLOR: '1',
    TERM: 'dumb',
    GIT_TERMINAL_PROMPT: '0',
    // Compiled files beside the sources would make the worktree dirty.
    PYTHONDONTWRITEBYTECODE: '1',
  };
}
