import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { markedPids } from '../../src/process/marker.ts';
import { startTimeOf } from '../../src/process/identity.ts';
import { makeRunDirectory } from '../../src/tmux/run-directory.ts';
import { supervisorProgram } from '../../src/tmux/programs.ts';
import { newSessionId } from '../../src/session/ids.ts';
import { handed } from '../session/samples.ts';
import { hasTmux, until } from '../tmux/scratch.ts';
import { TerminalRig } from './terminal-scratch.ts';

const codeOf = (document: unknown): unknown => (document as { error?: { code?: unknown } }).error?.code;
const linesOf = (document: Record<string, unknown>): readonly string[] => document['lines'] as string[];

describe('conduxt terminal', { concurrency: 2 }, () => {
  it('makes a shell, types into it, shows what it printed, and ends it with all it started', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const made = await rig.json('terminal', 'create', 'build');
    assert.partialDeepStrictEqual(made, {
      code: 0,
      how: 'created',
      terminal: { name: 'oc-demo-build', command: null },
    });
    const { id } = made['terminal'] as { id: string };
    assert.equal((await rig.json('terminal', 'check', 'build', '--idle'))['ready'], 'ready');
    const line = 'printf \'[%s]\' "a;b" ; setsid sleep 300 & sleep 300';
    assert.partialDeepStrictEqual(await rig.json('terminal', 'send', 'build', line), {
      code: 0,
      stripped: 0,
      enter: true,
    });
    await until(async () => (await rig.terminal('oc-demo-build'))?.['foreground'] === 'sleep', 'it has the terminal');
    assert.ok(linesOf(await rig.json('terminal', 'capture', 'build')).some((each) => each.startsWith('[a;b]')));
    const shown = await rig.run('terminal', 'list');
    assert.match(shown.out, /^NAME +KIND +STATE +ACTIVITY +FOREGROUND\noc-demo-build +terminal +running +\S+ +sleep/);
    assert.equal((await rig.json('terminal', 'interrupt', 'build'))['key'], 'C-c');
    assert.equal((await rig.json('terminal', 'check', 'build', '--idle'))['code'], 0);
    const pids = markedPids(id);
    assert.ok(pids.length >= 2, 'the shell and what left its group');
    assert.equal((await rig.json('terminal', 'kill', 'build'))['code'], 0);
    assert.deepEqual(markedPids(id), []);
    for (const pid of pids) assert.equal(startTimeOf(pid), null);
    assert.deepEqual((await rig.json('terminal', 'list'))['terminals'], []);
    assert.equal(codeOf(await rig.json('terminal', 'check', 'build')), 'terminal-not-found');
  });

  it('removes what stands in the line before it types, and sees that it is gone', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    await rig.json('terminal', 'create', 'build');
    await rig.json('terminal', 'check', 'build', '--idle');
    await until(
      async () => /[$#]$/.test(linesOf(await rig.json('terminal', 'capture', 'build')).at(-1) ?? ''),
      'a prompt',
    );
    await rig.json('terminal', 'send', 'build', 'echo half-of-', '--no-enter');
    await rig.json('terminal', 'send', 'build', 'echo whole');
    await rig.json('terminal', 'check', 'build', '--for', '^whole$');
    const all = linesOf(await rig.json('terminal', 'capture', 'build', '--all')).join('\n');
    assert.doesNotMatch(all, /^half-of/m);
    assert.match(all, /^whole$/m);
  });

  it('shows more than the screen holds, and of it what was asked for, also when its program is over', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const script = 'i=0; while [ $i -lt 200 ]; do printf "\\033[31mline %s\\033[0m\\n" $i; i=$((i+1)); done; exit 3';
    await rig.json('terminal', 'create', 'count', '--', 'sh', '-c', script);
    await until(async () => (await rig.terminal('oc-demo-count'))?.['state'] === 'ended', 'it is over');
    assert.ok(linesOf(await rig.json('terminal', 'capture', 'count')).length <= 60);
    const all = linesOf(await rig.json('terminal', 'capture', 'count', '--all'));
    assert.deepEqual([all.length, all[0], all.at(-1)], [200, 'line 0', 'line 199']);
    assert.deepEqual(linesOf(await rig.json('terminal', 'capture', 'count', '--lines', '2')), ['line 198', 'line 199']);
    const matching = await rig.json('terminal', 'capture', 'count', '--all', '--match', '^line 1?7$');
    assert.deepEqual(linesOf(matching), ['line 7', 'line 17']);
    const checked = await rig.json('terminal', 'check', 'count');
    assert.partialDeepStrictEqual(checked, { code: 1, terminal: { state: 'ended', exitCode: 3 } });
    assert.equal(codeOf(await rig.json('terminal', 'send', 'count', 'x')), 'terminal-ended');
    await rig.server.call([['kill-server']]);
    const log = await rig.json('terminal', 'capture', 'count', '--lines', '1');
    assert.partialDeepStrictEqual(log, { from: 'log', lines: ['line 199'] });
  });

  it('is renamed without what runs in it noticing', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    await rig.json('terminal', 'create', 'dev', '--', 'sleep', '300');
    const [before] = await rig.server.panes();
    assert.partialDeepStrictEqual(await rig.json('terminal', 'rename', 'dev', 'web'), {
      before: 'oc-demo-dev',
      terminal: { name: 'oc-demo-web', state: 'running' },
    });
    const [after] = await rig.server.panes();
    assert.deepEqual([after?.pid, after?.sessionName], [before?.pid, 'oc-demo-web']);
    await rig.json('terminal', 'create', 'dev', '--', 'sleep', '300');
    assert.equal(codeOf(await rig.json('terminal', 'rename', 'dev', 'web')), 'terminal-exists');
    assert.equal(codeOf(await rig.json('terminal', 'rename', 'dev', '77')), 'invalid-name');
    assert.match((await rig.run('terminal', 'rename', 'dev', 's2')).err, /"s2" says nothing about what runs there/);
    assert.partialDeepStrictEqual(await rig.json('terminal', 'kill', '--all'), { code: 0 });
    assert.deepEqual(await rig.server.panes(), []);
  });

  it('shows the terminals of agents and of others, and changes neither', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const id = newSessionId();
    const run = makeRunDirectory(path.join(rig.desk.home, 'sessions', id, 'run'));
    const [node, flag] = supervisorProgram();
    const size = { width: 80, height: 24, logFile: run.log };
    const waiting = [node, flag, '-e', 'setInterval(() => {}, 1e6)', run.dir] as const;
    await rig.server.newPane({ sessionName: 'oc-demo-claude-fix', argv: [...waiting], ...size });
    await rig.server.newPane({ sessionName: 'infra', argv: ['sleep', '300'], ...size });
    const { terminals } = await rig.json('terminal', 'list');
    assert.partialDeepStrictEqual(terminals, [
      { name: 'infra', kind: 'other', id: null, foreground: 'sleep' },
      { name: 'oc-demo-claude-fix', kind: 'agent', id },
    ]);
    for (const [name, code, actions] of [
      ['oc-demo-claude-fix', 'agents-terminal', ['kill']],
      ['infra', 'not-yours', ['kill', 'interrupt', 'send']],
    ] as const) {
      assert.equal((await rig.json('terminal', 'capture', name)).code, 0);
      assert.equal((await rig.json('terminal', 'check', name)).code, 0);
      for (const action of actions) {
        assert.equal(codeOf(await rig.json('terminal', action, name)), code, action);
      }
    }
    assert.equal((await rig.server.panes()).length, 2);
  });

  it('reaches the terminal of an agent through its host only, by three verbs', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const { record, paths } = rig.desk.session('fix', [handed('p-1')]);
    const typed = path.join(rig.desk.root, 'typed');
    const [node, flag] = supervisorProgram();
    const run = makeRunDirectory(path.join(rig.desk.home, 'sessions', record.id, 'run'));
    const reads = `require('node:fs').writeFileSync(${JSON.stringify(typed)}, ''); process.stdin.pipe(require('node:fs').createWriteStream(${JSON.stringify(typed)}))`;
    const argv = [node, flag, '-e', reads, run.dir] as const;
    const name = 'oc-demo-claude-fix';
    await rig.server.newPane({ sessionName: name, argv: [...argv], width: 80, height: 24, logFile: run.log });
    await until(() => existsSync(typed), 'the agent reads');
    const tell = { outcome: 'queued', promptId: 'p-1', state: 'queued', ahead: 1 } as const;
    const cancel = { turn: 'cancelled', dropped: 0, task: 'unchanged' } as const;
    const requests = await rig.desk.host(t, paths, { tell, cancel });
    assert.partialDeepStrictEqual(await rig.json('terminal', 'send', name, 'and', 'the', 'docs'), {
      ...{ code: 0, bytes: 12, told: { session: 'fix', outcome: 'queued', ahead: 1 } },
    });
    assert.partialDeepStrictEqual(await rig.json('terminal', 'interrupt', name, '--escape'), {
      ...{ code: 0, key: 'Escape', cancelled: { session: 'fix', turn: 'cancelled' } },
    });
    assert.match((await rig.run('terminal', 'interrupt', name)).out, /^fix: the turn has ended\./);
    assert.partialDeepStrictEqual(requests, [
      { op: 'tell', text: 'and the docs', mode: 'queue' },
      { op: 'cancel', scope: 'turn' },
      { op: 'cancel', scope: 'turn', force: true },
    ]);
    assert.deepEqual(Object.keys(requests[1] ?? {}), ['op', 'scope']);
    assert.equal(codeOf(await rig.json('terminal', 'send', name, 'x', '--no-enter')), 'agents-terminal');
    assert.equal(codeOf(await rig.json('terminal', 'send', name)), 'empty-prompt');
    assert.equal(requests.length, 3);
    assert.equal(readFileSync(typed, 'utf8'), '', 'no key was pressed');
  });

  it('reaches another tmux server by its socket, and waits for text there', async (t) => {
    if (!(await hasTmux(t))) return;
    const [rig, other] = [new TerminalRig(t), new TerminalRig(t)];
    const logFile = path.join(other.desk.root, 'log');
    mkdirSync(other.desk.home, { recursive: true });
    const argv = ['bash', '--norc', '-i'] as const;
    await other.server.newPane({ sessionName: 'theirs', width: 80, height: 24, argv: [...argv], logFile });
    const at = ['--socket', other.server.socketName];
    assert.equal((await rig.json('terminal', 'check', 'theirs', '--idle', ...at)).code, 0);
    await rig.json('terminal', 'send', 'theirs', 'echo $((40+2))', ...at);
    assert.equal((await rig.json('terminal', 'check', 'theirs', '--for', '^42$', ...at))['ready'], 'ready');
    assert.ok(linesOf(await rig.json('terminal', 'capture', 'theirs', ...at)).includes('42'));
    assert.equal(codeOf(await rig.json('terminal', 'kill', 'theirs', ...at)), 'conflicting-options');
  });

  it('is looked at, and typed into by --write, with conduxt attach', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    rig.desk.session('helper', []);
    await rig.json('terminal', 'create', 'edit', '--', 'sleep', '300');
    const looking = await rig.json('attach', 'edit');
    assert.partialDeepStrictEqual(looking, { code: 0, session: 'oc-demo-edit', backend: 'tmux' });
    assert.ok((looking['command'] as string[]).includes('-r'));
    assert.ok(!((await rig.json('attach', 'edit', '--write'))['command'] as string[]).includes('-r'));
    assert.equal(codeOf(await rig.json('attach', 'nobody')), 'session-not-found');
    rig.env['TMUX'] = '/tmp/x,1,0';
    assert.equal((await rig.run('attach', 'edit')).code, 6);
  });

  it('may be looked at by two people at once: neither is detached, and neither changes its size', async (t) => {
    if (!(await hasTmux(t))) return;
    const [rig, people] = [new TerminalRig(t), new TerminalRig(t)];
    await rig.json('terminal', 'create', 'server', '--', 'sleep', '300');
    const look = (await rig.json('attach', 'server'))['command'] as string[];
    mkdirSync(people.desk.home, { recursive: true });
    for (const [at, width] of [80, 120].entries()) {
      const argv = ['env', '-u', 'TMUX', ...look] as const;
      const logFile = path.join(people.desk.root, `${at}.log`);
      await people.server.newPane({ sessionName: `desk-${at}`, width, height: 24, argv: [...argv], logFile });
    }
    const seen = ['list-sessions', '-F', '#{session_attached} #{window_width}x#{window_height}'];
    const facts = async (): Promise<string> => (await rig.server.call([seen])).stdout.trim();
    await until(async () => (await facts()) === '2 220x60', 'both look, at its own size');
    const dead = (await people.server.panes()).filter((pane) => pane.dead);
    assert.deepEqual(dead, []);
  });

  it('asks tmux at most every second while it waits for words that do not come', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    await rig.json('terminal', 'create', 'quiet', '--', 'sleep', '300');
    const asked = path.join(rig.desk.root, 'asked');
    const bin = path.join(rig.desk.root, 'bin');
    const tmux = spawnSync('sh', ['-c', 'command -v tmux'], { encoding: 'utf8' }).stdout.trim();
    mkdirSync(bin);
    writeFileSync(path.join(bin, 'tmux'), `#!/bin/sh\necho "$*" >> '${asked}'\nexec ${tmux} "$@"\n`, { mode: 0o755 });
    rig.env['PATH'] = `${bin}:${process.env['PATH'] ?? ''}`;
    const SECONDS = 4;
    const waited = await rig.json('terminal', 'check', 'quiet', '--for', 'never', '--timeout', `${SECONDS}s`);
    assert.equal(waited['ready'], 'running-or-hung');
    const times = readFileSync(asked, 'utf8').trimEnd().split('\n').length;
    // A look is two calls at most; a few more find the terminal in the beginning.
    assert.ok(times <= 2 * SECONDS + 4, `tmux was called ${times} times in ${SECONDS} s`);
  });

  it('refuses what does not fit, in a sentence', async (t) => {
    const rig = new TerminalRig(t);
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [['list', '--lines', '3'], 'conflicting-options'],
      [['create', 'x', '--no-enter'], 'conflicting-options'],
      [['capture'], 'wrong-arguments'],
      [['rename', 'x'], 'wrong-arguments'],
      [['create'], 'wrong-arguments'],
      [['kill'], 'wrong-arguments'],
      [['create', 'x_y'], 'invalid-name'],
      [['create', 'build', '--cwd', '/nonexistent'], 'no-directory'],
      [['explode', 'x'], 'invalid-argument'],
      [['check', 'x', '--for', '('], 'invalid-argument'],
    ];
    for (const [args, code] of wrong) {
      const ran = await rig.json('terminal', ...args);
      assert.deepEqual([codeOf(ran), ran.code], [code, 2], args.join(' '));
    }
  });

  it('says clearly that tmux is missing or too old', async (t) => {
    const rig = new TerminalRig(t);
    const bin = path.join(rig.desk.root, 'bin');
    mkdirSync(bin);
    const none = await rig.desk.run(['terminal', 'list'], { env: { PATH: bin } });
    assert.deepEqual([none.code, /tmux is not on the PATH/.test(none.err)], [5, true]);
    writeFileSync(path.join(bin, 'tmux'), '#!/bin/sh\necho "tmux 3.2a"\n', { mode: 0o755 });
    const old = await rig.desk.run(['terminal', 'list'], { env: { PATH: bin } });
    assert.deepEqual([old.code, /tmux 3\.2a is too old; 3\.3 is needed/.test(old.err)], [5, true]);
  });
});
