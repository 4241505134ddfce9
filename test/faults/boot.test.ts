import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readJournal } from '../../src/journal/read-journal.ts';
import type { Script } from '../../src/rehearsal/fault-agent/script.ts';
import type { Script as TerminalScript } from '../../src/rehearsal/scripted-tui/script.ts';
import type { JournalRecord } from '../../src/session/events.ts';
import { BootedMachine, FAULT_AGENT, homeOf, NODE, PROGRAM, TUI, USER } from './boot.ts';

const FULL = process.env['FAULTS'] === 'all';
/** The timer's first look is half a minute after the boot; cron's at the next minute. The rest is for a busy machine. */
const LOOKED_MS = 150_000;

const script: Script = {
  log: homeOf('agent-{{session}}.ndjson'),
  resume: { supported: true },
  prompts: [
    { match: 'open$', steps: [{ type: 'text', text: 'working' }, { type: 'hang' }] },
    {
      match: '^Ask',
      steps: [
        {
          type: 'permission',
          options: [{ optionId: 'n', name: 'No', kind: 'reject_once' }],
          toolCall: { title: 'rm', kind: 'execute', rawInput: { command: 'rm x' } },
        },
      ],
    },
    {
      match: '^conduxt was interrupted',
      steps: [
        { type: 'shell', command: 'echo 4 > sum.txt && git commit -qam "Four in $(basename "$PWD")"' },
        { type: 'callback', status: 'completed', fields: { summary: 'It is 4.' } },
      ],
    },
    {
      match: 'Judge it',
      steps: [
        { type: 'shell', command: 'echo 4 > sum.txt && git commit -qam "Four, to be judged"' },
        { type: 'callback', status: 'completed', fields: { summary: 'It is 4.' } },
      ],
    },
    { match: 'Make the sum', steps: [{ type: 'text', text: 'on it' }, { type: 'hang' }] },
    { match: '.', steps: [{ type: 'text', text: 'ok' }] },
  ],
};

const terminalScript: TerminalScript = {
  log: homeOf('tui.ndjson'),
  prompts: [
    { steps: [{ type: 'hang' }] },
    {
      steps: [
        { type: 'shell', command: 'echo 4 > sum.txt && git commit -qam "Four, in a pane"' },
        { type: 'callback', via: 'file', status: 'completed' },
      ],
    },
  ],
};

const ENTER = 'export PATH="$HOME/bin:$PATH"; cd ~/demo\n';

