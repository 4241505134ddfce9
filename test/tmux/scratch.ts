import { mkdtempSync, realpathSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startTimeOf } from '../../src/process/identity.ts';
import type { PaneFacts } from '../../src/tmux/pane-list.ts';
import { supervisorProgram } from '../../src/tmux/programs.ts';
import { makeRunDirectory, writeLaunch, type Launch, type RunDirectory } from '../../src/tmux/run-directory.ts';
import { TmuxServer } from '../../src/tmux/server.ts';
import { installedTmux } from '../../src/tmux/version.ts';

/** Skips, visibly, where there is no tmux. */
export async function hasTmux(t: TestContext): Promise<boolean> {
  if ((await installedTmux(process.env)) !== null) return true;
  t.skip('tmux is not installed');
  return false;
}

/** A private server in a directory of its own; both are gone after the test. */
export class TmuxScratch {
  readonly root: string;
  readonly server: TmuxServer;
  #count = 0;

  constructor(t: TestContext, env: Readonly<Record<string, string>> = {}) {
    this.root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-tmux-')));
    this.server = new TmuxServer(path.join(this.root, 'state'), {
      PATH: process.env['PATH'] ?? '',
      HOME: this.root,
      LANG: 'C.UTF-8',
      ...env,
    });
    t.after(() => this.close());
  }

  /** A pane with a supervisor that runs `command`. */
  async supervised(launch: Partial<Launch> & Pick<Launch, 'command' | 'args'>): Promise<[PaneFacts, RunDirectory]> {
    const run = makeRunDirectory(path.join(this.root, 'run'));
    writeLaunch(run, { cwd: this.root, env: { PATH: process.env['PATH'] ?? '', HOME: this.root }, ...launch });
    const [node, flag, file] = supervisorProgram();
    const pane = await this.server.newPane({
      sessionName: `oc-test-${(this.#count += 1)}`,
      width: 100,
      height: 30,
      argv: [node, flag, file, run.dir],
      logFile: run.log,
    });
    return [pane, run];
  }

  async close(): Promise<void> {
    const panes = await this.server.panes();
    await this.server.call([['kill-server']]);
    for (const pane of panes) await until(() => startTimeOf(pane.pid) === null, `pane process ${pane.pid} is gone`);
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Waits for a fact; looks again after every change in `directory`, and now and then. */
export async function until(
  fact: () => boolean | Promise<boolean>,
  what: string,
  { directory = null as string | null, withinMs = 15_000 } = {},
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await fact())) {
    if (performance.now() > end) throw new Error(`did not happen: ${what}`);
    await new Promise<void>((resolve) => {
      const watcher = directory === null ? null : watch(directory, done);
      const timer = setTimeout(done, 20);
      function done(): void {
        clearTimeout(timer);
        watcher?.close();
        resolve();
      }
    });
  }
}
