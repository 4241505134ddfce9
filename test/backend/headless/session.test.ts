import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ConduxtError } from '../../../src/errors.ts';
import { markedPids } from '../../../src/process/marker.ts';
import { until } from '../../tmux/scratch.ts';
import { Rig } from './rig.ts';
import type { Step } from './scripted-agent.ts';

const done: Step = { type: 'say', text: 'Done.' };
const NASTY = `--help\n'"\`touch {{never}}\` $(touch never); rm -rf x \\ é 漢 \u0000-\r\n`;
const code = (expected: string) => (error: unknown) => error instanceof ConduxtError && error.code === expected;

describe('a headless agent', { concurrency: 2 }, () => {
  it('gets its prompt byte for byte on stdin, and none of it as an argument', async (t) => {
    const rig = new Rig(t, [[done]]);
    const text = NASTY + 'x'.repeat(1024 * 1024);
    const session = await rig.open();
    const end = await session.prompt({ turnId: 't-1', text });
    assert.deepEqual([end.verdict, end.messages], ['done', ['Done.']]);
    assert.equal(rig.log('prompt')[0]?.['text'], text);
    assert.deepEqual(rig.log('start')[0]?.['args'], [
      ...['exec', '--json', '--skip-git-repo-check', '--sandbox', 'danger-full-access', '-'],
    ]);
    assert.equal(rig.log('start')[0]?.['cwd'], rig.dir);
  });

  it('tells what it does as it comes, and is over when its process is', async (t) => {
    const rig = new Rig(t, [[{ type: 'say', text: 'I look.' }, { type: 'shell', command: 'true' }, done]]);
    const session = await rig.open();
    assert.deepEqual([session.nativeId, session.continuity, session.agentVersion], [null, 'new', '1.0.0']);
    const end = await session.prompt({ turnId: 't-1', text: 'go' });
    assert.partialDeepStrictEqual(end, {
      verdict: 'done',
      stopReason: 'end_turn',
      messages: ['Done.', 'I look.'],
      toolCalls: 1,
      usage: { inputTokens: 100, outputTokens: 20 },
    });
    assert.deepEqual(rig.seen.order, [
      ...['accepted t-1', 't-1 {agent_event}', 't-1 I look.', 't-1 [item_2 in_progress]', 't-1 [item_2 completed]'],
      't-1 Done.',
    ]);
    assert.equal(session.isGone, true);
    assert.deepEqual(await session.exited, { exitCode: 0, signal: null, left: [], stderrTail: '' });
    await assert.rejects(session.prompt({ turnId: 't-2', text: 'more' }), /one prompt only/);
  });

  it('goes on with exactly the conversation that its events named', async (t) => {
    const rig = new Rig(t, [[done]]);
    const first = await rig.open();
    await first.prompt({ turnId: 't-1', text: 'one' });
    const other = await rig.open();
    await other.prompt({ turnId: 't-2', text: 'another conversation, and the newest' });
    const second = await rig.open({ resume: first.nativeId });
    assert.deepEqual([second.continuity, second.nativeId], ['resumed', first.nativeId]);
    const end = await second.prompt({ turnId: 't-3', text: 'two' });
    assert.equal(end.verdict, 'done');
    assert.deepEqual(rig.names, [first.nativeId, other.nativeId]);
    const args = rig.log('start').at(-1)?.['args'];
    assert.deepEqual((args as string[]).slice(-3), ['resume', first.nativeId, '-']);
    // It counts them over the whole conversation.
    assert.equal(end.usage, undefined);
  });

  it('that does not have the conversation any more has done nothing, and says so', async (t) => {
    const rig = new Rig(t, [[done]]);
    const session = await rig.open({ resume: '01a1fbf7-d2b0-7ba0-86a0-ee9677321df2' });
    const end = await session.prompt({ turnId: 't-1', text: 'two' });
    assert.deepEqual([end.verdict, end.failure], ['failed', 'conversation-lost']);
    assert.match(end.detail ?? '', /no rollout found for thread id 01a1fbf7/);
    assert.deepEqual(rig.seen.updates, []);
  });

  it('without a way to go on refuses to pass a new conversation off as the old one', async (t) => {
    const rig = new Rig(t, [[done]], { resumeArgs: null });
    await assert.rejects(rig.open({ resume: 'x' }), code('agent-session-lost'));
    const option = new Rig(t, [[done]]);
    await assert.rejects(option.open({ resume: '--last' }), code('agent-session-lost'));
    assert.deepEqual([...rig.log('start'), ...option.log('start')], []);
  });

  it('is not started under a mode that nothing holds it to', async (t) => {
    const rig = new Rig(t, [[done]]);
    for (const mode of ['ask', 'deny-all'] as const) {
      rig.permissions = mode;
      await assert.rejects(rig.open(), code('mode-not-headless'));
    }
    assert.deepEqual(rig.log('start'), []);
  });

  it('has its run directory in its environment, and may answer through its files', async (t) => {
    const rig = new Rig(t, [
      [
        {
          type: 'shell',
          command: `printf '{"status":"completed"}' > "$CONDUXT_CALLBACK"; printf done > "$CONDUXT_PHASE"`,
        },
        done,
      ],
    ]);
    const end = await (await rig.open()).prompt({ turnId: 't-1', text: 'go' });
    assert.equal(end.messages[0], 'Done.\n\n```callback-json\n{"status":"completed"}\n```');
    assert.equal(end.phase, 'done');
    const [start] = rig.log('start');
    const directory = path.dirname(String(start?.['callback']));
    assert.match(path.basename(directory), /^headless-\w+-[0-9a-f]{12}$/);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.equal(String(start?.['args']).includes(directory), false);
  });

  const ENDS: readonly (readonly [
    what: string,
    steps: readonly Step[],
    verdict: string,
    failure: string,
    words: RegExp,
  ])[] = [
    [
      'its exit code is not masked by its last word',
      [done, { type: 'event', event: { type: 'turn.completed' } }, { type: 'exit', code: 3 }],
      'failed',
      'agent-error',
      /exited with code 3 although/,
    ],
    [
      'an exit without a word about its end is unknown, never done',
      [done, { type: 'exit', code: 0 }],
      'unknown',
      'agent-exited',
      /code 0 without a word/,
    ],
    [
      'a death in the middle is unknown',
      [done, { type: 'exit', signal: 'SIGKILL' }],
      'unknown',
      'agent-exited',
      /SIGKILL/,
    ],
    [
      'so is a crash, with its last words',
      [done, { type: 'stderr', text: 'panic: no memory' }, { type: 'exit', code: 134 }],
      'unknown',
      'agent-exited',
      /134.*panic/,
    ],
    [
      'arguments that it does not know are an error',
      [
        { type: 'stderr', text: 'unknown option --json' },
        { type: 'exit', code: 2 },
      ],
      'failed',
      'agent-error',
      /unknown option/,
    ],
    [
      'a missing login has its name',
      [
        { type: 'event', event: { type: 'turn.failed', error: { message: 'unexpected status 401 Unauthorized' } } },
        { type: 'exit', code: 1 },
      ],
      'failed',
      'auth-required',
      /^unexpected status 401/,
    ],
    [
      'so has a used-up quota',
      [
        { type: 'event', event: { type: 'error', message: "You've hit your usage limit." } },
        { type: 'exit', code: 1 },
      ],
      'failed',
      'quota',
      /usage limit/,
    ],
    ['a turn without a word or a tool is empty', [], 'failed', 'empty-turn', /^$/],
  ];
  for (const [what, steps, verdict, failure, words] of ENDS) {
    it(`ends as it was: ${what}`, async (t) => {
      const rig = new Rig(t, [steps]);
      const end = await (await rig.open()).prompt({ turnId: 't-1', text: 'go' });
      assert.deepEqual([end.verdict, end.failure], [verdict, failure]);
      assert.match(end.detail ?? '', words);
    });
  }

  for (const [how, first] of [
    ['', []],
    [', also when it ignores being asked', [{ type: 'ignore-term' }]],
  ] as const) {
    it(`is ended when it is cancelled, with what it started${how}`, async (t) => {
      const rig = new Rig(t, [[...first, { type: 'leave-behind' }, done, { type: 'hang' }]]);
      const session = await rig.open();
      const turn = session.prompt({ turnId: 't-1', text: 'go' });
      await until(() => rig.seen.order.includes('t-1 Done.'), 'it works');
      await session.cancel();
      assert.equal((await turn).verdict, 'cancelled');
      assert.equal(rig.log('term').length > 0, first.length > 0);
      assert.deepEqual(markedPids(rig.spec.sessionId), []);
      assert.deepEqual((await session.exited).left, []);
    });
  }

  it('that takes too long is ended', async (t) => {
    const rig = new Rig(t, [[done, { type: 'hang' }]]);
    const session = await rig.open({ turnTimeoutMs: 700 });
    const end = await session.prompt({ turnId: 't-1', text: 'go' });
    assert.deepEqual([end.verdict, end.failure], ['failed', 'turn-timeout']);
  });

  it('that does not leave after its last word is ended, and has done its work', async (t) => {
    const rig = new Rig(t, [[done, { type: 'event', event: { type: 'turn.completed' } }, { type: 'hang' }]]);
    const session = await rig.open();
    assert.equal((await session.prompt({ turnId: 't-1', text: 'go' })).verdict, 'done');
    assert.deepEqual(markedPids(rig.spec.sessionId), []);
  });

  it('does not keep the turn open with what it leaves behind, and that is ended', async (t) => {
    const rig = new Rig(t, [[{ type: 'leave-behind' }, done]]);
    const session = await rig.open();
    assert.equal((await session.prompt({ turnId: 't-1', text: 'go' })).verdict, 'done');
    assert.deepEqual(markedPids(rig.spec.sessionId), []);
  });

  it('may print what is no event: it is told, and the rest is read all the same', async (t) => {
    const rig = new Rig(t, [
      [{ type: 'line', text: 'WARN a log line' }, { type: 'line', text: `"${'x'.repeat(9 * 1024 * 1024)}"` }, done],
    ]);
    const end = await (await rig.open()).prompt({ turnId: 't-1', text: 'go' });
    assert.deepEqual([end.verdict, end.messages], ['done', ['Done.']]);
    assert.deepEqual(
      rig.seen.noticesOf('noise').map(({ sample }) => sample),
      ['WARN a log line'],
    );
    assert.deepEqual(
      rig.seen.noticesOf('line-dropped').map(({ why }) => why),
      ['too-long'],
    );
  });

  it('waits for its prompt, and has done nothing when none comes', async (t) => {
    const rig = new Rig(t, [[done]]);
    const session = await rig.open();
    await rig.untilLogged('start');
    assert.equal(session.isGone, false);
    assert.deepEqual((await session.close()).left, []);
    assert.equal(session.isGone, true);
    assert.deepEqual(rig.log('prompt'), []);
    assert.deepEqual(markedPids(rig.spec.sessionId), []);
  });

  it('that is gone before its prompt has not had it', async (t) => {
    const rig = new Rig(t, [[done]]);
    const session = await rig.open();
    process.kill(session.process.pid, 'SIGKILL');
    await session.exited;
    const end = await session.prompt({ turnId: 't-1', text: 'go' });
    assert.deepEqual([end.verdict, end.failure], ['failed', 'agent-exited']);
  });

  it('that cannot be started says what was tried', async (t) => {
    const rig = new Rig(t, []);
    await assert.rejects(rig.open({ command: rig.file('nowhere') }), code('agent-not-started'));
    writeFileSync(rig.file('a-file'), '');
    await assert.rejects(rig.open({ cwd: rig.file('a-file') }), code('agent-not-started'));
  });
});

