import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { piEnvironment, seedPiHome } from './pi-home.ts';
import { binOf, CLAUDE_CODE, CODEX_CLI } from './pinned-agents.ts';

export interface HomePlace {
  /** Of a scripted model, with `/v1`. */
  readonly modelUrl: string;
  /** Where the agent is trusted, so that it does not ask. */
  readonly directories: readonly string[];
}

/** Makes a directory the home of somebody who uses an agent, and gives the environment in which it is found. */
export type AgentHome = (home: string, place: HomePlace) => Record<string, string>;

const DUMMY_KEY = 'no-key-is-needed-on-the-loopback';

export function piHome(retryBaseMs?: number): AgentHome {
  return (home, { modelUrl }) => {
    seedPiHome(home, modelUrl, retryBaseMs);
    return piEnvironment(home);
  };
}

/** Claude Code: past its first screens, with a key it has approved, and trusted in the directories. */
export const claudeHome: AgentHome = (home, { modelUrl, directories }) => {
  const trusted = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true, allowedTools: [] };
  write(home, '.claude.json', {
    ...{ hasCompletedOnboarding: true, theme: 'dark', numStartups: 3, autoUpdates: false },
    customApiKeyResponses: { approved: [DUMMY_KEY.slice(-20)], rejected: [] },
    projects: Object.fromEntries(directories.map((directory) => [directory, trusted])),
  });
  return {
    ...environment(home, binOf(CLAUDE_CODE)),
    ANTHROPIC_BASE_URL: modelUrl.replace(/\/v1$/, ''),
    ANTHROPIC_API_KEY: DUMMY_KEY,
    ...{ CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1' },
    ...{ DISABLE_ERROR_REPORTING: '1', DISABLE_BUG_COMMAND: '1' },
  };
};

/** codex with a provider on the loopback, trusted in the directories. */
export const codexHome: AgentHome = (home, { modelUrl, directories }) => {
  const provider = { name: 'loopback', base_url: modelUrl, wire_api: 'responses', env_key: 'OPENAI_API_KEY' };
  const limits = { request_max_retries: 1, stream_max_retries: 1, supports_websockets: false };
  const lines = [
    ...entries({ model: 'scripted', model_provider: 'loopback', model_context_window: 200_000 }),
    ...entries({ check_for_update_on_startup: false }),
    ...['[analytics]', 'enabled = false', '[feedback]', 'enabled = false'],
    ...['[model_providers.loopback]', ...entries({ ...provider, ...limits })],
    ...directories.flatMap((directory) => [`[projects.${JSON.stringify(directory)}]`, 'trust_level = "trusted"']),
  ];
  writeText(home, '.codex/config.toml', `${lines.join('\n')}\n`);
  return { ...environment(home, binOf(CODEX_CLI)), OPENAI_API_KEY: DUMMY_KEY, NO_BROWSER: '1' };
};

const entries = (table: Readonly<Record<string, string | number | boolean>>): string[] =>
  Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);

const environment = (home: string, bin: string): Record<string, string> => ({
  PATH: [bin, path.dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(path.delimiter),
  HOME: home,
  LANG: 'C.UTF-8',
  NO_PROXY: '127.0.0.1,localhost',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
});

const write = (home: string, name: string, content: object): void =>
  writeText(home, name, JSON.stringify(content, null, 2));

function writeText(home: string, name: string, text: string): void {
  const file = path.join(home, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o600);
}
