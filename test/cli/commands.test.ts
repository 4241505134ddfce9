import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { identityOf } from '../../src/process/identity.ts';
import type { SessionEvent } from '../../src/session/events.ts';
import { ended, handed, plainRecord, queued } from '../session/samples.ts';
import { receipt, setUp, worktreeReady } from '../views/samples.ts';
import { Desk } from './scratch.ts';

/** A host that lives: this very process. */
const hostAlive: SessionEvent = {
  type: 'host-started',
  process: identityOf(process.pid) ?? { pid: 1, startTime: '', bootId: '' },
  version: '0.1.0',
};
const hostGone: SessionEvent = { ...hostAlive, process: { pid: 1, startTime: 'x', bootId: 'y' } };
const begun: readonly SessionEvent[] = [hostAlive, queued('p-1', { kind: 'task' }), worktreeReady, setUp];
const running = [...begun, handed('p-1')];
const over: readonly SessionEvent[] = [
  ...running,
  ended('p-1', { lastMessage: 'All done.' }),
  { type: 'task-ended', end: 'completed', reason: 'verified by its tests' },
];
const question: SessionEvent = {
  type: 'decision-opened',
  decision: {
    id: 'gate-t-1',
    kind: 'gate',
    question: 'Deliver?',
    facts: {},
    choices: ['deliver', 'fail'],
    deadline: null,
    fallback: null,
  },
};

describe('a session without a task', () => {
  const stopped: SessionEvent = { type: 'session-stopped' };
  const helper = { ...plainRecord() };
  for (const [state, events, goOn] of [
    ['that lives', [], /→ It goes on with conduxt tell helper .* ends with conduxt stop helper/],
    ['that was stopped', [stopped], /→ Start it anew with conduxt start helper/],
  ] as const) {
    it(`${state} has no tests, pull request or beginning, and the refusal names the way on`, async (t) => {
      const desk = new Desk(t);
      const { kind, task, firstPrompt, name } = helper;
      desk.session(name, [...events], { kind, task, firstPrompt });
      for (const verb of ['pr', 'verify', 'retry', 'clean']) {
        const { code, err } = await desk.run([verb, 'helper']);
        assert.deepEqual([code, /^conduxt: Session helper has no task/.test(err)], [6, true], `${verb}: ${err}`);
        assert.match(err, goOn);
      }
    });
  }
});

describe('an agent that would judge its own work', () => {
  it('is refused what only whoever gave the work decides, by the marker of its session', async (t) => {
    const desk = new Desk(t);
    const { record } = desk.session('mine', [...running, ended('p-1'), question]);
    for (const args of [
      ['answer', 'mine', 'deliver'],
      ['answer', 'gate-t-1', 'deliver'],
      ['pr', 'mine'],
      ['verify', 'mine'],
      ['clean', 'mine'],
      ['retry', 'mine'],
      ['cancel', 'mine', '--discard'],
    ]) {
      for (const marker of [record.id, `${record.id}.step`]) {
        const { code, err } = await desk.run(args, { env: { CONDUXT_SESSION: marker } });
        assert.equal(code, 6, args.join(' '));
        assert.match(err, /called from inside of mine itself[\s\S]*leave it to them/, args.join(' '));
      }
    }
  });

  it('is free to judge the work of another session', async (t) => {
    const desk = new Desk(t);
    const other = desk.session('other', running);
    const { paths } = desk.session('mine', [...running, ended('p-1'), question]);
    const requests = await desk.host(t, paths, { answer: { decisionId: 'gate-t-1', answer: 'deliver' } });
    const env = { CONDUXT_SESSION: other.record.id };
    assert.equal((await desk.run(['answer', 'mine', 'deliver'], { env })).code, 0);
    assert.deepEqual(
      requests.map(({ op }) => op),
      ['answer'],
    );
  });
});

describe('a task that was cleaned up', () => {
  it('is said to be, although clean has stopped its session too', async (t) => {
    const desk = new Desk(t);
    const { record } = desk.session('done', [...over, { type: 'session-stopped' }], { cwd: '/nonexistent/worktree' });
    const { code, err } = await desk.run(['tell', 'done', 'more']);
    assert.deepEqual([code, record.name], [6, 'done']);
    assert.match(err, /The worktree of done is gone[\s\S]*conduxt retry done/);
  });
});

