import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DialogRequest } from '../../../src/backend/backend.ts';
import { hasTmux, until } from '../../tmux/scratch.ts';
import { Rig } from './rig.ts';

const PROMPT = 'Make the sum 4, and tell me how.';
const done = { type: 'callback', via: 'file', status: 'completed' } as const;
const list = {
  type: 'choose',
  question: 'Enter to confirm: which account?',
  options: ['Work', 'Home', 'None'],
} as const;

describe('what an agent asks in the middle of a turn', { concurrency: 4 }, () => {
  it('is a permission that is allowed by the choice that allows it once', async (t) => {
    if (!(await hasTmux(t))) return;
    const ask = { type: 'ask', command: 'touch x', onYes: [{ type: 'say', text: 'touched' }] } as const;
    const rig = new Rig(t, { prompts: [{ steps: [ask, done] }] });
    const session = await rig.open();
    assert.equal((await session.prompt({ turnId: 't-1', text: PROMPT })).verdict, 'done');
    assert.deepEqual(
      rig.log('answer').map(({ yes }) => yes),
      [true],
    );
    assert.equal(rig.seen.permissions.length, 1);
  });

  it('is a permission for all lines of its command', async (t) => {
    if (!(await hasTmux(t))) return;
    const command = 'echo hello\nrm -rf ~';
    const rig = new Rig(t, { prompts: [{ steps: [{ type: 'ask', command }, done] }] });
    const session = await rig.open();
    await session.prompt({ turnId: 't-1', text: PROMPT });
    assert.equal(rig.seen.permissions.length, 1);
    assert.partialDeepStrictEqual(rig.seen.permissions[0], { request: { kind: 'execute', command } });
  });

  it('is asked once, and then a person, when the key for its answer does nothing', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { prompts: [{ steps: [{ type: 'ask', command: 'touch x', deaf: true }, done] }] });
    const asked: DialogRequest[] = [];
    rig.seen.onDialog = async (request) => {
      asked.push(request);
      return { type: 'end' };
    };
    const session = await rig.open();
    const end = await session.prompt({ turnId: 't-1', text: PROMPT });
    assert.equal(end.verdict, 'failed');
    assert.match(end.detail ?? '', /nobody answered what it asked/);
    assert.equal(rig.seen.permissions.length, 1);
    assert.deepEqual(
      asked.map(({ choices }) => choices.map(({ name }) => name)),
      [['1', '2', 'escape']],
    );
  });

  it('is no question for a person while its key takes its time', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { prompts: [{ steps: [{ type: 'ask', command: 'touch x', lateMs: 1_000 }, done] }] });
    const asked: DialogRequest[] = [];
    rig.seen.onDialog = async (request) => {
      asked.push(request);
      return null;
    };
    const session = await rig.open();
    assert.equal((await session.prompt({ turnId: 't-1', text: PROMPT })).verdict, 'done');
    assert.deepEqual([rig.log('answer').length, asked.length], [1, 0]);
  });

  it('is a question of its own that a person answers by a name, and the pointer is seen there before Enter', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { prompts: [{ steps: [list, done] }] });
    const asked: DialogRequest[] = [];
    rig.seen.onDialog = async (request) => {
      asked.push(request);
      return { type: 'choice', name: 'none' };
    };
    const session = await rig.open();
    assert.equal((await session.prompt({ turnId: 't-1', text: PROMPT })).verdict, 'done');
    assert.deepEqual(
      rig.log('choice').map(({ option }) => option),
      ['None'],
    );
    assert.equal(asked.length, 1);
    assert.match(asked[0]?.screen ?? '', /which account/);
    assert.deepEqual(
      asked[0]?.choices.map(({ name }) => name),
      ['work', 'home', 'none'],
    );
  });

  it('is withdrawn when a person answered it in the terminal, and no key of ours was pressed', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { prompts: [{ steps: [list, done] }] });
    let isAsked = false;
    let isWithdrawn = false;
    rig.seen.onDialog = (_, signal) =>
      new Promise((resolve) => {
        isAsked = true;
        signal.addEventListener('abort', () => {
          isWithdrawn = true;
          resolve(null);
        });
      });
    const session = await rig.open();
    const turn = session.prompt({ turnId: 't-1', text: PROMPT });
    await until(() => isAsked, 'somebody was asked');
    assert.deepEqual(rig.log('list-key'), []);
    const [pane] = await rig.server.panes();
    await rig.server.press(pane?.paneId ?? '', ['Enter']);
    assert.equal((await turn).verdict, 'done');
    assert.ok(isWithdrawn);
    assert.deepEqual(rig.log('list-key').length, 1);
  });
});
