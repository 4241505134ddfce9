import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { startTimeOf } from '../../src/process/identity.ts';
import { readExit, readStarted, type Launch, type RunDirectory } from '../../src/tmux/run-directory.ts';
import { hasTmux, TmuxScratch, until } from './scratch.ts';

const exited = (run: RunDirectory): Promise<void> =>
  until(() => readExit(run) !== null, 'the exit was written down', { directory: run.dir });
const started = (run: RunDirectory): Promise<void> =>
  until(() => (readStarted(run)?.agentPid ?? null) !== null, 'the program was started', { directory: run.dir });
const sh = (line: string): Pick<Launch, 'command' | 'args'> => ({ command: 'sh', args: ['-c', line] });

describe('the supervisor in a pane', () => {
  it('writes down how the program ended, or why it did not begin', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    const cases: readonly [string, Partial<Launch> & Pick<Launch, 'command' | 'args'>, object][] = [
      ['a success', sh('exit 0'), { exitCode: 0, signal: null, problem: null }],
      ['a failure', sh('exit 7'), { exitCode: 7, signal: null, problem: null }],
      ['a kill', sh('kill -9 $$'), { exitCode: null, signal: 'SIGKILL', problem: null }],
      ['no directory', { ...sh('true'), cwd: '/nowhere' }, { exitCode: 126, problem: 'no-directory' }],
      ['no program', { command: '/nowhere/x', args: [] }, { exitCode: 127, problem: 'ENOENT' }],
    ];
    const runs = await Promise.all(
      cases.map(async ([what, launch]) => [what, await scratch.supervised(launch)] as const),
    );
    for (const [at, [what, [, run]]] of runs.entries()) {
      await exited(run);
      const { exitCode, signal, problem } = readExit(run) ?? {};
      const wanted = cases[at]?.[2] ?? {};
      assert.deepEqual({ exitCode, signal, problem }, { signal: null, problem: null, ...wanted }, what);
    }
  });

  it('hands over words as they are, and the environment without a trace on disk or in the server', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    const words = ['$(id)', 'a;b', "it's", '#{pane_id}', 'x;', '-n', ''];
    const cwd = path.join(scratch.root, 'a directory; with $(odd) #{name}');
    mkdirSync(cwd);
    const program = 'require("fs").writeFileSync("seen.json", JSON.stringify([process.argv.slice(1), process.env]))';
    const [pane, run] = await scratch.supervised({
      command: process.execPath,
      args: ['-e', program, '--', ...words],
      cwd,
      env: { PATH: process.env['PATH'] ?? '', SECRET_TOKEN: 'sesame', CONDUXT_SESSION: 's-1' },
    });
    await exited(run);
    const [argv, env] = JSON.parse(readFileSync(path.join(cwd, 'seen.json'), 'utf8')) as [string[], object];
    assert.deepEqual(argv, words);
    assert.partialDeepStrictEqual(env, { SECRET_TOKEN: 'sesame', CONDUXT_SESSION: 's-1' });
    assert.ok(!('TMUX' in env));
    assert.equal((env as { TERM?: string }).TERM, 'tmux-256color');
    assert.equal(existsSync(run.launch), false);
    const shown = await scratch.server.call([
      ['show-environment', '-g'],
      ['show-environment', '-t', pane.sessionId],
    ]);
    assert.doesNotMatch(shown.stdout, /sesame|CONDUXT_SESSION/);
  });

  it('gives the terminal’s own keys to the program alone', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    const [pane, run] = await scratch.supervised(
      sh('trap "echo caught; exit 3" INT; echo up; while :; do sleep 0.1; done'),
    );
    await until(() => readFileSync(run.log, 'utf8').includes('up'), 'it runs', { directory: run.dir });
    await scratch.server.press(pane.paneId, ['C-c']);
    await exited(run);
    assert.equal(readExit(run)?.exitCode, 3);
  });

  it('ends the program when it is ended, also one that ignores TERM, and says who asked', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    const [pane, run] = await scratch.supervised(sh('trap "" TERM HUP; echo up; while :; do sleep 0.1; done'));
    await until(() => readFileSync(run.log, 'utf8').includes('up'), 'it runs', { directory: run.dir });
    process.kill(pane.pid, 'SIGTERM');
    await exited(run);
    assert.partialDeepStrictEqual(readExit(run), { signal: 'SIGKILL', asked: 'SIGTERM' });
  });

  it('writes the exit down also when its session is ended', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    const [pane, run] = await scratch.supervised({ command: 'sleep', args: ['60'] });
    await started(run);
    await scratch.server.endSession(pane.sessionId);
    await exited(run);
    assert.equal(readExit(run)?.asked, 'SIGHUP');
    const agentPid = readStarted(run)?.agentPid ?? 0;
    await until(() => startTimeOf(agentPid) === null, 'the program is gone');
  });

  it('loses neither the last words nor the exit of forty panes that end at once', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    for (let round = 0; round < 4; round += 1) {
      const panes = await Promise.all(
        Array.from({ length: 10 }, () => scratch.supervised(sh('seq 1 300; printf the-end; exit 5'))),
      );
      for (const [pane, run] of panes) {
        await exited(run);
        assert.equal(readExit(run)?.exitCode, 5);
        await until(() => readFileSync(run.log, 'utf8').endsWith('the-end'), 'the log has its end', {
          directory: run.dir,
        });
        await scratch.server.endSession(pane.sessionId);
      }
    }
  });
});