describe('a name that nobody has here', () => {
  it('lists the sessions of other repositories with their repository', async (t) => {
    const desk = new Desk(t);
    desk.session('foo', [], { repo: { key: 'lib-00000000', slug: 'lib', root: '/lib', commonDir: '/lib/.git' } });
    const { code, err } = await desk.run(['tell', 'nothing', 'x']);
    assert.equal(code, 4);
    assert.match(err, /There are: lib\/foo\./);
  });
});

describe('a session whose journal is gone', () => {
  it('is damage that is named, and never begun again by itself', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('lost', over);
    rmSync(paths.journal);
    writeFileSync(path.join(paths.epochs, '000001'), '');
    const table = await desk.run(['status']);
    assert.deepEqual([table.code, /lost +unreadable: .*journal\.ndjson is gone/.test(table.out)], [0, true], table.out);
    for (const verb of ['tell', 'status', 'wait', 'retry', 'stop', 'clean'] as const) {
      const { code, err } = await desk.run([verb, 'lost', ...(verb === 'tell' ? ['go on'] : [])]);
      assert.equal(code, 74, `${verb}: ${err}`);
      assert.match(err, /journal\.ndjson is gone[\s\S]*→ .*move .* away/);
    }
    await desk.run(['watchdog', '--once']);
    assert.match((await desk.run(['doctor', '--verify'])).out, /journal\.ndjson is gone/);
    assert.equal(existsSync(paths.journal), false);
  });
});

describe('status', () => {
  it('shows the sessions of this repository, and with --all those of the others too', async (t) => {
    const desk = new Desk(t);
    desk.session('issue-78', running);
    desk.session('other', over, { repo: { key: 'lib-00000000', slug: 'lib', root: '/lib', commonDir: '/lib/.git' } });
    const here = await desk.run(['status']);
    assert.match(here.out, /^NAME .*\nissue-78 .* running .*\n$/);
    const all = await desk.run(['ls', '--all']);
    assert.match(all.out, /demo\/issue-78 .* running/);
    assert.match(all.out, /lib\/other .* completed/);
    assert.match((await desk.run(['status'], { cwd: '/' })).out, /lib\/other/, 'outside of a repository: all of them');
  });

  it('shows a damaged journal and a broken record instead of failing', async (t) => {
    const desk = new Desk(t);
    const torn = desk.session('torn', running);
    appendFileSync(torn.paths.journal, '{"seq":9,"epoch":1,"c":"00000000"}\n');
    writeFileSync(desk.session('broken', []).paths.record, '{"schemaVersion":');
    const { code, out } = await desk.run(['status']);
    assert.equal(code, 0);
    assert.match(out, /broken +unreadable: /);
    assert.match(out, /torn: 1 damaged record /);
    const json = JSON.parse((await desk.run(['status', '--json'])).out) as {
      sessions: { name: string; state: string }[];
    };
    assert.deepEqual(
      json.sessions.map(({ name, state }) => [name, state]),
      [
        ['broken', 'unreadable'],
        ['torn', 'running'],
      ],
    );
  });

  for (const [what, text] of [
    ['cut off', '{"schemaVersion":1,"id":'],
    ['nearly empty', '{"schemaVersion":1}'],
    ['not an object', '[1]'],
  ] as const) {
    it(`names the file of a session whose record is ${what}`, async (t) => {
      const desk = new Desk(t);
      const { paths } = desk.session('broken', running);
      writeFileSync(paths.record, text);
      for (const args of [
        ['status', 'broken'],
        ['tell', 'broken', 'hi'],
        ['wait', 'broken'],
        ['log', 'broken'],
      ]) {
        const { code, err } = await desk.run(args);
        assert.equal(code, 74, args.join(' '));
        assert.match(err, /session\.json is damaged[\s\S]*→ /);
      }
    });
  }

  it('says where to begin when there is nothing', async (t) => {
    const { code, out, err } = await new Desk(t).run(['status']);
    assert.deepEqual([code, out], [0, '']);
    assert.match(err, /conduxt run/);
  });

  it('tells an unknown name from an ambiguous one', async (t) => {
    const desk = new Desk(t);
    for (const slug of ['a', 'b'])
      desk.session('same', [], {
        repo: { key: `${slug}-00000000`, slug, root: `/${slug}`, commonDir: `/${slug}/.git` },
      });
    assert.equal((await desk.run(['status', 'nobody'])).code, 4);
    const ambiguous = await desk.run(['status', 'same']);
    assert.equal(ambiguous.code, 2);
    assert.match(ambiguous.err, /a-00000000\/same, b-00000000\/same/);
    assert.equal((await desk.run(['status', 'b/same'])).code, 0);
  });
});

