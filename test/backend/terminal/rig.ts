import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GENERIC_TERMINAL } from '../../../src/agents/terminal/profiles.ts';
import type { TerminalProfile } from '../../../src/agents/terminal/profile.ts';
import type { AgentSession, OpenSpec } from '../../../src/backend/backend.ts';
import { terminalBackend, type TerminalPlace } from '../../../src/backend/terminal/terminal-backend.ts';
import { startTimeOf } from '../../../src/process/identity.ts';
import { killMarked } from '../../process/kill-marked.ts';
import type { Script } from '../../../src/rehearsal/scripted-tui/script.ts';
import { runDirectories, type RunDirectory } from '../../../src/tmux/run-directory.ts';
import { TmuxServer } from '../../../src/tmux/server.ts';
import { until } from '../../tmux/scratch.ts';
import { Seen } from '../acp/rig.ts';

const TUI = fileURLToPath(new URL('../../../src/rehearsal/scripted-tui.ts', import.meta.url));

/** The scripted TUI says when it works, so it may be believed soon. */
export const TUI_PROFILE: TerminalProfile = {
  ...GENERIC_TERMINAL,
  screen: { ...GENERIC_TERMINAL.screen, settleMs: 800 },
};

let sessions = 0;

/** The scripted TUI in a pane of a private server; everything ends with the test. */
export class Rig {
  readonly dir: string;
  readonly seen = new Seen();
  readonly server: TmuxServer;
  readonly place: TerminalPlace;
  readonly spec: OpenSpec;
  readonly #log: string;

  constructor(t: TestContext, script: Script, profile: Partial<TerminalProfile> = {}) {
    this.dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-terminal-')));
    this.#log = path.join(this.dir, 'agent.log');
    const file = path.join(this.dir, 'script.json');
    writeFileSync(file, JSON.stringify({ log: this.#log, ...script }).replaceAll('{{dir}}', this.dir));
    const env = { PATH: process.env['PATH'] ?? '', HOME: this.dir, LANG: 'C.UTF-8' };
    this.server = new TmuxServer(path.join(this.dir, 'state'), env);
    this.place = {
      server: this.server,
      env,
      runRoot: path.join(this.dir, 'run'),
      sessionName: 'oc-test-tui',
      profile: { ...TUI_PROFILE, ...profile },
      permissions: 'approve-all',
      agentVersion: '1.0.0',
      hookFacts: null,
    };
    this.spec = {
      sessionId: `s-terminal-test-${process.pid}-${(sessions += 1)}`,
      cwd: this.dir,
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', TUI, '--script', file],
      env,
      resume: null,
      startTimeoutMs: 15_000,
      firstSignTimeoutMs: 15_000,
      turnTimeoutMs: 20_000,
      cancelTimeoutMs: 4_000,
      silenceWarnMs: 20_000,
      closePatienceMs: 1_000,
      termPatienceMs: 1_000,
      preferredOptionIds: [],
    };
    t.after(() => this.close());
  }

  open(changes: Partial<OpenSpec> = {}): Promise<AgentSession> {
    return terminalBackend(this.place).open({ ...this.spec, ...changes }, this.seen.listener);
  }

  /** As the next host does. */
  async adopt(): Promise<AgentSession | null> {
    return (await terminalBackend(this.place).adopt?.(this.spec, this.seen.listener)) ?? null;
  }

  get run(): RunDirectory {
    const [run] = runDirectories(this.place.runRoot);
    if (run === undefined) throw new Error('nothing was started');
    return run;
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
  touch(name: string): void {
    writeFileSync(this.file(name), '');
  }
  untilFile(name: string): Promise<void> {
    return until(() => existsSync(this.file(name)), `${name} is there`, { directory: this.dir });
  }
  untilLogged(event: string, times = 1): Promise<void> {
    return until(() => this.log(event).length >= times, `${event} in the log`, { directory: this.dir });
  }

  async close(): Promise<void> {
    const panes = await this.server.panes();
    await this.server.call([['kill-server']]);
    killMarked(this.spec.sessionId);
    for (const pane of panes) await until(() => startTimeOf(pane.pid) === null, `pane process ${pane.pid} is gone`);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
