import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { acpBackend } from '../../../src/backend/acp/acp-backend.ts';
import type {
  AgentListener,
  AgentSession,
  AgentUpdate,
  BackendNotice,
  OpenSpec,
  PermissionAnswer,
  PermissionRequest,
} from '../../../src/backend/backend.ts';
import type { Script } from '../../../src/rehearsal/fault-agent/script.ts';

const faultAgent = fileURLToPath(new URL('../../../src/rehearsal/fault-agent.ts', import.meta.url));

/** What the listener was told, in order, in a form that reads well in an assertion. */
export class Seen {
  readonly order: string[] = [];
  readonly updates: AgentUpdate[] = [];
  readonly notices: BackendNotice[] = [];
  readonly permissions: { request: PermissionRequest; signal: AbortSignal }[] = [];
  onUpdate: (update: AgentUpdate) => void | Promise<void> = () => {};
  onAccepted: () => void | Promise<void> = () => {};
  onPermission: (request: PermissionRequest, signal: AbortSignal) => Promise<PermissionAnswer> = async () => ({
    type: 'allow',
    always: false,
  });

  onDialog: NonNullable<AgentListener['dialog']> = async () => null;

  readonly listener: AgentListener = {
    dialog: (request, signal) => this.onDialog(request, signal),
    update: (update) => {
      this.updates.push(update);
      this.order.push(`${update.turnId ?? '-'} ${shown(update)}`);
      return this.onUpdate(update);
    },
    accepted: (turnId) => {
      this.order.push(`accepted ${turnId}`);
      return this.onAccepted();
    },
    permission: (request, signal) => {
      this.permissions.push({ request, signal });
      this.order.push(`permission ${request.title}`);
      return this.onPermission(request, signal);
    },
    notice: (notice) => void this.notices.push(notice),
  };

  noticesOf<T extends BackendNotice['type']>(type: T): Extract<BackendNotice, { type: T }>[] {
    return this.notices.filter((notice): notice is Extract<BackendNotice, { type: T }> => notice.type === type);
  }
}

function shown({ view }: AgentUpdate): string {
  switch (view.type) {
    case 'message':
      return view.text.length > 40 ? `${view.text.length} chars` : view.text;
    case 'thought':
      return `(${view.text})`;
    case 'tool':
      return `[${view.toolCallId} ${view.status ?? ''}]`;
    case 'plan':
    case 'usage':
      return `{${view.type}}`;
    case 'other':
      return `{${view.kind}}`;
  }
}

/** A record of the fault agent's log. */
export type LogRecord = Readonly<Record<string, unknown>>;

export interface Rig {
  readonly dir: string;
  readonly spec: OpenSpec;
  readonly seen: Seen;
  open(changes?: Partial<OpenSpec>): Promise<AgentSession>;
  /** What the agent logged so far. */
  log(event?: string): LogRecord[];
  file(name: string): string;
  /** Lets an agent go on that waits for the file. */
  touch(name: string): Promise<void>;
}

let sessions = 0;

/** A fault agent with this script, and everything needed to open a session with it. Ended with the test. */
export async function rig(t: TestContext, script: Script): Promise<Rig> {
  const dir = await mkdtemp(join(tmpdir(), 'conduxt-acp-'));
  const scriptPath = join(dir, 'script.json');
  const logPath = join(dir, 'agent.log');
  // `{{dir}}` in any text of the script is the test's directory.
  const text = JSON.stringify({ log: logPath, ...script }).replaceAll('{{dir}}', dir);
  await writeFile(scriptPath, text);
  const seen = new Seen();
  const opened: Promise<AgentSession>[] = [];
  t.after(async () => {
    for (const result of await Promise.allSettled(opened)) {
      if (result.status === 'fulfilled') await result.value.close();
    }
    await rm(dir, { recursive: true, force: true });
  });
  const spec: OpenSpec = {
    sessionId: `s-acp-test-${process.pid}-${sessions++}`,
    cwd: dir,
    command: process.execPath,
    args: [faultAgent, '--script', scriptPath],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: dir },
    resume: null,
    startTimeoutMs: 20_000,
    firstSignTimeoutMs: 20_000,
    turnTimeoutMs: 20_000,
    cancelTimeoutMs: 5_000,
    silenceWarnMs: 20_000,
    closePatienceMs: 1_000,
    termPatienceMs: 300,
    preferredOptionIds: [],
  };
  return {
    dir,
    spec,
    seen,
    open: (changes = {}) => {
      const session = acpBackend.open({ ...spec, ...changes }, seen.listener);
      opened.push(session);
      return session;
    },
    log: (event) => {
      if (!existsSync(logPath)) return [];
      const records = readFileSync(logPath, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as LogRecord);
      return event === undefined ? records : records.filter((record) => record['event'] === event);
    },
    file: (name) => join(dir, name),
    touch: (name) => writeFile(join(dir, name), ''),
  };
}

/** Waits for a fact; fails loudly when it does not come. */
export async function until(what: string, fact: () => boolean, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!fact()) {
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await delay(5);
  }
}

/** Methods of the requests and notifications the agent got, prompts included, in order. */
export const methodsIn = (records: readonly LogRecord[]): string[] =>
  records.flatMap((record) =>
    record['event'] === 'prompt'
      ? ['session/prompt']
      : record['event'] === 'received'
        ? [String(record['method'])]
        : [],
  );

/** Cases side by side: an agent per case spends most of its time starting. */
export async function each<T>(cases: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(cases.map(run));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