describe('log', () => {
  const message = (text: string): object => ({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });

  it('shows the last events, the pieces of a message as one', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', running);
    for (let seq = 10; seq < 40; seq += 1) desk.update(paths, seq, message(`${seq} `));
    desk.update(paths, 40, { sessionUpdate: 'tool_call', toolCallId: 'c', title: 'Read a.ts', status: 'completed' });
    const { code, out } = await desk.run(['log', 'issue-78', '--tail', '3']);
    assert.equal(code, 0);
    const lines = out.split('\n').map((line) => line.slice(9));
    assert.equal(lines[0], 'turn      1 begins');
    assert.match(lines[1] ?? '', /^says {6}10 11 12 .* 39 $/);
    assert.equal(lines[2], 'tool      Read a.ts [done]');
  });

  it('is bounded by default and complete after a cursor', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', [hostAlive]);
    for (let seq = 2; seq < 100; seq += 1)
      desk.update(paths, seq, { sessionUpdate: 'plan', entries: [{ content: `${seq}`, status: 'in_progress' }] });
    desk.update(paths, 100, message('x'.repeat(50_000)));
    const short = await desk.run(['log', 'issue-78']);
    assert.ok(short.out.length < 8_000, 'also when the agent talks at length');
    const lines = async (...args: string[]): Promise<number> =>
      (await desk.run(['log', 'issue-78', ...args])).out.trim().split('\n').length;
    assert.ok((await lines()) <= 21);
    assert.equal(await lines('--json'), 20);
    assert.equal(await lines('--json', '--since', '1:50'), 50);
    assert.equal(await lines('--json', '--since', '50', '--tail', '5'), 5);
  });

  it('refuses a cursor that this session never had', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', [hostAlive]);
    desk.update(paths, 2, message('x'));
    for (const since of ['1:3', '9:1', '999']) {
      const { code, out } = await desk.run(['log', 'issue-78', '--json', '--since', since]);
      assert.equal(code, 2, since);
      assert.match(out, /"code":"cursor-ahead".*"last":"1:2"/);
    }
    for (const since of ['1:2', '2', '1:1', '0'])
      assert.equal((await desk.run(['log', 'issue-78', '--json', '--since', since])).code, 0, since);
  });

  it('--raw hands out what the agent said as it came', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', [hostAlive]);
    desk.update(paths, 2, message('a\u0085\u202eb'));
    const { out } = await desk.run(['log', 'issue-78', '--raw', '--tail', '1']);

    assert.doesNotMatch(out, /[\u0080-\u009f\u202e]/, 'and yet nothing a terminal acts on');
    const line = JSON.parse(out) as { message: { params: { update: unknown } } };
    assert.deepEqual(line.message.params.update, message('a\u0085\u202eb'));
  });

  it('-f goes on until Ctrl-C, which ends only the reading', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', running);
    await desk.host(t, paths, {});
    const io = desk.io();
    const { main } = await import('../../src/cli/main.ts');
    const done = main(['log', 'issue-78', '-f', '--json'], io);
    await until(() => io.out().includes('prompt-handed'));
    await io.pressCtrlC();
    assert.equal(await done, 0);
  });
});

