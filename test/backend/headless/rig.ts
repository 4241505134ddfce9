import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { HeadlessProfile } from '../../../src/agents/headless/profile.ts';
import { headlessFor } from '../../../src/agents/headless/profiles.ts';
import type { AgentSession, OpenSpec } from '../../../src/backend/backend.ts';
import { headlessBackend } from '../../../src/backend/headless/headless-backend.ts';
import { killMarked } from '../../process/kill-marked.ts';
import type { PermissionMode } from '../../../src/session/words.ts';
import { until } from '../../tmux/scratch.ts';
import { Seen } from '../acp/rig.ts';
import type { Script, Step } from './scripted-agent.ts';

export const SCRIPTED = fileURLToPath(new URL('scripted-agent.ts', import.meta.url));

let sessions = 0;

/** The scripted agent, driven as codex is; everything ends with the test. */
export class Rig {
  readonly dir: string;
  readonly seen = new Seen();
  readonly names: string[] = [];
  readonly spec: OpenSpec;
  readonly profile: HeadlessProfile;
  permissions: PermissionMode = 'approve-all';
  readonly #log: string;

  constructor(t: TestContext, prompts: readonly (readonly Step[])[], over: Partial<Script & HeadlessProfile> = {}) {
    this.dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-headless-')));
    this.#log = this.file('agent.log');
    const { plain = false, ...profile } = over;
    this.profile = { ...headlessFor(plain ? 'mine' : 'codex'), ...profile };
    const script = this.file('script.json');
    const facts: Script = { log: this.#log, state: this.file('conversations.json'), plain, prompts };
    writeFileSync(script, JSON.stringify(facts).replaceAll('{{dir}}', this.dir));
    this.spec = {
      sessionId: `s-headless-test-${process.pid}-${(sessions += 1)}`,
      cwd: this.dir,
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', SCRIPTED, script],
      env: { PATH: process.env['PATH'] ?? '', HOME: this.dir, LANG: 'C.UTF-8' },
      resume: null,
      startTimeoutMs: 15_000,
      firstSignTimeoutMs: 15_000,
      turnTimeoutMs: 20_000,
      cancelTimeoutMs: 4_000,
      silenceWarnMs: 20_000,
      closePatienceMs: 300,
      termPatienceMs: 500,
      preferredOptionIds: [],
    };
    t.after(() => this.close());
  }

  open(changes: Partial<OpenSpec> = {}): Promise<AgentSession> {
    const { profile, permissions } = this;
    const place = { runRoot: this.file('run'), profile, permissions, agentVersion: '1.0.0', hookFacts: null };
    const listener = { ...this.seen.listener, named: (id: string) => void this.names.push(id) };
    return headlessBackend(place).open({ ...this.spec, ...changes }, listener);
  }

  log(event: string): Record<string, unknown>[] {
    if (!existsSync(this.#log)) return [];
    return readFileSync(this.#log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((record) => record['event'] === event);
  }

  file(name: string): string {
    return path.join(this.dir, name);
  }
  untilLogged(event: string, times = 1): Promise<void> {
    return until(() => this.log(event).length >= times, `${event} in the log`, { directory: this.dir });
  }

  close(): void {
    killMarked(this.spec.sessionId);
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}
