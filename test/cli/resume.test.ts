import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SessionEvent } from '../../src/session/events.ts';
import { plainRecord, ended, handed, queued } from '../session/samples.ts';
import { Desk } from './scratch.ts';

const native = '01a1fbe5-815c-7cb1-84d5-d0e7d83cbeff';
const opened = (nativeId: string): SessionEvent => ({
  type: 'agent-session',
  nativeId,
  continuity: 'new',
  agentVersion: null,
});
const talked = (nativeId: string): SessionEvent[] => [queued('p-1'), opened(nativeId), handed('p-1'), ended('p-1')];
const plain = { kind: 'session', task: null, firstPrompt: null } as const;
const resumed = { state: 'idle', nativeSessionId: native } as const;

describe('conduxt resume', () => {
  it('finds a session by the exact id of its own conversation', async (t) => {
    const desk = new Desk(t);
    desk.session('other', talked('another'), plain);
    const { record, paths } = desk.session('helper', [...talked(native), { type: 'session-stopped' }], plain);
    const requests = await desk.host(t, paths, { resume: resumed });
    assert.equal((await desk.run(['resume', native.slice(0, 20)])).code, 4, 'a part of it is not enough');
    const { code, out } = await desk.run(['resume', native, '--json']);
    assert.equal(code, 0);
    const { sessionId, wasStopped, nativeSessionId } = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual([sessionId, wasStopped, nativeSessionId], [record.id, true, native]);
    assert.deepEqual(
      requests.map(({ op }) => op),
      ['resume'],
    );
  });

  it('says what it was given once the session is open', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('helper', [...talked(native), { type: 'session-stopped' }], plain);
    const tell = { outcome: 'queued', promptId: 'p-2', state: 'queued', ahead: 0 } as const;
    const requests = await desk.host(t, paths, { resume: resumed, tell });
    const { code, out } = await desk.run(['resume', 'helper', 'Where were we?']);
    assert.deepEqual([code, out], [0, 'helper: taken up again; the text goes to the agent.\n']);
    const [, told] = requests;
    assert.equal(told?.op === 'tell' && told.text, 'Where were we?');
  });

  it('refuses a native id that several sessions have, and lists them', async (t) => {
    const desk = new Desk(t);
    const ids = ['one', 'two'].map((name) => desk.session(name, talked(native), plain).record.id);
    const { code, err } = await desk.run(['resume', native]);
    assert.equal(code, 2);
    for (const id of ids) assert.ok(err.includes(id), err);
  });

  it('refuses what has no place to go on in', async (t) => {
    const desk = new Desk(t);
    const ready: SessionEvent = {
      type: 'worktree-ready',
      path: '/nonexistent',
      branch: 'b',
      baseCommit: 'c',
      created: true,
    };
    desk.session('gone', [ready, ...talked(native)], { cwd: '/nonexistent/worktree' });
    const { code, err } = await desk.run(['resume', 'gone']);
    assert.equal(code, 6);
    assert.match(err, /worktree is gone[^]*conduxt retry gone/);
    assert.equal(plainRecord().task, null);
  });
});

describe('tell --formula', () => {
  const config = JSON.stringify({ formulas: { review: 'Review the diff.', 'tidy-up': 'Tidy up.' } });

  it('says what the configuration holds, and what is added to it', async (t) => {
    const desk = new Desk(t);
    const { paths } = desk.session('helper', talked(native), { ...plain, repo: null });
    const tell = { outcome: 'queued', promptId: 'p-2', state: 'queued', ahead: 0 } as const;
    const requests = await desk.host(t, paths, { tell });
    const env = { CONDUXT_CONFIG: desk.file('config.json', config) };
    const over = { cwd: desk.root, env };
    assert.equal((await desk.run(['tell', 'helper', '--formula', 'review'], over)).code, 0);
    assert.equal((await desk.run(['tell', 'helper', '--formula', 'review', 'Only', 'the', 'parser'], over)).code, 0);
    assert.deepEqual(
      requests.map((request) => (request.op === 'tell' ? request.text : '')),
      ['Review the diff.', 'Review the diff.\n\nOnly the parser'],
    );
  });

  it('lists those that are there for a name that is not', async (t) => {
    const desk = new Desk(t);
    desk.session('helper', talked(native), { ...plain, repo: null });
    const over = { cwd: desk.root, env: { CONDUXT_CONFIG: desk.file('config.json', config) } };
    const { code, err } = await desk.run(['tell', 'helper', '--formula', 'reviw'], over);
    assert.equal(code, 2);
    assert.match(err, /no formula "reviw"\. There are: review, tidy-up\.[^]*--formula review/);
  });
});