async function until(fact: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!fact()) {
    if (performance.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('tell', () => {
  const reply = { outcome: 'queued', promptId: 'p-2', state: 'queued', ahead: 1 } as const;

  it('hands the words to the host, and says which mode happened', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', running);
    const requests = await desk.host(t, paths, { tell: { ...reply, note: 'no turn is running' } });
    const told = await desk.run(['tell', 'issue-78', 'also', 'this', '--steer', '--key', 'k/1']);
    assert.deepEqual([told.code, told.out], [0, 'issue-78: queued (no turn is running); 1 turn before it.\n']);
    const [request] = requests;
    assert.ok(request?.op === 'tell');
    assert.deepEqual([request.text, request.mode, request.key], ['also this', 'steer', 'k/1']);
  });

  it('takes its words from standard input and from a file', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', running);
    const requests = await desk.host(t, paths, { tell: reply });
    const file = path.join(desk.root, 'words.txt');
    writeFileSync(file, 'from a file');
    await desk.run(['tell', 'issue-78', '-'], { stdin: 'from a pipe\n' });
    await desk.run(['tell', 'issue-78', '--file', file]);
    assert.deepEqual(
      requests.map((request) => (request.op === 'tell' ? request.text : '')),
      ['from a pipe\n', 'from a file'],
    );
    assert.equal((await desk.run(['tell', 'issue-78', '--file', '/nonexistent'])).code, 4);
  });

  it('takes a prompt of a mebibyte and refuses a longer one', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', running);
    await desk.host(t, paths, { tell: reply });
    assert.equal((await desk.run(['tell', 'issue-78', '-'], { stdin: 'x'.repeat(1024 * 1024) })).code, 0);
    const long = await desk.run(['tell', 'issue-78', '-'], { stdin: 'x'.repeat(1024 * 1024 + 1) });
    assert.equal(long.code, 2);
    assert.match(long.err, /longer than 1024 KiB/);
  });

  it('refuses without a host what is over: a stopped session, a worktree that was removed', async (t) => {
    const desk = new Desk(t);
    desk.session('stopped', [...over, { type: 'session-stopped' }]);
    desk.session('cleaned', over, { cwd: path.join(desk.root, 'gone') });
    for (const name of ['stopped', 'cleaned']) {
      const { code, err } = await desk.run(['tell', name, 'go on']);
      assert.equal(code, 6);
      assert.match(err, new RegExp(`conduxt retry ${name}`));
    }
  });
});

describe('cancel and stop', () => {
  it('tell what happened', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', running);
    const requests = await desk.host(t, paths, {
      cancel: { turn: 'cancelled', dropped: 2, task: 'cancelled' },
      stop: { stopped: true, left: [] },
    });
    assert.equal(
      (await desk.run(['cancel', 'issue-78', '--task'])).out,
      'issue-78: the task is cancelled, the turn has ended, 2 queued prompts dropped.\n',
    );
    assert.match((await desk.run(['stop', 'issue-78'])).out, /stopped\. Its history stays/);
    assert.deepEqual(requests, [{ op: 'cancel', scope: 'task' }, { op: 'stop' }]);
  });

  it('succeed without starting a host when there is nothing to end', async (t) => {
    const desk = new Desk(t);
    desk.session('quiet', [hostGone, queued('p-1'), handed('p-1'), ended('p-1')], plainRecordParts());
    desk.session('gone', [hostGone, { type: 'session-stopped' }]);
    assert.equal((await desk.run(['cancel', 'quiet'])).out, 'quiet: there was nothing to cancel.\n');
    assert.equal((await desk.run(['stop', 'gone'])).out, 'gone: nothing to stop.\n');
    assert.equal((await desk.run(['stop', 'nobody'])).code, 4);
  });

  it('name the processes that could not be ended', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', running);
    await desk.host(t, paths, { stop: { stopped: true, left: [4711] } });
    const { code, out } = await desk.run(['stop', 'issue-78']);
    assert.equal(code, 1);
    assert.match(out, /4711/);
  });
});

function plainRecordParts(): { kind: 'session'; task: null; firstPrompt: null } {
  const { task, firstPrompt } = plainRecord();
  assert.ok(task === null && firstPrompt === null);
  return { kind: 'session', task, firstPrompt };
}