/** An ordinary user with a repository, the program and an agent that follows the script; null when it was skipped. */
async function machineFor(t: TestContext): Promise<BootedMachine | null> {
  if (!FULL) return (t.skip('FAULTS=all boots a machine of its own'), null);
  const machine = await BootedMachine.make();
  if (typeof machine === 'string') return (t.skip(machine), null);
  t.after(async () => assert.deepEqual(await machine.end(), [], 'something of the machine is left'));
  machine.root(['useradd', '-m', '-s', '/bin/sh', USER]);
  const acp = { command: NODE, args: [FAULT_AGENT, '--script', homeOf('script.json')] };
  const terminal = { command: NODE, args: [TUI, '--script', homeOf('tui.json')] };
  const config = { agent: 'fault', agents: { fault: { acp }, tui: { terminal } }, slots: { perUser: 16 } };
  const put = (file: string, text: string): string => `cat > ${file} <<'EOF'\n${text}\nEOF\n`;
  machine.login(`mkdir -p ~/bin ~/demo ~/.config/conduxt
    ${put('~/bin/conduxt', `#!/bin/sh\nexec ${NODE} ${PROGRAM} "$@"`)}
    chmod +x ~/bin/conduxt
    ${put('~/.config/conduxt/config.json', JSON.stringify(config))}
    ${put('~/script.json', JSON.stringify(script))}
    ${put('~/tui.json', JSON.stringify(terminalScript))}
    git config --global user.name Walter; git config --global user.email walter@example.invalid
    cd ~/demo; git init -q -b main; echo 5 > sum.txt
    ${put('test.sh', 'grep -qx 4 sum.txt && echo "1 passed, 0 failed" || { echo "0 passed, 1 failed"; exit 1; }')}
    git add -A; git commit -qm First; git clone -q --bare . ~/remote.git; git remote add origin ~/remote.git`);
  return machine;
}

/** Turns that are open, prompts behind them, a question, a task at work, one in a pane; one session that owes nothing, one that is over. */
const BUSY = `
  conduxt start talk "leave it open" --no-wait; conduxt tell talk "second"; conduxt tell talk "third"
  conduxt run "Make the sum 4." --name work --verify "sh test.sh" --no-wait
  conduxt run "Make it four." --name pane --agent tui --backend tmux --verify "sh test.sh" --no-wait
  conduxt start asks "Ask me" --permissions ask --no-wait
  conduxt start rests "hello"
  conduxt start over "hello"; conduxt stop over
`;

/** What the sessions below a state directory have in their journals, by name. */
function journals(machine: BootedMachine, state: string): Map<string, readonly JournalRecord[]> {
  const sessions = machine.path(path.join(state, 'sessions'));
  if (!existsSync(sessions)) return new Map();
  const ids = readdirSync(sessions).filter((name) => name.startsWith('s-'));
  return new Map(
    ids.map((id) => {
      const { name } = JSON.parse(readFileSync(path.join(sessions, id, 'session.json'), 'utf8')) as { name: string };
      return [name, readJournal(path.join(sessions, id, 'journal.ndjson')).records];
    }),
  );
}

/** What the agents were asked, in whatever session. */
function prompts(machine: BootedMachine): string[] {
  const home = machine.path(homeOf(''));
  return readdirSync(home)
    .filter((name) => name.startsWith('agent-'))
    .flatMap((name) => readFileSync(path.join(home, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as { event: string; text?: string })
    .flatMap(({ event, text }) => (event === 'prompt' ? [text ?? ''] : []));
}

async function until(what: string, fact: () => boolean, problem: () => unknown): Promise<void> {
  const end = performance.now() + LOOKED_MS;
  while (!fact()) {
    if (performance.now() > end) assert.fail(`${what} did not happen: ${JSON.stringify(problem(), null, 1)}`);
    await delay(100);
  }
}

const has = (records: readonly JournalRecord[] | undefined, type: JournalRecord['type'], times = 1): boolean =>
  (records ?? []).filter((record) => record.type === type).length >= times;

/** Every session is at work before the machine ends. */
const untilBusy = (machine: BootedMachine, state: string): Promise<void> =>
  until(
    'the work',
    () => {
      const all = journals(machine, state);
      const areAtWork = ['talk', 'work', 'pane'].every((name) => has(all.get(name), 'prompt-accepted'));
      return areAtWork && has(all.get('asks'), 'decision-opened') && has(all.get('rests'), 'turn-ended');
    },
    () => [...journals(machine, state)],
  );

/** What is true of every session of `BUSY` once somebody has looked after the boot. */
function isSettled(all: ReadonlyMap<string, readonly JournalRecord[]>): boolean {
  return (
    has(all.get('talk'), 'turn-ended', 3) &&
    has(all.get('asks'), 'turn-ended') &&
    ['work', 'pane'].every((name) => has(all.get(name), 'task-ended'))
  );
}

/** Nothing is said twice, nothing is lost, and nobody of the boot before is taken for alive. */
function assertTruth(machine: BootedMachine, state: string): void {
  const all = journals(machine, state);
  const endings = (name: string): string[] =>
    (all.get(name) ?? []).flatMap((record) => (record.type === 'turn-ended' ? [record.verdict] : []));
  assert.deepEqual(endings('talk'), ['unknown', 'done', 'done']);
  assert.deepEqual(endings('asks'), ['unknown']);
  for (const name of ['work', 'pane']) {
    assert.deepEqual(endings(name), ['unknown', 'done']);
    assert.partialDeepStrictEqual(
      all.get(name)?.findLast(({ type }) => type === 'task-ended'),
      { end: 'completed' },
    );
  }
  const seen = prompts(machine);
  for (const text of ['leave it open', 'second', 'third', 'Ask me'])
    assert.equal(seen.filter((prompt) => prompt.endsWith(text)).length, 1, text);
  for (const start of ['conduxt was interrupted', '# Task work'])
    assert.equal(seen.filter((prompt) => prompt.startsWith(start)).length, 1, start);
  for (const [name, boots] of bootsOf(all)) {
    const isOwed = ['talk', 'work', 'pane', 'asks'].includes(name);
    assert.equal(boots.length, isOwed ? 2 : 1, `${name} had ${boots.length} hosts`);
    assert.equal(new Set(boots).size, boots.length, 'every boot has an id of its own');
  }
}

/** The boots in which hosts of a session began. */
const bootsOf = (all: ReadonlyMap<string, readonly JournalRecord[]>): [string, string[]][] =>
  [...all].map(([name, records]) => [
    name,
    records.flatMap((record) => (record.type === 'host-started' ? [record.process.bootId] : [])),
  ]);

function statesIn(listing: string): Record<string, string> {
  const { sessions } = JSON.parse(listing) as { sessions: { name: string; state: string }[] };
  return Object.fromEntries(sessions.map(({ name, state }) => [name, state]));
}

describe('a machine that boots', { timeout: 600_000, concurrency: true }, () => {
  it('has a systemd whose timer alone brings every session to a truthful state', async (t) => {
    const machine = await machineFor(t);
    if (machine === null) return;
    const state = homeOf('.local/state/conduxt');
    const settled = async (what: string, fact: (all: ReturnType<typeof journals>) => boolean): Promise<number> => {
      const bootedAt = performance.now();
      assert.equal(await machine.boot(), null);
      await until(
        what,
        () => fact(journals(machine, state)),
        () => [...journals(machine, state)],
      );
      return (performance.now() - bootedAt) / 1000;
    };
    const installed = machine.login(`${ENTER} conduxt watchdog install --yes 2>&1; loginctl enable-linger; ${BUSY}`);
    assert.match(installed, /loginctl enable-linger/, 'a user whose timer would not begin by itself is told so');
    await untilBusy(machine, state);

    await machine.cutPower();
    const cutSeconds = await settled('the end of all work', isSettled);
    assertTruth(machine, state);
    const listing = machine.login(`${ENTER} conduxt status --all --json`);
    const states = { talk: 'idle', work: 'completed', pane: 'completed', asks: 'idle', rests: 'idle', over: 'stopped' };
    assert.deepEqual(statesIn(listing), states);
    const started = bootsOf(journals(machine, state));
    machine.login(
      `${ENTER} systemctl --user start conduxt-watchdog.service; conduxt watchdog status | grep 'It looked .* ago'`,
    );
    assert.deepEqual(bootsOf(journals(machine, state)), started, 'another look does nothing twice');
    const logged = machine.root(['journalctl', '-b', '--no-pager', '--output=cat']).stdout;
    assert.match(logged, /talk: the machine was restarted: a new host goes on/);
    assert.doesNotMatch(logged, /left-over|remains running/, 'living hosts are no trouble of the timer');

    // Now as a person does it, in the middle of a turn and of a judgement.
    const judge = 'test -e ~/judged || { touch ~/judged; sleep 60; }; sh test.sh';
    machine.login(`${ENTER}
      conduxt start more "leave it open" --no-wait; conduxt tell more "fourth"
      conduxt run "Judge it." --name judged --verify "${judge}" --no-wait
      pkill -9 -f host.cjs; systemctl --user start conduxt-watchdog.service`);
    await until(
      'the judgement',
      () => existsSync(machine.path(homeOf('judged'))),
      () => [...journals(machine, state)],
    );
    await machine.shutDown();
    const left = [...journals(machine, state)].flatMap(([name, records]) => {
      const last = records.at(-1);
      return last?.type === 'host-stopped' && last.reason === 'signal' ? [name] : [];
    });
    assert.ok(left.includes('judged'), 'its host was told to leave, and left in order');
    const shutSeconds = await settled(
      'the end of the later work',
      (all) => has(all.get('judged'), 'task-ended') && has(all.get('more'), 'turn-ended', 2),
    );
    const judgements = (journals(machine, state).get('judged') ?? []).flatMap((record) =>
      record.type === 'verification-finished' ? [record.receipt.verdict] : [],
    );
    assert.deepEqual(judgements, [{ type: 'green' }], 'a test that the shutdown ended says nothing about the work');
    const end = machine.login(`${ENTER} conduxt watchdog uninstall --yes; systemctl --user list-timers --all
      find ~/.config/systemd ! -type d; conduxt status --all --json | cat > ~/last.json`);
    assert.doesNotMatch(end.replace(/^This file is removed.*$/gm, ''), /conduxt-watchdog/);
    t.diagnostic(
      `seconds from switching on to the end of all work: ${cutSeconds.toFixed(1)} after a power cut, ${shutSeconds.toFixed(1)} after a shutdown; 30 of them are the timer’s`,
    );
  });

  it('has a cron that does so before anybody logs in, also for a state directory deep in the file system', async (t) => {
    const machine = await machineFor(t);
    if (machine === null) return;
    if (!existsSync(machine.path('/usr/sbin/cron'))) return t.skip('cron is not installed');
    const state = homeOf('a/directory/that/lies/so/deep/that/no/socket/can/have/its/path/state');
    const at = `${ENTER} export CONDUXT_HOME=${state}\n`;
    machine.login(`${at} conduxt watchdog install --with cron --interval 1m --yes; ${BUSY}`);
    await untilBusy(machine, state);
    await machine.cutPower();
    const bootedAt = performance.now();
    assert.equal(await machine.boot(), null);
    await until(
      'the end of all work',
      () => isSettled(journals(machine, state)),
      () => [...journals(machine, state)],
    );
    const seconds = (performance.now() - bootedAt) / 1000;
    assert.equal(machine.root(['ls', '/run/user']).stdout, '', 'nobody has logged in');
    assertTruth(machine, state);
    // Whoever logs in now, with a runtime directory, finds the hosts that cron started without one.
    machine.login(
      `${at} conduxt tell talk "after the login" --wait; conduxt watchdog uninstall --yes; crontab -l | grep conduxt && exit 1 || :`,
    );
    const talk = journals(machine, state).get('talk');
    assert.deepEqual([has(talk, 'host-started', 3), has(talk, 'turn-ended', 4)], [false, true]);
    t.diagnostic(
      `seconds from switching on to the end of all work: ${seconds.toFixed(1)}; up to 60 of them are cron’s`,
    );
  });
});
