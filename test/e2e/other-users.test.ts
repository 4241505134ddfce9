import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { encodeRecord } from '../../src/journal/record-line.ts';
import { identityOf } from '../../src/process/identity.ts';
import { newSessionId } from '../../src/session/ids.ts';
import { readJournal } from '../../src/journal/read-journal.ts';
import { noMemory } from '../../src/watchdog/memory.ts';
import { Machine } from './scratch.ts';

const ALICE = 54_321;
const MALLORY = 54_322;
const program = path.resolve(import.meta.dirname, '../../dist/conduxt.js');

interface Users {
  readonly machine: Machine;
  /** Runs conduxt as its owner. */
  readonly alice: (...words: string[]) => SpawnSyncReturns<string>;
  /** Runs a shell line as somebody else. */
  readonly mallory: (line: string, ...words: string[]) => SpawnSyncReturns<string>;
}

/** A machine that belongs to one ordinary user, and another user on it; null when it was skipped. */
function users(t: TestContext): Users | null {
  if (process.getuid?.() !== 0) return (t.skip('needs root to become two other users'), null);
  if (spawnSync('setpriv', ['--version']).status !== 0) return (t.skip('setpriv is not installed'), null);
  const machine = new Machine(t);
  machine.agent({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] });
  chmodSync(machine.root, 0o755);
  mkdirSync(machine.state, { mode: 0o755 });
  execFileSync('chown', ['-R', `${ALICE}:${ALICE}`, machine.root]);
  const as = (uid: number, words: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync('setpriv', [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--', ...words], {
      cwd: machine.repo,
      env: machine.env,
      encoding: 'utf8',
    });
  const users: Users = {
    machine,
    // The most careless umask there is.
    alice: (...words) => as(ALICE, ['sh', '-c', 'umask 0; exec "$@"', 'sh', process.execPath, program, ...words]),
    mallory: (line, ...words) => as(MALLORY, ['sh', '-c', line, 'sh', ...words]),
  };
  if (users.alice('--version').status !== 0) return (t.skip('the program cannot be read by another user here'), null);
  return users;
}

function ok(ran: SpawnSyncReturns<string>): string {
  assert.equal(ran.status, 0, `${ran.stdout}\n${ran.stderr}`);
  return ran.stdout;
}

