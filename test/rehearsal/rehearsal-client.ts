import { spawn, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import {
  client,
  methods,
  ndJsonStream,
  type ClientContext,
  type RequestPermissionRequest,
  type SessionUpdate,
} from '@agentclientprotocol/sdk';

const AGENT = join(import.meta.dirname, '../../src/rehearsal/rehearsal-agent.ts');

export const isolatedEnv = (home: string, extra: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: home,
  TMPDIR: home,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  CONDUXT_REHEARSAL_STATE: join(home, 'state'),
  CONDUXT_REHEARSAL_DELAY_MS: '1',
  ...extra,
});

export const git = (cwd: string, env: Record<string, string>, ...args: string[]): string =>
  execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** A repository with one commit of these files, in a directory of the test's own. */
export function repository(t: TestContext, files: Readonly<Record<string, string>>): { home: string; cwd: string } {
  const home = mkdtempSync(join(tmpdir(), 'conduxt-rehearsal-test-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const cwd = join(home, 'repo');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), text);
  }
  const env = isolatedEnv(home);
  git(cwd, env, 'init', '-q', '-b', 'main');
  git(cwd, env, 'add', '-A');
  git(cwd, env, '-c', 'user.name=A Person', '-c', 'user.email=a@example.invalid', 'commit', '-q', '-m', 'Begin');
  return { home, cwd };
}

export interface StartedAgent {
  readonly agent: ClientContext;
  /** Every update, in order of arrival. */
  readonly updates: SessionUpdate[];
  readonly permissions: RequestPermissionRequest[];
  readonly pid: number;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly closeStdin: () => void;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** Starts the agent as a program of its own and connects the SDK's client to its pipes. */
export async function startAgent(
  t: TestContext,
  env: Record<string, string>,
  answer: (request: RequestPermissionRequest) => string | null = () => null,
): Promise<StartedAgent> {
  const child = spawn(process.execPath, [AGENT], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const updates: SessionUpdate[] = [];
  const permissions: RequestPermissionRequest[] = [];
  const connection = client({ name: 'test' })
    .onNotification(methods.client.session.update, ({ params }) => {
      updates.push(params.update);
    })
    .onRequest(methods.client.session.requestPermission, ({ params }) => {
      permissions.push(params);
      const optionId = answer(params);
      return { outcome: optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId } };
    })
    .connect(ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>));
  connection.closed.catch(() => {});
  await connection.agent.request(methods.agent.initialize, { protocolVersion: 1, clientCapabilities: {} });
  return {
    agent: connection.agent,
    updates,
    permissions,
    pid: child.pid ?? 0,
    exited,
    closeStdin: () => child.stdin.end(),
    kill: (signal) => void child.kill(signal),
  };
}

export const openSession = async (agent: ClientContext, cwd: string): Promise<string> =>
  (await agent.request(methods.agent.session.new, { cwd, mcpServers: [] })).sessionId;

export const promptText = (agent: ClientContext, sessionId: string, text: string): Promise<{ stopReason: string }> =>
  agent.request(methods.agent.session.prompt, { sessionId, prompt: [{ type: 'text', text }] });

/** A task's prompt as conduxt writes it: words, then the contract. */
export const taskPrompt = (words: string, nonce: string): string =>
  `${words}\n\nEnd with a block:\n\n\`\`\`callback-json\n{\n  "task_id": "issue-78",\n  "nonce": "${nonce}",\n  "status": "completed | failed"\n}\n\`\`\`\n`;

/** The text of all messages after `from` updates. */
export const messageText = (updates: readonly SessionUpdate[], from = 0): string =>
  updates
    .slice(from)
    .map((update) =>
      update.sessionUpdate === 'agent_message_chunk' && update.content.type === 'text' ? update.content.text : '',
    )
    .join('');

/** The last callback block of a text, parsed. */
export function callbackIn(text: string): Record<string, unknown> {
  const block = [...text.matchAll(/```callback-json\n([\s\S]*?)\n```/g)].at(-1)?.[1];
  if (block === undefined) throw new Error(`no callback in: ${text}`);
  return JSON.parse(block) as Record<string, unknown>;
}
