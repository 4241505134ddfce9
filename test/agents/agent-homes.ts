import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { piEnvironment, seedPiHome } from './pi-home.ts';
import { binOf, GEMINI, OPENCODE, QWEN, type PinnedAgent } from './pinned-agents.ts';

export interface HomePlace {
  /** Of a scripted model, with `/v1`. */
  readonly modelUrl: string;
  /** Where the agent is trusted, so that it does not ask. */
  readonly directories: readonly string[];
}

/** Makes a directory the home of somebody who uses an agent, and gives the environment in which it is found. */
export type AgentHome = (home: string, place: HomePlace) => Record<string, string>;

const MODEL = 'scripted';
const DUMMY_KEY = 'no-key-is-needed-on-the-loopback';

export function piHome(retryBaseMs?: number): AgentHome {
  return (home, { modelUrl }) => {
    seedPiHome(home, modelUrl, retryBaseMs);
    return piEnvironment(home);
  };
}

/**
 * Claude Code: past its first screens, with a key it has approved, and trusted in the directories.
 * @param agent its adapter, or the program for terminals
 */
export function claudeHome(agent: PinnedAgent): AgentHome {
  return (home, { modelUrl, directories }) => {
    const trusted = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true, allowedTools: [] };
    write(home, '.claude.json', {
      ...{ hasCompletedOnboarding: true, theme: 'dark', numStartups: 3, autoUpdates: false },
      customApiKeyResponses: { approved: [DUMMY_KEY.slice(-20)], rejected: [] },
      projects: Object.fromEntries(directories.map((directory) => [directory, trusted])),
    });
    return {
      ...environment(home, binOf(agent)),
      ANTHROPIC_BASE_URL: originOf(modelUrl),
      ANTHROPIC_API_KEY: DUMMY_KEY,
      ...{ CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1' },
      ...{ DISABLE_ERROR_REPORTING: '1', DISABLE_BUG_COMMAND: '1' },
    };
  };
}

/**
 * codex with a provider on the loopback, trusted in the directories.
 * @param agent its adapter, or the program for terminals
 */
export function codexHome(agent: PinnedAgent): AgentHome {
  return (home, { modelUrl, directories }) => {
    const provider = { name: 'loopback', base_url: modelUrl, wire_api: 'responses', env_key: 'OPENAI_API_KEY' };
    const limits = { request_max_retries: 1, stream_max_retries: 1, supports_websockets: false };
    const lines = [
      ...entries({ model: MODEL, model_provider: 'loopback', model_context_window: 200_000 }),
      ...entries({ check_for_update_on_startup: false }),
      ...['[analytics]', 'enabled = false', '[feedback]', 'enabled = false'],
      ...['[model_providers.loopback]', ...entries({ ...provider, ...limits })],
      ...directories.flatMap((directory) => [`[projects.${JSON.stringify(directory)}]`, 'trust_level = "trusted"']),
    ];
    writeText(home, '.codex/config.toml', `${lines.join('\n')}\n`);
    return { ...environment(home, binOf(agent)), OPENAI_API_KEY: DUMMY_KEY, NO_BROWSER: '1' };
  };
}

/** opencode with a provider on the loopback; it asks before it runs or edits. */
export const opencodeHome: AgentHome = (home, { modelUrl }) => {
  const model = { name: 'Scripted', tool_call: true, limit: { context: 200_000, output: 8000 } };
  const options = { baseURL: modelUrl, apiKey: DUMMY_KEY };
  write(home, '.config/opencode/opencode.json', {
    ...{ autoupdate: false, share: 'disabled', model: `loopback/${MODEL}`, small_model: `loopback/${MODEL}` },
    provider: {
      loopback: { npm: '@ai-sdk/openai-compatible', name: 'Loopback', options, models: { [MODEL]: model } },
    },
    permission: { bash: 'ask', edit: 'ask' },
  });
  return {
    ...environment(home, binOf(OPENCODE)),
    ...{ OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1' },
    OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
  };
};

export const qwenHome: AgentHome = (home, { modelUrl }) => {
  write(home, '.qwen/settings.json', {
    security: { auth: { selectedType: 'openai' }, folderTrust: { enabled: false } },
    general: { enableAutoUpdate: false, disableAutoUpdate: true },
    ...{ privacy: { usageStatisticsEnabled: false }, telemetry: { enabled: false }, model: { name: MODEL } },
  });
  return {
    ...environment(home, binOf(QWEN)),
    ...{ OPENAI_API_KEY: DUMMY_KEY, OPENAI_BASE_URL: modelUrl, OPENAI_MODEL: MODEL },
    QWEN_TELEMETRY_ENABLED: 'false',
  };
};

/** gemini with a key, a model of a name it knows, and no question whether it trusts the directory. */
export const geminiHome: AgentHome = (home, { modelUrl }) => {
  write(home, '.gemini/settings.json', {
    security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
    general: { enableAutoUpdate: false, enableAutoUpdateNotification: false, disableAutoUpdate: true },
    ...{ privacy: { usageStatisticsEnabled: false }, telemetry: { enabled: false }, ide: { hasSeenNudge: true } },
    model: { name: 'gemini-2.5-pro' },
  });
  return {
    ...environment(home, binOf(GEMINI)),
    ...{ GEMINI_API_KEY: DUMMY_KEY, GOOGLE_GEMINI_BASE_URL: originOf(modelUrl), GEMINI_TELEMETRY_ENABLED: 'false' },
  };
};

const originOf = (modelUrl: string): string => modelUrl.replace(/\/v1$/, '');

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
