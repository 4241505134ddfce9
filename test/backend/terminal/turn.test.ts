import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { extractCallback } from '../../../src/callback/extract.ts';
import { hasTmux } from '../../tmux/scratch.ts';
import { Rig } from './rig.ts';

const PROMPT = 'Make the sum 4. The callback: {"task_id": "issue-78", "nonce": "n0nce-abcdef"}';
const expected = { nonce: 'n0nce-abcdef', taskId: 'issue-78' };

describe('a turn in a terminal', { concurrency: 3 }, () => {
  it('goes from a prompt to the callback file', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { prompts: [{ steps: [{ type: 'callback', via: 'file', status: 'completed' }] }] });
    const session = await rig.open();
    const end = await session.prompt({ turnId: 't-1', text: PROMPT });
    assert.partialDeepStrictEqual(end, { verdict: 'done', stopReason: 'end_turn' });
    assert.equal(extractCallback(end.messages, expected).type, 'valid');
    assert.equal(rig.log('prompt').length, 1);
    assert.equal(rig.log('prompt')[0]?.['text'], PROMPT);
    assert.ok(rig.seen.order.includes('accepted t-1'));
    assert.equal((await session.close()).left.length, 0);
    assert.deepEqual(await rig.server.panes(), []);
  });

  for (const style of ['plain', 'box', 'alternate'] as const) {
    it(`finds the callback on a screen that is drawn ${style}, when there is no other sign`, async (t) => {
      if (!(await hasTmux(t))) return;
      const say = { type: 'say', text: 'I made the sum four, as you asked. '.repeat(12) } as const;
      const callback = { type: 'callback', via: 'screen', status: 'completed' } as const;
      const rig = new Rig(t, { style, prompts: [{ steps: [say, callback] }] });
      const session = await rig.open();
      const end = await session.prompt({ turnId: 't-1', text: PROMPT });
      assert.equal(end.verdict, 'done');
      assert.equal(extractCallback(end.messages, expected).type, 'valid');
      assert.match(end.messages.join('\n'), /I made the sum four/);
    });
  }

  it('takes a long prompt from a file, byte for byte, and types one line', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, { prompts: [{ steps: [{ type: 'callback', via: 'file', status: 'completed' }] }] });
    const session = await rig.open();
    const text = `${PROMPT}\n${'“quotes” $HOME `x` #{y} 日本語 🙂\n'.repeat(200)}the end`;
    await session.prompt({ turnId: 't-1', text });
    const [seen] = rig.log('prompt');
    assert.equal(seen?.['text'], text);
    assert.match(String(seen['typed']), /^Read the file "[^"]+prompt-t-1\.md" now, [^\n]+$/);
  });

  it('presses Enter again when it was ignored, and never types the text twice', async (t) => {
    if (!(await hasTmux(t))) return;
    const steps = [{ type: 'callback', via: 'file', status: 'completed' }] as const;
    const rig = new Rig(t, { ignoreEnter: 1, prompts: [{ steps }] });
    const session = await rig.open();
    assert.equal((await session.prompt({ turnId: 't-1', text: PROMPT })).verdict, 'done');
    assert.equal(rig.log('enter').length, 2);
    assert.equal(rig.log('paste').length, 1);
    assert.equal(rig.log('prompt').length, 1);
  });

  it('empties the box of what somebody left in it', async (t) => {
    if (!(await hasTmux(t))) return;
    const steps = [{ type: 'callback', via: 'file', status: 'completed' }] as const;
    const rig = new Rig(t, { leftover: 'rm -rf half a thought', prompts: [{ steps }] });
    const session = await rig.open();
    await session.prompt({ turnId: 't-1', text: PROMPT });
    assert.equal(rig.log('prompt')[0]?.['text'], PROMPT);
  });

  it('is not over while the agent works, and over without a callback when it waits again', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new Rig(t, {
      prompts: [
        {
          steps: [
            { type: 'delay', ms: 2_500 },
            { type: 'say', text: 'All done, I think.' },
          ],
        },
      ],
    });
    const session = await rig.open();
    const before = performance.now();
    const end = await session.prompt({ turnId: 't-1', text: 'Do something.' });
    assert.ok(performance.now() - before > 2_500);
    assert.equal(end.verdict, 'done');
    assert.match(end.messages[0] ?? '', /All done, I think\./);
    assert.doesNotMatch(end.messages[0] ?? '', /shortcuts|❯/);
    assert.equal(extractCallback(end.messages, expected).type, 'missing');
  });

  it('is told by the hooks of the agent, word for word', async (t) => {
    if (!(await hasTmux(t))) return;
    const block =
      '```callback-json\n{"task_id":"issue-78","nonce":"n0nce-abcdef","status":"completed","summary":"by hook"}\n```';
    const hook = (event: Record<string, unknown>) => ({ type: 'hook', event }) as const;
    const tool = { tool_use_id: 'u1', tool_name: 'Bash', tool_input: { command: 'npm test' } };
    const rig = new Rig(t, {
      prompts: [
        {
          steps: [
            hook({ hook_event_name: 'UserPromptSubmit', prompt: 'x' }),
            hook({ hook_event_name: 'PreToolUse', ...tool }),
            hook({ hook_event_name: 'PostToolUse', ...tool }),
            hook({ hook_event_name: 'Stop', session_id: 'abc', last_assistant_message: `Done.\n${block}` }),
          ],
        },
      ],
    });
    const session = await rig.open();
    const end = await session.prompt({ turnId: 't-1', text: 'Do it.' });
    assert.equal(end.messages[0], `Done.\n${block}`);
    assert.equal(end.toolCalls, 1);
    const views = rig.seen.updates.map(({ view }) => view);
    assert.partialDeepStrictEqual(views, [
      { type: 'tool', toolCallId: 'u1', title: 'Bash: npm test', status: 'in_progress' },
      { type: 'tool', toolCallId: 'u1', status: 'completed' },
      { type: 'message' },
    ]);
  });

  it('is not ended, nor taken for begun, by what hooks tell late of the turn before', async (t) => {
    if (!(await hasTmux(t))) return;
    const hook = (event: Record<string, unknown>) => ({ type: 'hook', event }) as const;
    const tool = { tool_use_id: 'u0', tool_name: 'Bash', tool_input: { command: 'npm test' } };
    const stop = (said: string) => hook({ hook_event_name: 'Stop', session_id: 'a', last_assistant_message: said });
    const prompted = hook({ hook_event_name: 'UserPromptSubmit', prompt: 'x' });
    const rig = new Rig(
      t,
      {
        // An Enter that was believed to be taken by a late sign would be missing.
        ignoreEnter: 1,
        prompts: [{ steps: [stop('old'), prompted, { type: 'delay', ms: 1_500 }, stop('new')] }],
        onPaste: [hook({ hook_event_name: 'PostToolUse', ...tool }), stop('older')],
      },
      { hooks: 'claude-settings' },
    );
    const session = await rig.open();
    const end = await session.prompt({ turnId: 't-1', text: 'Do it.' });
    assert.equal(end.messages[0], 'new');
    assert.equal(end.toolCalls, 0);
    assert.equal(rig.log('enter').length, 2);
  });

  it('fails as the agent says when its own hook reports a failure', async (t) => {
    if (!(await hasTmux(t))) return;
    const event = { hook_event_name: 'StopFailure', last_assistant_message: 'API Error: 400 bad request' };
    const rig = new Rig(t, { prompts: [{ steps: [{ type: 'hook', event }] }] });
    const session = await rig.open();
    const end = await session.prompt({ turnId: 't-1', text: 'Do it.' });
    assert.partialDeepStrictEqual(end, { verdict: 'failed', failure: 'agent-error' });
    assert.match(end.detail ?? '', /^API Error: 400 bad request/);
  });

  it('answers a permission by one key, after the listener decided', async (t) => {
    if (!(await hasTmux(t))) return;
    const ask = { type: 'ask', command: 'touch x', onYes: [{ type: 'say', text: 'touched' }] } as const;
    const rig = new Rig(t, { prompts: [{ steps: [ask, { type: 'callback', via: 'file', status: 'completed' }] }] });
    rig.seen.onPermission = async () => ({ type: 'reject' });
    const session = await rig.open();
    await session.prompt({ turnId: 't-1', text: PROMPT });
    assert.deepEqual(
      rig.log('answer').map(({ yes }) => yes),
      [false],
    );
    assert.equal(rig.seen.permissions.length, 1);
  });
});
