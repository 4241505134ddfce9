import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { binOf, PI } from './pinned-agents.ts';

/** Makes `home` the home of somebody who uses pi with the model at `modelUrl`. */
export function seedPiHome(home: string, modelUrl: string, retryBaseMs = 200): void {
  const model = {
    id: 'scripted',
    name: 'Scripted',
    reasoning: false,
    input: ['text'],
    contextWindow: 200_000,
    maxTokens: 8000,
    cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  };
  const provider = { baseUrl: modelUrl, api: 'openai-completions', apiKey: 'no-key-needed', models: [model] };
  write(home, 'models.json', { providers: { loopback: provider } });
  write(home, 'settings.json', {
    defaultProvider: 'loopback',
    defaultModel: model.id,
    quietStartup: true,
    enableInstallTelemetry: false,
    // Three attempts, each twice as far from the last; pi's own default begins at 2 s.
    retry: { enabled: true, maxRetries: 3, baseDelayMs: retryBaseMs },
  });
}

function write(home: string, name: string, content: object): void {
  const directory = path.join(home, '.pi', 'agent');
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, name), JSON.stringify(content, null, 2));
}

/** A clean environment in which pi is found as after `npm i -g`, and stays away from the network. */
export const piEnvironment = (home: string): Record<string, string> => ({
  PATH: [binOf(PI), path.dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(path.delimiter),
  HOME: home,
  LANG: 'C.UTF-8',
  PI_OFFLINE: '1',
  PI_TELEMETRY: '0',
  // A proxy of the machine must not stand between the agent and the loopback.
  NO_PROXY: '127.0.0.1,localhost',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
});
