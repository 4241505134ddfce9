import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { describe, it } from 'node:test';
import { TmuxServer } from '../../src/tmux/server.ts';
import { hasTmux, until } from '../tmux/scratch.ts';
import { TerminalRig } from './terminal-scratch.ts';

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
const codeOf = (document: unknown): unknown => (document as { error?: { code?: unknown } }).error?.code;

describe('conduxt watch', () => {
  it('puts the live logs of sessions side by side, on our own server', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    for (const name of ['alpha', 'beta', 'gamma'])
      rig.desk.session(name, [{ type: 'milestone', text: `${name} is at work` }]);
    const shown = await rig.json('watch', 'alpha', 'beta', 'gamma');
    assert.partialDeepStrictEqual(shown, { code: 0, layout: 'oc-watch' });
    assert.ok((shown['command'] as string[]).includes('attach-session'));
    const panes = await rig.server.panes();
    assert.deepEqual(
      panes.map(({ sessionName, title }) => [sessionName, title]),
      [
        ['oc-watch', 'alpha'],
        ['oc-watch', 'beta'],
        ['oc-watch', 'gamma'],
      ],
    );
    assert.equal(new Set(panes.map(({ windowId }) => windowId)).size, 1);
    for (const { paneId, title } of panes) {
      await until(
        async () => ((await rig.server.capture(paneId)) ?? '').includes(`${title} is at work`),
        `${title} is shown`,
      );
    }
  });

  it('disturbs no other look, ends with its last viewer, and removes what nobody came to see', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    for (const name of ['alpha', 'beta']) rig.desk.session(name, []);
    rig.nowMs = Date.now();
    const looks = await Promise.all([rig.json('watch', 'alpha'), rig.json('watch', 'beta')]);
    assert.deepEqual(looks.map(({ layout }) => layout).toSorted(), ['oc-watch', 'oc-watch-2']);
    const names = async (): Promise<string[]> => (await rig.server.panes()).map(({ sessionName }) => sessionName);
    assert.deepEqual((await names()).toSorted(), ['oc-watch', 'oc-watch-2']);
    const [look] = looks;
    const viewer = spawn('script', ['-qec', (look['command'] as string[]).map(quoted).join(' '), '/dev/null'], {
      env: { ...rig.env, PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color' },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    t.after(() => void viewer.kill('SIGKILL'));
    const attached = async (): Promise<string> =>
      (await rig.server.call([['list-sessions', '-F', '#{session_name}:#{session_attached}']])).stdout;
    await until(async () => (await attached()).includes(`${String(look['layout'])}:1`), 'somebody looks');
    rig.nowMs += 11 * 60_000;
    assert.partialDeepStrictEqual(await rig.json('watch', 'beta'), { code: 0, layout: looks[1]['layout'] });
    assert.equal((await names()).length, 2, 'the unused one was replaced, the other is looked at');
    viewer.kill('SIGKILL');
    await until(async () => (await names()).length === 1, 'it went with its viewer');
  });

  it('makes a window of the tmux it is called in, and attaches nothing', async (t) => {
    if (!(await hasTmux(t))) return;
    // What runs there writes into the other's directory, so it ends first.
    const outer = new TerminalRig(t);
    const rig = new TerminalRig(t);
    rig.desk.session('alpha', []);
    const logFile = path.join(outer.desk.root, 'log');
    await outer.server.newPane({ sessionName: 'mine', width: 100, height: 30, argv: ['sleep', '300'], logFile });
    const { stdout } = await outer.server.call([['display-message', '-p', '#{socket_path}']]);
    rig.env['TMUX'] = `${stdout.trim()},1,0`;
    const ran = await rig.run('watch', 'alpha');
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, /a new window of this tmux/);
    const panes = await new TmuxServer(rig.desk.home, rig.env, stdout.trim()).panes();
    assert.deepEqual(
      panes.map(({ sessionName }) => sessionName),
      ['mine', 'mine'],
    );
    assert.deepEqual(await rig.server.panes(), []);
  });

  it('says when there is nothing to watch, or nothing to show it in', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    assert.equal(codeOf(await rig.json('watch')), 'nothing-to-watch');
    rig.desk.session('alpha', []);
    const nowhere = await rig.run('watch', 'alpha');
    assert.deepEqual([nowhere.code, /no terminal here/.test(nowhere.err)], [2, true]);
  });
});