describe('decisions and answers', () => {
  it('list what waits for a person, and pass the answer on by id or by session', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', [...running, ended('p-1'), question]);
    const requests = await desk.host(t, paths, { answer: { decisionId: 'gate-t-1', answer: 'deliver' } });
    assert.match((await desk.run(['decisions'])).out, /issue-78: Deliver\?\n.*conduxt answer gate-t-1 deliver\|fail/);
    for (const which of ['gate-t-1', 'issue-78']) assert.equal((await desk.run(['answer', which, 'deliver'])).code, 0);
    assert.deepEqual(requests, Array(2).fill({ op: 'answer', decisionId: 'gate-t-1', answer: 'deliver' }));
    assert.equal((await desk.run(['answer', 'gate-t-9', 'deliver'])).code, 4);
    const unsaid = await desk.run(['answer', 'issue-78']);
    assert.equal(unsaid.code, 2);
    assert.match(unsaid.err, /It asks: Deliver\?\n.*one of deliver, fail: conduxt answer issue-78 deliver/);
  });

  it('are listed from anywhere, those of this repository first, others by their full name', async (t) => {
    const desk = new Desk(t);
    const repo = { key: 'other-12345678', slug: 'other', root: '/other', commonDir: '/other/.git' };
    desk.session('far', [...running, ended('p-1'), question], { repo });
    desk.session('near', [...running, ended('p-1'), question]);
    desk.session('silent', [...running, ended('p-1')]);
    const { out } = await desk.run(['decisions']);
    assert.deepEqual(out.match(/^\S+(?=: Deliver)/gm), ['near', 'other/far']);
    assert.deepEqual((await desk.run(['decisions', '--here'])).out.match(/^\S+(?=: Deliver)/gm), ['near']);
    const asks = await desk.run(['answer', 'silent', 'yes']);
    assert.deepEqual([asks.code, /silent asks nothing/.test(asks.err)], [4, true]);
  });

  for (const name of ['gate-keeper', 'start-page', 'clarify-text', 'd-day']) {
    it(`take the session's name, also ${name}, which begins as an id does`, async (t) => {
      const desk = new Desk(t);
      const { paths } = desk.session(name, [...running, ended('p-1'), question]);
      await desk.host(t, paths, { answer: { decisionId: 'gate-t-1', answer: 'deliver' } });
      assert.equal((await desk.run(['answer', name, 'deliver'])).code, 0);
    });
  }

  it('say how a question ended that is not open any more', async (t) => {
    const desk = new Desk(t);
    const answered: SessionEvent = {
      type: 'decision-ended',
      decisionId: 'gate-t-1',
      end: { type: 'answered', answer: 'fail', by: 'person' },
    };
    desk.session('issue-78', [...running, ended('p-1'), question, answered]);
    const { code, err } = await desk.run(['answer', 'gate-t-1', 'deliver']);
    assert.equal(code, 6);
    assert.match(err, /gate-t-1 of issue-78 is answered already: fail\./);
  });
});

describe('wait', () => {
  it('returns at once with the outcome of what is over', async (t) => {
    const desk = new Desk(t);
    desk.session('good', [hostGone, ...over.slice(1)]);
    desk.session('bad', [
      hostGone,
      ...running.slice(1),
      ended('p-1'),
      { type: 'task-ended', end: 'failed', reason: 'no way' },
    ]);
    const good = await desk.run(['wait', 'good']);
    assert.equal(good.code, 0);
    assert.match(good.out, /^good: completed \(.*\): verified by its tests\n/);
    const both = await desk.run(['wait', 'good', 'bad', '--json']);
    assert.equal(both.code, 1, 'the highest of them');
    const { sessions } = JSON.parse(both.out) as { sessions: { session: string; exitCode: number }[] };
    assert.deepEqual(
      sessions.map(({ session, exitCode }) => [session, exitCode]),
      [
        ['good', 0],
        ['bad', 1],
      ],
    );
  });

  it('gives up after --timeout with exit 7, and says that the work goes on', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', running);
    await desk.host(t, paths, {});
    const { code, err } = await desk.run(['wait', 'issue-78', '--timeout', '50ms']);
    assert.equal(code, 7);
    assert.match(err, /still running; it goes on/);
  });

  it('leaves at Ctrl-C with exit 130 and says how to come back', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', running);
    await desk.host(t, paths, {});
    const { main } = await import('../../src/cli/main.ts');
    for (const json of [false, true]) {
      const io = desk.io();
      const done = main(['wait', 'issue-78', ...(json ? ['--json'] : [])], io);
      await io.pressCtrlC();
      assert.equal(await done, 130);
      if (json) assert.match(io.out(), /"detached": true/);
      else assert.match(io.err(), /the work goes on: issue-78[\s\S]*conduxt wait issue-78/);
    }
  });
});