describe('another user of the machine', () => {
  it('can read and reach nothing that a session has, whatever umask its owner has, in a directory made by hand', (t) => {
    const both = users(t);
    if (both === null) return;
    const { machine, alice, mallory } = both;
    ok(alice('start', 'talk', 'hello'));
    alice('run', 'Make the sum 4.', '--name', 'work', '--verify', 'sh test.sh', '--timeout', '20s', '--no-wait');
    alice('terminal', 'create', 'shell', 'cat');
    try {
      ok(alice('watchdog', '--once'));
      ok(alice('tell', 'talk', 'a secret', '--wait'));
      const places = readdirSync(machine.state, { recursive: true, encoding: 'utf8' }).map((name) =>
        path.join(machine.state, name),
      );
      const wide = places.filter((place) => {
        const { mode, uid } = lstatSync(place);
        return uid !== ALICE || (mode & 0o077) !== 0;
      });
      assert.deepEqual(wide, []);
      assert.ok(places.some((place) => place.endsWith('.sock')) && places.some((place) => place.includes('/prompts/')));
      const tried = mallory('for file; do head -c 1 "$file" >/dev/null 2>&1 && echo "$file"; done; :', ...places);
      assert.deepEqual([tried.status, tried.stdout], [0, ''], tried.stderr);
    } finally {
      alice('terminal', 'kill', 'shell');
      for (const name of ['talk', 'work']) alice('stop', name);
    }
  });

  it('who planted a session has neither its agent nor its notifier run, also when the directory was closed since', (t) => {
    const both = users(t);
    if (both === null) return;
    const { machine, alice, mallory } = both;
    ok(alice('start', 'model', 'hello'));
    ok(alice('stop', 'model'));
    const [model = ''] = machine.sessionIds();
    const marker = path.join(machine.root, 'was-run');
    // Mallory has seen what a session looks like, and may write for a moment.
    const planted = newSessionId();
    const draft = machine.file('draft');
    const sessionOf = (id: string): string => path.join(machine.state, 'sessions', id);
    cpSync(sessionOf(model), draft, { recursive: true, filter: (file) => !file.endsWith('.sock') });
    const record = JSON.parse(readFileSync(path.join(draft, 'session.json'), 'utf8')) as Record<string, unknown>;
    const run = { command: '/usr/bin/touch', args: [marker] };
    writeFileSync(
      path.join(draft, 'session.json'),
      JSON.stringify({
        ...record,
        id: planted,
        name: 'planted',
        agent: { ...(record['agent'] as object), ...run },
        hooks: { notify: [{ type: 'command', argv: ['/usr/bin/touch', marker] }], memoryFile: null },
      }),
    );
    const journal = path.join(draft, 'journal.ndjson');
    const [started, queued] = readJournal(journal).records;
    assert.ok(started?.type === 'host-started' && queued?.type === 'prompt-queued');
    writeFileSync(journal, '');
    for (const one of [{ ...started, process: { ...started.process, bootId: 'another' } }, queued])
      appendFileSync(journal, encodeRecord(one));
    // Given up long ago, as it says: then a host would only tell people.
    const late = { ...noMemory, tried: 9, failingMs: 1e9, countedAtMs: Date.now() };
    writeFileSync(path.join(draft, 'watchdog.json'), JSON.stringify({ schemaVersion: 1, ...late }));
    execFileSync('chown', ['-R', String(MALLORY), draft]);
    chmodSync(machine.state, 0o777);
    chmodSync(path.join(machine.state, 'sessions'), 0o777);
    const names = path.join(machine.state, 'repos', readdirSync(path.join(machine.state, 'repos'))[0] ?? '', 'names');
    chmodSync(path.dirname(path.dirname(names)), 0o777);
    chmodSync(path.dirname(names), 0o777);
    chmodSync(names, 0o777);
    const put = mallory(
      'cp -r "$1" "$2" && chmod -R a+rwX "$2" && printf %s "$3" > "$4"',
      draft,
      sessionOf(planted),
      planted,
      path.join(names, 'planted'),
    );
    assert.equal(put.status, 0, put.stderr);
    const everything = (): void => {
      // People are told from the second failure on.
      for (let look = 0; look < 2; look += 1) alice('watchdog', 'planted');
      alice('watchdog', '--once');
      for (const verb of ['resume', 'retry', 'verify', 'stop']) alice(verb, 'planted');
    };
    everything();
    assert.equal(existsSync(marker), false, 'while others can write there');
    for (const place of [machine.state, path.join(machine.state, 'sessions'), path.join(machine.state, 'repos')])
      chmodSync(place, 0o700);
    const tell = alice('tell', 'planted', 'x');
    assert.match(tell.stderr, /belongs to another user/);
    assert.equal(tell.status, 6, tell.stderr);
    everything();
    assert.equal(existsSync(marker), false, 'when it was closed');
    assert.match(ok(alice('watchdog', '--once', '--json')), /belongs to another user/);
    // What is Alice's goes on.
    ok(alice('resume', 'model'));
    ok(alice('stop', 'model'));
  });

  it('whose process has a number that a journal names is never signalled, and holds nothing up', async (t) => {
    const both = users(t);
    if (both === null) return;
    const { machine, alice } = both;
    ok(alice('start', 'talk', 'hello'));
    ok(alice('stop', 'talk'));
    ok(alice('resume', 'talk'));
    ok(alice('stop', 'talk'));
    const [id = ''] = machine.sessionIds();
    const journal = path.join(machine.state, 'sessions', id, 'journal.ndjson');
    const theirs = spawn('setpriv', [`--reuid=${MALLORY}`, '--clear-groups', '--', 'sleep', '1000'], {
      stdio: 'ignore',
    });
    t.after(() => theirs.kill('SIGKILL'));
    await once(theirs, 'spawn');
    const identity = identityOf(theirs.pid ?? 0);
    assert.ok(identity);
    const { records } = readJournal(journal);
    const last = records.at(-1);
    const queued = records.find((record) => record.type === 'prompt-queued');
    assert.ok(last && queued?.type === 'prompt-queued');
    const head = { epoch: last.epoch, at: last.at };
    for (const [index, event] of [
      { type: 'session-resumed' as const },
      { type: 'host-started' as const, process: identity, version: '0' },
      { ...queued, promptId: 'p-owed', key: 'owed', text: undefined },
    ].entries())
      appendFileSync(journal, encodeRecord({ ...event, ...head, seq: last.seq + 1 + index }));
    writeFileSync(path.join(machine.state, 'sessions', id, 'prompts', 'p-owed.txt'), 'hello');
    execFileSync('chown', ['-R', `${ALICE}:${ALICE}`, path.join(machine.state, 'sessions', id)]);
    for (let look = 0; look < 2; look += 1) ok(alice('watchdog', '--once'));
    ok(alice('wait', 'talk', '--timeout', '20s'));
    assert.equal(identityOf(theirs.pid ?? 0)?.startTime, identity.startTime, 'it was signalled');
    ok(alice('stop', 'talk'));
  });

  it('who was first in /tmp is named where tmux needs its place, and gets nothing', (t) => {
    const both = users(t);
    if (both === null) return;
    if (spawnSync('tmux', ['-V']).status !== 0) return t.skip('tmux is not installed');
    const { alice, mallory } = both;
    const place = `/tmp/tmux-${ALICE}`;
    rmSync(place, { recursive: true, force: true });
    t.after(() => rmSync(place, { recursive: true, force: true }));
    ok(mallory('mkdir -m 0777 "$1"', place));
    const { status, stderr } = alice('terminal', 'create', 'shell', 'cat');
    assert.equal(status, 5, stderr);
    assert.match(stderr, new RegExp(`${place}|unsafe permissions`));
    assert.deepEqual(readdirSync(place), []);
  });
});
