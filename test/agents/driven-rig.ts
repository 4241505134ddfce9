import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { askingMode } from '../../src/agents/asking-mode.ts';
import { agentEnvironment } from '../../src/agents/environment.ts';
import { findAgent } from '../../src/agents/find.ts';
import { profileFor } from '../../src/agents/profiles.ts';
import { acpBackend } from '../../src/backend/acp/acp-backend.ts';
import type { AgentSession, OpenSpec } from '../../src/backend/backend.ts';
import { newSessionId } from '../../src/session/ids.ts';
import { Seen } from '../backend/acp/rig.ts';
import type { DrivenAgent } from './driven.ts';
import type { Rule } from './model-script.ts';
import { ModelServer, type ModelServerOptions, type SeenRequest } from './model-server.ts';

export interface DrivenRig {
  readonly cwd: string;
  readonly sessionId: string;
  readonly seen: Seen;
  readonly server: ModelServer;
  /** @param resume the native id of a session to go on with */
  readonly open: (resume?: string | null) => Promise<AgentSession>;
}

/** A scratch home and directory, a model that follows `rules`, and the agent found and started as conduxt does. Ended with the test. */
export async function drivenRig(
  t: TestContext,
  agent: DrivenAgent,
  rules: readonly Rule[],
  options: Omit<ModelServerOptions, 'rules'> = {},
): Promise<DrivenRig> {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), `conduxt-${agent.pinned.name}-`)));
  const [home, cwd, temporary] = [path.join(root, 'home'), path.join(root, 'work'), path.join(root, 'tmp')];
  for (const directory of [cwd, temporary]) mkdirSync(directory);
  const server = await ModelServer.start({ ...options, rules });
  // codex puts its sandbox's program into its home, but not when that is in the directory for temporary files.
  const processEnv = { ...agent.home(home, { modelUrl: server.url, directories: [cwd] }), TMPDIR: temporary };
  const seen = new Seen();
  const opened: Promise<AgentSession>[] = [];
  t.after(async () => {
    server.close();
    for (const result of await Promise.allSettled(opened)) {
      if (result.status === 'fulfilled') await result.value.close();
    }
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  const profile = profileFor(agent.pinned.name);
  const mode = askingMode(profile, 'ask');
  const found = await findAgent(profile, { env: processEnv, cwd, repoRoot: null });
  assert.ok(found.state === 'found', found.state === 'missing' ? found.reason : '');
  const { command, args, env: extra } = found.launch;
  const sessionId = newSessionId();
  const spec: OpenSpec = {
    ...{ sessionId, cwd, command, args, resume: null },
    env: agentEnvironment({ processEnv, profile, extra, cwd }),
    ...(mode === undefined ? {} : { askingMode: mode }),
    ...(profile.acp?.leavesCommands === true ? { leavesCommands: true } : {}),
    startTimeoutMs: 90_000,
    firstSignTimeoutMs: 45_000,
    turnTimeoutMs: 45_000,
    cancelTimeoutMs: 10_000,
    silenceWarnMs: 45_000,
    closePatienceMs: profile.acp?.closePatienceMs ?? 8_000,
    termPatienceMs: 2_000,
    preferredOptionIds: profile.acp?.preferredOptionIds ?? [],
  };
  const open = (resume: string | null = null): Promise<AgentSession> => {
    const session = acpBackend.open({ ...spec, resume }, seen.listener);
    opened.push(session);
    return session;
  };
  return { cwd, sessionId, seen, server, open };
}

/** Everything the agent said so far. */
export const said = (seen: Seen): string =>
  seen.updates.map(({ view }) => (view.type === 'message' ? view.text : '')).join('');

/** For a failure's message. */
export const storyOf = (seen: Seen): string =>
  [...seen.order, ...seen.notices.map((notice) => JSON.stringify(notice))].join('\n').slice(-6000);

/** A command that does not end, and is known by its directory. */
export const ENDLESS = { type: 'shell', command: 'tail -f /dev/null "$PWD/endless"' } as const;

/** Processes of the endless command in `cwd`; its own idea of its id would be that of the agent's sandbox. Linux only. */
export const endlessIn = (cwd: string): readonly number[] =>
  readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(`${cwd}/endless`) ? [Number(entry)] : [];
    } catch {
      return []; // Gone meanwhile.
    }
  });

/** Requests of the work itself, without those for a title or a summary. */
export const workOf = (server: ModelServer): readonly SeenRequest[] =>
  server.requests.filter(({ tools }) => tools.length > 0);