describe('verify and pr', () => {
  it('tell the receipt and the pull request', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('issue-78', over);
    await desk.host(t, paths, {
      step: {
        step: 'verify',
        receipt: receipt({ verdict: { type: 'red', excerpt: 'not ok' }, exitCode: 1, counts: null }),
      },
    });
    const verified = await desk.run(['verify', 'issue-78']);
    assert.equal(verified.code, 1);
    assert.match(verified.out, /failed \(exit code 1\)[\s\S]*not ok/);

    const blocked = desk.session('other', over);
    await desk.host(t, blocked.paths, {
      step: { step: 'pull-request', outcome: { type: 'blocked', why: 'gh is logged out', remedy: 'gh auth login' } },
    });
    const pr = await desk.run(['pr', 'other']);
    assert.equal(pr.code, 9);
    assert.match(pr.out, /blocked: gh is logged out\n.*gh auth login/);
  });
});

describe('prune', () => {
  it('deletes what is old and over, and keeps the journal', async (t) => {
    const desk = new Desk(t);
    const old = desk.session('old', [hostGone, ...over.slice(1)]);
    const open = desk.session('open', [hostGone, ...running.slice(1)]);
    for (const { paths } of [old, open]) desk.update(paths, 50, { sessionUpdate: 'plan', entries: [] });
    mkdirSync(path.join(old.paths.run, 'x'));
    const dry = await desk.run(['prune', '--older-than', '1d', '--dry-run']);
    assert.match(dry.out, /old .*\nWould free .* of 1 session\./);
    assert.ok(readdirSync(old.paths.dir).includes('transcript.ndjson'));
    assert.equal((await desk.run(['prune', '--older-than', '1d'])).code, 0);
    assert.deepEqual(readdirSync(old.paths.run), []);
    assert.deepEqual(readdirSync(old.paths.prompts), []);
    assert.equal(readdirSync(old.paths.dir).includes('transcript.ndjson'), false);
    assert.ok(readdirSync(open.paths.dir).includes('transcript.ndjson'));
    assert.match((await desk.run(['status'])).out, /old .* completed/);
    assert.match((await desk.run(['log', 'old'])).out, /completed: verified by its tests/);
  });
});

describe('a session that never got its name', () => {
  const make = (desk: Desk): string => {
    const { paths } = desk.session('lost', []);
    rmSync(path.join(desk.home, 'repos', desk.repoKey, 'names', 'lost'));
    const long = desk.io().now() / 1000 - 7200;
    for (const file of [paths.record, paths.dir]) utimesSync(file, long, long);
    return paths.dir;
  };

  it('is named by doctor, shown by prune --dry-run, and removed by prune', async (t) => {
    const desk = new Desk(t);
    const place = make(desk);
    assert.match(
      (await desk.run(['doctor', '--verify'])).out,
      /leftovers +1 thing that killed commands left behind: sessions\/s-/,
    );
    const dry = JSON.parse((await desk.run(['prune', '--older-than', '30d', '--dry-run', '--json'])).out) as object;
    assert.deepEqual(dry, { schemaVersion: 1, dryRun: true, bytes: 0, sessions: [], leftovers: [place] });
    assert.ok(existsSync(place));
    assert.match((await desk.run(['prune', '--older-than', '30d'])).out, /left behind by a killed command: .*s-/);
    assert.equal(existsSync(place), false);
  });

  it('is removed by the watchdog, which says so', async (t) => {
    const desk = new Desk(t);
    const place = make(desk);
    const { code, out } = await desk.run(['watchdog', '--once', '--json']);
    assert.equal(code, 0);
    assert.deepEqual((JSON.parse(out) as { swept: string[] }).swept, [place]);
    assert.equal(existsSync(place), false);
  });
});

describe('a state directory that cannot be used', () => {
  it('is exit 74 and a sentence', async (t) => {
    const desk = new Desk(t);
    rmSync(desk.home, { recursive: true, force: true });
    writeFileSync(desk.home, 'a file');
    const { code, err } = await desk.run(['status', '--all']);
    assert.equal(code, 74);
    assert.match(err, /^conduxt: .*ENOTDIR/);
  });
});
