import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startTimeOf } from '../../src/process/identity.ts';
import { TmuxServer } from '../../src/tmux/server.ts';
import { until } from '../tmux/scratch.ts';
import { Desk, type Ran } from './scratch.ts';

/** A state directory with a private tmux server, which ends with the test. */
export class TerminalRig {
  readonly desk: Desk;
  readonly server: TmuxServer;
  readonly env: Record<string, string>;
  /** What the command takes for the time; null: long ago. */
  nowMs: number | null = null;

  constructor(t: TestContext) {
    // Before the directory goes.
    t.after(() => this.#close());
    this.desk = new Desk(t);
    this.env = {
      HOME: this.desk.root,
      SHELL: '/bin/bash',
      PS1: '$ ',
      LANG: 'C.UTF-8',
      BASH_SILENCE_DEPRECATION_WARNING: '1',
    };
    writeFileSync(path.join(this.desk.root, '.bashrc'), "PS1='$ '\n");
    this.server = new TmuxServer(this.desk.home, { ...this.env, PATH: process.env['PATH'] ?? '' });
  }

  run(...args: string[]): Promise<Ran> {
    return this.desk.run(args, { env: this.env, ...(this.nowMs === null ? {} : { nowMs: this.nowMs }) });
  }

  /** Runs with `--json` and reads the document; `code` is added. */
  async json(...args: string[]): Promise<Record<string, unknown> & { readonly code: number }> {
    const end = args.indexOf('--');
    const at = end < 0 ? args.length : end;
    const ran = await this.run(...args.slice(0, at), '--json', ...args.slice(at));
    try {
      return { ...(JSON.parse(ran.out) as Record<string, unknown>), code: ran.code };
    } catch {
      throw new Error(`no JSON from ${args.join(' ')}: ${ran.out}${ran.err}`);
    }
  }

  /** What `terminal list --json` knows about one. */
  async terminal(name: string): Promise<Record<string, unknown> | undefined> {
    const { terminals } = await this.json('terminal', 'list');
    return (terminals as Record<string, unknown>[]).find((each) => each['name'] === name);
  }

  async #close(): Promise<void> {
    const panes = await this.server.panes();
    spawnSync('tmux', ['-L', this.server.socketName, 'kill-server']);
    for (const { pid } of panes) await until(() => startTimeOf(pid) === null, `pane process ${pid} is gone`);
  }
}
