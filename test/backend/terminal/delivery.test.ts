import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasTmux, until } from '../../tmux/scratch.ts';
import { Rig } from './rig.ts';

const PROMPT = 'Make the sum 4, and tell me how.';
const answers = { steps: [{ type: 'callback', via: 'file', status: 'completed' }] } as const;

describe('a prompt that is pasted into a terminal', { concurrency: 4 }, () => {
  it('and never shows is unknown, with no Enter and no second paste', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { losePastes: 1, prompts: [answers] });
    const session = await rig.open();
    const end = await session.prompt({ turnId: 't-1', text: PROMPT });
    assert.equal(end.verdict, 'unknown');
    assert.match(end.detail ?? '', /not known whether the agent has the prompt/);
    assert.deepEqual([rig.log('paste').length, rig.log('enter').length], [1, 0]);
    assert.ok(!rig.seen.order.includes('accepted t-1'));
  });

  it('waits for the dialog that came up, whose answer is no key of ours', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { dialogAfterPaste: { text: 'Do you trust it?', key: '1' }, prompts: [answers] });
    const session = await rig.open();
    let isAsked = false;
    rig.seen.onDialog = (_, signal) =>
      new Promise((resolve) => {
        isAsked = true;
        signal.addEventListener('abort', () => resolve(null));
      });
    const turn = session.prompt({ turnId: 't-1', text: PROMPT });
    await until(() => isAsked, 'somebody was asked');
    assert.deepEqual(rig.log('dialog-key'), []);
    const [pane] = await rig.server.panes();
    await rig.server.press(pane?.paneId ?? '', ['1']);
    assert.equal((await turn).verdict, 'done');
    assert.deepEqual([rig.log('paste').length, rig.log('enter').length, rig.log('dialog-key').length], [1, 1, 1]);
  });

  it('is known by whatever the agent draws in its place', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { pasteShownAs: '<1 attachment>', prompts: [answers] });
    const session = await rig.open();
    assert.equal((await session.prompt({ turnId: 't-1', text: PROMPT })).verdict, 'done');
    assert.equal(rig.log('prompt')[0]?.['text'], PROMPT);
  });

  for (const [what, draft] of [
    ['begins like it', 'Go on. But first'],
    ['is shown by a placeholder', 'a line\n'.repeat(8)],
  ] as const) {
    it(`is over when a person's draft is left in the box that ${what}, and the draft is not entered`, async (t) => {
      if (!(await hasTmux(t))) return;
      const wait = { type: 'wait-for-file', path: '{{dir}}/drafted' } as const;
      const rig = new Rig(t, { prompts: [{ steps: [wait, { type: 'say', text: 'That was it.' }] }] });
      const session = await rig.open();
      const turn = session.prompt({ turnId: 't-1', text: 'Go on.' });
      await rig.untilLogged('prompt');
      const [pane] = await rig.server.panes();
      await rig.server.paste(pane?.paneId ?? '', draft);
      await rig.untilLogged('paste', 2);
      rig.touch('drafted');
      assert.equal((await turn).verdict, 'done');
      assert.deepEqual([rig.log('enter').length, rig.log('prompt').length], [1, 1]);
    });
  }

  it('is entered again when it is back in the box after a question stood in between', async (t) => {
    if (!(await hasTmux(t))) return;
    const steps = [{ type: 'ask', command: 'touch x' }, { type: 'put-back' }] as const;
    const rig = new Rig(t, { prompts: [{ steps }, answers] });
    const session = await rig.open();
    assert.equal((await session.prompt({ turnId: 't-1', text: PROMPT })).verdict, 'done');
    assert.deepEqual([rig.log('enter').length, rig.log('paste').length], [2, 1]);
  });

  it('is not entered again when it is back in the box with no question in between', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, {
      prompts: [{ steps: [{ type: 'delay', ms: 1_500 }, { type: 'put-back' }] }, answers],
    });
    const session = await rig.open({ turnTimeoutMs: 7_000 });
    assert.equal((await session.prompt({ turnId: 't-1', text: PROMPT })).failure, 'turn-timeout');
    assert.equal(rig.log('enter').length, 1);
  });

  it('leaves whoever looks back where they are, until a key has to be pressed', async (t) => {
    if (!(await hasTmux(t))) return;
    const say = { type: 'say', text: 'The work is done, and here is how.' } as const;
    const rig = new Rig(t, { prompts: [{ steps: [{ type: 'flood', lines: 200 }, say, ...answers.steps] }, answers] });
    const session = await rig.open();
    const looking = async (): Promise<boolean> => (await rig.server.panes())[0]?.inMode === true;
    const [pane] = await rig.server.panes();
    assert.ok(pane);
    const turn = session.prompt({ turnId: 't-1', text: PROMPT });
    await rig.untilLogged('prompt');
    await rig.server.call([['copy-mode', '-t', pane.paneId]]);
    assert.ok(await looking());
    const end = await turn;
    assert.match(end.messages[0] ?? '', /here is how/, 'the screen is read all the same');
    assert.ok(await looking(), 'the end of a turn is no reason');
    assert.equal((await session.prompt({ turnId: 't-2', text: 'And now?' })).verdict, 'done');
    assert.equal(await looking(), false);
    assert.equal(rig.log('prompt').at(-1)?.['text'], 'And now?');
    assert.match((await rig.server.capture(pane.paneId, { history: true })) ?? '', /line 3 of a long output/);
  });

  it('comes after Escape when the agent works on something else', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { busyAfterMs: 1_500, prompts: [answers] });
    const session = await rig.open();
    await rig.untilLogged('own-work');
    await until(async () => /Working/.test((await rig.server.capture('%0')) ?? ''), 'it works');
    assert.equal((await session.prompt({ turnId: 't-1', text: PROMPT })).verdict, 'done');
    assert.deepEqual(
      rig.log('escape').map(({ busy }) => busy),
      [true],
    );
    assert.equal(rig.log('prompt')[0]?.['text'], PROMPT);
  });
});
