import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { markedPids } from '../../src/process/marker.ts';
import { readTerminals } from '../../src/placement/ledger.ts';
import { hasTmux, until } from '../tmux/scratch.ts';
import { Desk } from './scratch.ts';
import { TerminalRig } from './terminal-scratch.ts';

const field = (document: unknown, ...path: string[]): unknown =>
  path.reduce((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], document);

describe('conduxt exec, direct', () => {
  it('returns the exit code of the command, and says route and reason on stderr', async (t) => {
    const ran = await new Desk(t).run(['exec', '--estimate', 'short', '--', 'sh', '-c', 'exit 7']);
    assert.deepEqual([ran.code, ran.out], [7, '']);
    assert.match(ran.err, /^route: direct: its estimate is short$/m);
  });

  it('gives what the command printed in one JSON document', async (t) => {
    const ran = await new Desk(t).run(['exec', '--json', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
    assert.equal(ran.code, 3);
    const document: unknown = JSON.parse(ran.out);
    assert.partialDeepStrictEqual(document, {
      schemaVersion: 1,
      route: 'direct',
      rule: 'default',
      terminal: null,
      result: { exitCode: 3, signal: null, stdout: 'out\n', stderr: 'err\n', truncated: false },
    });
  });

  it('keeps the end of an output that is too long', async (t) => {
    const line =
      'i=0; while [ $i -lt 9000 ]; do echo "line $i ....................................."; i=$((i+1)); done';
    const ran = await new Desk(t).run(['exec', '--json', '--', 'sh', '-c', line]);
    const result = field(JSON.parse(ran.out), 'result');
    assert.equal(field(result, 'truncated'), true);
    const stdout = String(field(result, 'stdout'));
    assert.ok(stdout.length <= 256 * 1024 && stdout.includes('line 8999'));
  });

  it('says what cannot be started with 127 and 126, and its own mistakes with 125', async (t) => {
    const desk = new Desk(t);
    const missing = await desk.run(['exec', '--', 'no-such-program-here']);
    assert.equal(missing.code, 125 + 2);
    assert.match(missing.err, /There is no program "no-such-program-here"/);
    assert.equal((await desk.run(['exec', '--', '/'])).code, 126);
    assert.equal((await desk.run(['exec', '--estimate', 'soon', '--', 'ls'])).code, 125);
    assert.equal((await desk.run(['exec'])).code, 125);
    assert.equal((await desk.run(['exec', '--name', '42', '--outlive', '--', 'ls'])).code, 125);
  });

  it('follows thresholds of the configuration', async (t) => {
    const config = path.join(new Desk(t).root, 'config.json');
    const desk = new Desk(t);
    mkdirSync(path.dirname(config), { recursive: true });
    writeFileSync(config, JSON.stringify({ placement: { durableAboveSeconds: 600 } }));
    const ran = await desk.run(['exec', '--estimate', '10m', '--json', '--', 'true'], {
      env: { CONDUXT_CONFIG: config },
    });
    assert.equal(field(JSON.parse(ran.out), 'rule'), 'near-limit');
  });

  it('says clearly that tmux is not there, and does without it where it can', async (t) => {
    const desk = new Desk(t);
    const env = { PATH: path.dirname(process.execPath) };
    const durable = await desk.run(['exec', '--outlive', '--', 'true'], { env });
    assert.equal(durable.code, 125);
    assert.match(durable.err, /tmux is not on the PATH[\s\S]*Install tmux 3\.3 or newer/);
    assert.equal((await desk.run(['exec', '--', '/bin/true'], { env })).code, 0);
  });
});

describe('conduxt exec, durable', () => {
  it('starts a prefixed session that outlives the call, and waits until it is ready', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const script = 'echo starting; echo "listening on 3000"; exec sleep 300';
    const ran = await rig.json('exec', '--name', 'dev', '--check', 'ready|listening', '--', 'sh', '-c', script);
    assert.partialDeepStrictEqual(ran, {
      code: 0,
      route: 'durable',
      rule: 'awaited',
      terminal: { name: 'oc-demo-dev', state: 'running', command: ['sh', '-c', script] },
      result: { how: 'created', ready: 'ready', matched: 'listening on 3000' },
    });
    assert.deepEqual(
      (await rig.server.panes()).map(({ sessionName }) => sessionName),
      ['oc-demo-dev'],
    );
  });

  it('says running or hung when it is not ready in time, and never that it is finished', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const ran = await rig.run('exec', '--name', 'dev', '--check', 'ready', '--timeout', '300ms', '--', 'sleep', '300');
    assert.equal(ran.code, 7);
    assert.match(ran.out, /not ready in time: it is still running or hung/);
    const ended = await rig.run('exec', '--name', 'gone', '--check', 'ready', '--', 'sh', '-c', 'exit 4');
    assert.equal(ended.code, 1);
    assert.match(ended.out, /ended before it was ready \(exit code 4\)/);
  });

  it('makes no session for what cannot be started: 127 and 126, as on the direct route', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const missing = await rig.run('exec', '--route', 'durable', '--', 'no-such-program-here');
    assert.deepEqual([missing.code, missing.out], [127, '']);
    assert.match(missing.err, /There is no program "no-such-program-here"/);
    assert.equal((await rig.run('exec', '--route', 'durable', '--', '/')).code, 126);
    assert.deepEqual(readTerminals(rig.desk.home), []);
  });

  it('puts no second session on a name: reused or replaced, by explicit choice', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const exec = (...words: string[]): ReturnType<typeof rig.json> =>
      rig.json('exec', '--outlive', '--name', 'dev', ...words);
    await exec('--', 'sleep', '300');
    const [before] = await rig.server.panes();
    const refused = await exec('--', 'sleep', '300');
    assert.equal(field(refused, 'error', 'code'), 'terminal-exists');
    assert.equal(field(await exec('--reuse', '--', 'sleep', '300'), 'result', 'how'), 'reused');
    assert.equal(field(await exec('--reuse', '--', 'sleep', '301'), 'error', 'code'), 'terminal-busy');
    assert.deepEqual(
      (await rig.server.panes()).map(({ pid }) => pid),
      [before?.pid],
    );
    assert.equal(field(await exec('--replace', '--', 'sleep', '302'), 'result', 'how'), 'replaced');
    const after = await rig.server.panes();
    assert.equal(after.length, 1);
    assert.notEqual(after[0]?.pid, before?.pid);
    assert.equal(field(await exec('--reuse', '--replace', '--', 'x'), 'error', 'code'), 'conflicting-options');
    assert.equal(readTerminals(rig.desk.home).length, 1);
  });

  it('makes one session when eight callers want the same name at once, and it is in the ledger', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const bin = path.resolve(import.meta.dirname, '../../src/cli/bin.ts');
    const env = { ...rig.env, PATH: process.env['PATH'] ?? '', CONDUXT_HOME: rig.desk.home };
    const call = (...how: string[]): Promise<string> =>
      new Promise((resolve) => {
        const words = ['exec', '--outlive', '--name', 'dev', ...how, '--json', '--', 'sleep', '300'];
        const args = ['--disable-warning=ExperimentalWarning', bin, ...words];
        execFile(process.execPath, args, { cwd: rig.desk.repo, env }, (_, stdout) => resolve(stdout));
      });
    const outcomeOf = (text: string): unknown =>
      field(JSON.parse(text), 'result', 'how') ?? field(JSON.parse(text), 'error', 'code');
    const plain = await Promise.all(Array.from({ length: 4 }, () => call()));
    assert.deepEqual(plain.map(outcomeOf).toSorted(), ['created', ...Array<string>(3).fill('terminal-exists')]);
    const reused = await Promise.all(['--reuse', '--replace', '--replace', '--reuse'].map((how) => call(how)));
    assert.deepEqual(reused.map(outcomeOf).toSorted(), ['replaced', 'replaced', 'reused', 'reused']);
    assert.partialDeepStrictEqual(await rig.terminal('oc-demo-dev'), { kind: 'terminal', state: 'running' });
    assert.equal((await rig.server.panes()).length, 1);
    assert.equal(readTerminals(rig.desk.home).length, 1);
  });

  it('knows a session again whose maker was killed before it could write down where it is', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const made = await rig.json('exec', '--outlive', '--name', 'dev', '--', 'sleep', '300');
    const file = path.join(rig.desk.home, 'terminals', String(field(made, 'terminal', 'id')), 'terminal.json');
    const record = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const dead = { pid: 1, startTime: 'x', bootId: 'y' };
    writeFileSync(file, JSON.stringify({ ...record, pane: null, maker: dead }));
    // As soon as its supervisor has written down itself.
    await until(async () => (await rig.terminal('oc-demo-dev'))?.['state'] === 'running', 'it is known again');
    assert.deepEqual((await rig.json('reclaim'))['sessionsKilled'], []);
    assert.equal((await rig.json('terminal', 'kill', 'dev')).code, 0);
    assert.deepEqual(await rig.server.panes(), []);
  });

  it('replaces what is over without being asked', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    await rig.json('exec', '--outlive', '--name', 'once', '--check', 'x', '--', 'true');
    const again = await rig.json('exec', '--outlive', '--name', 'once', '--', 'sleep', '300');
    assert.equal(field(again, 'result', 'how'), 'replaced');
  });

  it('types into a shell that waits, word for word, and adopts one that has no prefix', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const argv = ['bash', '--norc', '-i'] as const;
    const logFile = path.join(rig.desk.root, 'legacy.log');
    const pane = await rig.server.newPane({ sessionName: 'legacy', width: 100, height: 30, argv: [...argv], logFile });
    const screen = async (): Promise<string> => (await rig.server.capture(pane.paneId)) ?? '';
    await until(async () => /[$#]$/.test((await screen()).trimEnd()), 'the shell waits');
    await rig.server.paste(pane.paneId, 'half a line');
    const words = ['printf', '[%s]\n', "it's $HOME;"];
    const ran = await rig.json(
      'exec',
      '--outlive',
      '--name',
      'legacy',
      '--reuse',
      '--check',
      "\\[it's \\$HOME;\\]",
      '--',
      ...words,
    );
    assert.partialDeepStrictEqual(ran, { code: 0, terminal: { name: 'oc-demo-legacy' }, result: { how: 'adopted' } });
    assert.deepEqual(
      (await rig.server.panes()).map(({ sessionName }) => sessionName),
      ['oc-demo-legacy'],
    );
  });

  it('takes neither what a shell printed before nor the line that it shows for what the command prints', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    await rig.json('terminal', 'create', 'build');
    await rig.json('terminal', 'check', 'build', '--idle');
    await rig.json('terminal', 'send', 'build', 'echo all is ready');
    await rig.json('terminal', 'check', 'build', '--for', '^all is ready');
    const go = path.join(rig.desk.root, 'go');
    const line = `until [ -e ${go} ]; do sleep 0.05; done; echo now it is ready`;
    const reuse = (...words: string[]): ReturnType<typeof rig.json> =>
      rig.json('exec', '--outlive', '--name', 'build', '--reuse', '--check', 'ready', ...words);
    const waited = await reuse('--timeout', '1s', '--', 'sh', '-c', line);
    assert.deepEqual([waited.code, field(waited, 'result', 'ready')], [7, 'running-or-hung']);
    writeFileSync(go, '');
    await rig.json('terminal', 'check', 'build', '--idle');
    const again = await reuse('--', 'sh', '-c', line);
    assert.deepEqual([again.code, field(again, 'result', 'matched')], [0, 'now it is ready']);
  });

  it('warns about names that say nothing, and takes the name the configuration has for this machine', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const generic = await rig.run('exec', '--outlive', '--name', 's1', '--', 'true');
    assert.match(generic.err, /"s1" says nothing about what runs there/);
    const config = path.join(rig.desk.root, 'config.json');
    writeFileSync(
      config,
      JSON.stringify({ machines: { [hostname()]: { session: 'workbench' } }, sessionPrefix: 'me-' }),
    );
    rig.env['CONDUXT_CONFIG'] = config;
    const named = await rig.json('exec', '--outlive', '--', 'sleep', '300');
    assert.equal(field(named, 'terminal', 'name'), 'me-demo-workbench');
    assert.equal(field(await rig.json('exec', '--outlive', '--', 'sleep', '300'), 'result', 'how'), 'reused');
    assert.equal(field(await rig.json('exec', '--outlive', '--', 'sleep', '301'), 'error', 'code'), 'terminal-busy');
    const anew = await rig.json('exec', '--outlive', '--replace', '--', 'sleep', '301');
    assert.equal(field(anew, 'result', 'how'), 'replaced');
  });

  it('marks what it starts as its own, not as its caller’s, and remembers who asked', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    rig.env['CONDUXT_SESSION'] = 's-01jd0000000000000000000000';
    const ran = await rig.json('exec', '--name', 'env', '--check', 'CONDUXT_SESSION', '--', 'env');
    assert.equal(field(ran, 'terminal', 'owner'), 's-01jd0000000000000000000000');
    assert.equal(field(ran, 'result', 'matched'), `CONDUXT_SESSION=${String(field(ran, 'terminal', 'id'))}`);
  });

  it('survives the death of the program that started it', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const bin = path.resolve(import.meta.dirname, '../../src/cli/bin.ts');
    const env = { ...rig.env, PATH: process.env['PATH'] ?? '', CONDUXT_HOME: rig.desk.home };
    const args = [
      '--disable-warning=ExperimentalWarning',
      bin,
      'exec',
      '--outlive',
      '--name',
      'dev',
      '--',
      'sleep',
      '300',
    ];
    const caller = spawnSync(process.execPath, args, { cwd: rig.desk.repo, env, encoding: 'utf8' });
    assert.equal(caller.status, 0, caller.stderr);
    const [pane] = await rig.server.panes();
    assert.equal(pane?.dead, false);
    assert.equal(pane.sessionName, 'oc-demo-dev');
  });

  it('wakes a session, once, when it prints what was waited for', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const { record, paths } = rig.desk.session('helper', []);
    const reply = { outcome: 'queued', promptId: 'p-1', state: 'queued', ahead: 0 } as const;
    const requests = await rig.desk.host(t, paths, { tell: reply });
    const go = path.join(rig.desk.root, 'go');
    const script = `until [ -e ${go} ]; do sleep 0.02; done; echo "build FAILED: 3"; echo "failed again"; sleep 300`;
    const watching = ['--on-match', 'failed', '--tell', 'helper', '--', 'sh', '-c', script];
    assert.equal((await rig.json('exec', '--name', 'ci', ...watching)).code, 0);
    writeFileSync(go, '');
    await until(() => requests.length > 0, 'the session is told');
    const { terminals } = await rig.json('terminal', 'list');
    const [{ id }] = terminals as [{ id: string }];
    const outcome = path.join(rig.desk.home, 'terminals', id, 'run', 'match-outcome.json');
    await until(() => existsSync(outcome), 'the watcher has written down what came of it');
    assert.partialDeepStrictEqual(requests, [
      { op: 'tell', key: `match/${id}`, text: 'The command in the terminal oc-demo-ci printed: build FAILED: 3' },
    ]);
    assert.deepEqual(JSON.parse(readFileSync(outcome, 'utf8')), {
      matched: 'build FAILED: 3',
      told: true,
      problem: null,
      times: 1,
    });
    await until(() => markedPids(id).every((pid) => !programOf(pid).includes('match-watcher')), 'the watcher has left');
    assert.equal(record.name, 'helper');
  });

  it('wakes it again with --times: what comes together is told together, and the last word at the end', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const { paths } = rig.desk.session('helper', []);
    const reply = { outcome: 'queued', promptId: 'p-1', state: 'queued', ahead: 0 } as const;
    const requests = await rig.desk.host(t, paths, { tell: reply });
    const go = path.join(rig.desk.root, 'go');
    const wait = `until [ -e ${go} ]; do sleep 0.02; done`;
    const script = `echo "failed 1"; ${wait}; echo "failed 2"; echo "fine"; echo "failed 3"`;
    const watching = ['--on-match', 'failed', '--tell', 'helper', '--times', '5', '--', 'sh', '-c', script];
    assert.equal((await rig.json('exec', '--name', 'ci', ...watching)).code, 0);
    await until(() => requests.length > 0, 'the session is told');
    writeFileSync(go, '');
    await until(() => requests.length > 1, 'it is told again');
    const said = requests.map((request) => ('text' in request ? request.text : ''));
    assert.deepEqual(said, [
      'The command in the terminal oc-demo-ci printed: failed 1',
      'The command in the terminal oc-demo-ci printed: failed 2\nfailed 3',
    ]);
    const keys = requests.map((request) => ('key' in request ? request.key : ''));
    assert.equal(new Set(keys).size, 2, 'the second one would be a duplicate of the first');
  });

  it('lets a watcher leave with its terminal, and refuses one that has nobody to tell', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    rig.desk.session('helper', []);
    const half = await rig.json('exec', '--on-match', 'x', '--', 'true');
    assert.equal(field(half, 'error', 'code'), 'conflicting-options');
    const nobody = await rig.json('exec', '--on-match', 'x', '--tell', 'nobody', '--', 'true');
    assert.deepEqual([field(nobody, 'error', 'code'), nobody.code], ['session-not-found', 125]);
    const ran = await rig.json('exec', '--name', 'ci', '--on-match', 'x', '--tell', 'helper', '--', 'sleep', '300');
    const id = String(field(ran, 'terminal', 'id'));
    await until(() => markedPids(id).some((pid) => programOf(pid).includes('match-watcher')), 'it watches');
    await rig.json('terminal', 'kill', 'ci');
    assert.deepEqual(markedPids(id), []);
  });
});

const programOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};
