import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Script, Step } from '../../src/rehearsal/scripted-tui/script.ts';
import type { SessionRecord } from '../../src/session/record.ts';
import { TmuxServer } from '../../src/tmux/server.ts';
import { sessionRecord } from '../session/samples.ts';
import { Scratch, type LiveSession } from './scratch.ts';

const TUI = path.resolve(import.meta.dirname, '../../src/rehearsal/scripted-tui.ts');
export const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
export const done: Step = { type: 'callback', via: 'file', status: 'completed' };

export interface Over {
  readonly record?: Partial<SessionRecord>;
  readonly limits?: Partial<SessionRecord['limits']>;
}

export interface TerminalScratch {
  readonly scratch: Scratch;
  readonly server: TmuxServer;
  readonly session: (kind: 'task' | 'plain', name: string, script: Script, over?: Over) => LiveSession;
}

/** Sessions whose agent is the scripted TUI in a private tmux server, which ends with the test. */
export function terminalScratch(t: TestContext): TerminalScratch {
  const scratch = new Scratch(t);
  const server = new TmuxServer(scratch.home, scratch.env);
  t.after(async () => {
    // Not through the server's own way, which would put its configuration back into the directory that is gone.
    spawnSync('tmux', ['-L', server.socketName, 'kill-server'], { env: scratch.env });
  });
  const session: TerminalScratch['session'] = (kind, name, script, { limits = {}, record: more = {} } = {}) => {
    const file = path.join(scratch.root, `${name}.script.json`);
    const agent = {
      ...sessionRecord().agent,
      name: 'scripted',
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', TUI, '--script', file],
    };
    const record = {
      ...more,
      backend: 'tmux',
      agent,
      terminal: { launch: agent, sessionName: `oc-12345678-scripted-${name}` },
    } as const;
    const made =
      kind === 'task' ? scratch.task({}, { name, record, limits }) : scratch.plain({}, { name, record, limits });
    writeFileSync(file, JSON.stringify({ log: made.agentLog, ...script }).replaceAll('{{root}}', scratch.root));
    return made;
  };
  return { scratch, server, session };
}