describe('a program that the configuration names for headless runs', () => {
  it('takes a prompt on stdin, and what it prints is its answer, with its empty lines', async (t) => {
    const rig = new Rig(
      t,
      [
        [
          { type: 'say', text: 'One.\n\n' },
          { type: 'say', text: 'Two.\n' },
        ],
      ],
      { plain: true },
    );
    const end = await (await rig.open()).prompt({ turnId: 't-1', text: 'go' });
    assert.deepEqual([end.verdict, end.messages], ['done', ['One.\n\nTwo.\n']]);
    assert.deepEqual(rig.log('start')[0]?.['args'], []);
  });

  it('may print nothing when it answers through its files, and has done nothing when it does neither', async (t) => {
    const quiet = { type: 'shell', command: `printf '{"status":"completed"}' > "$CONDUXT_CALLBACK"` } as const;
    const rig = new Rig(t, [[quiet], []], { plain: true });
    const end = await (await rig.open()).prompt({ turnId: 't-1', text: 'go' });
    assert.deepEqual([end.verdict, end.failure], ['done', undefined]);
    assert.match(end.messages[0] ?? '', /^```callback-json\n\{"status":"completed"\}\n```$/);
    const idle = await (await rig.open()).prompt({ turnId: 't-2', text: 'go' });
    assert.deepEqual([idle.verdict, idle.failure], ['failed', 'empty-turn']);
  });

  it('has failed when its exit code says so', async (t) => {
    const rig = new Rig(
      t,
      [
        [
          { type: 'stderr', text: 'no key' },
          { type: 'exit', code: 4 },
        ],
      ],
      { plain: true },
    );
    const end = await (await rig.open()).prompt({ turnId: 't-1', text: 'go' });
    assert.deepEqual([end.verdict, end.failure], ['failed', 'agent-error']);
    assert.match(end.detail ?? '', /code 4; its last words: no key/);
  });
});
