import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { piEnvironment, seedPiHome } from './pi-home.ts';
import { binOf, OPENCODE, PI, QWEN, type PinnedAgent } from './pinned-agents.ts';

/** A real agent and what its user has set up: everything it needs to reach a scripted model on the loopback. */
export interface DrivenAgent {
  readonly pinned: PinnedAgent;
  /** Makes `home` its user's home. @param modelUrl of OpenAI's chat completions, up to `/v1` */
  seed(home: string, modelUrl: string): void;
  environment(home: string, modelUrl: string): Readonly<Record<string, string>>;
  /** False: it never asks before it runs a command. */
  readonly asks: boolean;
}

const MODEL = 'scripted';
const write = (home: string, name: string, content: object): void => {
  const file = path.join(home, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(content, null, 2));
};
const baseEnvironment = (agent: PinnedAgent, home: string): Record<string, string> => ({
  PATH: [binOf(agent), path.dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(path.delimiter),
  HOME: home,
  LANG: 'C.UTF-8',
  NO_PROXY: '127.0.0.1,localhost',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
});

const pi: DrivenAgent = {
  pinned: PI,
  seed: (home, modelUrl) => seedPiHome(home, modelUrl),
  environment: (home) => piEnvironment(home),
  asks: false,
};

const opencode: DrivenAgent = {
  pinned: OPENCODE,
  seed: (home, modelUrl) =>
    write(home, '.config/opencode/opencode.json', {
      autoupdate: false,
      share: 'disabled',
      model: `loopback/${MODEL}`,
      small_model: `loopback/${MODEL}`,
      provider: {
        loopback: {
          npm: '@ai-sdk/openai-compatible',
          name: 'Loopback',
          options: { baseURL: modelUrl, apiKey: 'no-key-needed' },
          models: { [MODEL]: { name: 'Scripted', tool_call: true, limit: { context: 200_000, output: 8000 } } },
        },
      },
      permission: { bash: 'ask', edit: 'ask' },
    }),
  environment: (home) => ({
    ...baseEnvironment(OPENCODE, home),
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
  }),
  asks: true,
};

const qwen: DrivenAgent = {
  pinned: QWEN,
  seed: (home) =>
    write(home, '.qwen/settings.json', {
      security: { auth: { selectedType: 'openai' }, folderTrust: { enabled: false } },
      general: { enableAutoUpdate: false, disableAutoUpdate: true },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      model: { name: MODEL },
    }),
  environment: (home, modelUrl) => ({
    ...baseEnvironment(QWEN, home),
    OPENAI_API_KEY: 'no-key-needed',
    OPENAI_BASE_URL: modelUrl,
    OPENAI_MODEL: MODEL,
    QWEN_TELEMETRY_ENABLED: 'false',
  }),
  asks: true,
};

/** The lightest first. All of them speak OpenAI's chat completions with a model of one's own. */
export const DRIVEN_AGENTS: readonly DrivenAgent[] = [pi, opencode, qwen];
