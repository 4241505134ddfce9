import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, realpath, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ENVIRONMENT_KEYS } from '../../src/config/environment-layer.ts';
import { notifyMessage, notifyVariables, type NotifyFacts } from '../../src/notify/message.ts';
import { notify, type NotifyOptions } from '../../src/notify/notify.ts';
import { SESSION_MARKER } from '../../src/process/marker.ts';

const FACTS: NotifyFacts = {
  session: 'issue-78',
  sessionId: 's-01h',
  task: 'Fix the rounding of totals',
  repo: 'shop',
  agent: 'claude',
  outcome: 'completed',
  reason: 'verified',
  prUrl: 'https://example.org/pull/1',
  summary: 'Rounded half up; $(touch pwned) `id`',
  decisionId: null,
  phaseAt: '2026-11-21T10:00:00.000Z',
};

/** A directory with `bin/` in front of PATH, removed after the test. */
async function scratch(t: TestContext): Promise<{ root: string; options: NotifyOptions }> {
  const root = await realpath(await mkdtemp(path.join(tmpdir(), 'conduxt-notify-')));
  t.after(() => rm(root, { recursive: true, force: true }));
  return {
    root,
    options: { env: { PATH: `${root}:/usr/bin:/bin`, OUT: path.join(root, 'out') }, cwd: root, platform: 'linux' },
  };
}

/** A program that writes its arguments, NUL-separated, and its CONDUXT_ variables. */
async function writeRecorder(root: string, name: string): Promise<string> {
  const file = path.join(root, name);
  await writeFile(
    file,
    `#!/bin/sh\nprintf '%s\\0' "$@" > "$OUT.${name}.args"\nenv | grep '^CONDUXT_' | sort > "$OUT.${name}.env"\n`,
  );
  await chmod(file, 0o755);
  return file;
}

const argumentsOf = async (root: string, name: string): Promise<string[]> =>
  (await readFile(path.join(root, `out.${name}.args`), 'utf8')).split('\0').slice(0, -1);

describe('notifyMessage', () => {
  it('names agent and task', () => {
    const { title, body } = notifyMessage(FACTS);
    assert.equal(title, 'claude completed shop/issue-78');
    assert.match(body, /Fix the rounding of totals — Rounded half up.* — https:\/\/example\.org\/pull\/1/);
  });

  it('gives the reason of a failure, and asks for what it needs', () => {
    const failed = notifyMessage({ ...FACTS, outcome: 'failed', reason: 'tests are red', prUrl: null });
    assert.equal(failed.title, 'claude failed at shop/issue-78');
    assert.match(failed.body, /tests are red/);
    const asking = notifyMessage({ ...FACTS, outcome: 'needs-person', reason: 'Which currency?', prUrl: null });
    assert.equal(asking.title, 'claude needs you for shop/issue-78');
    assert.match(asking.body, /Which currency\? — conduxt status issue-78/);
  });

  it('is two safe lines, whatever the agent said', () => {
    const { title, body } = notifyMessage({ ...FACTS, task: '\x1b]0;x\x07\nsecond', summary: 'x'.repeat(10_000) });
    assert.doesNotMatch(title + body, /[\x1b\n\x07]/);
    assert.ok(body.length <= 500);
  });

  it('uses no variable that would change what conduxt does in the notifier', () => {
    const names = Object.keys(notifyVariables(FACTS));
    for (const name of names) assert.ok(!(name in ENVIRONMENT_KEYS) && name !== SESSION_MARKER, name);
  });
});

describe('notify', () => {
  it('runs a command without a shell, with the facts in its environment', async (t) => {
    const { root, options } = await scratch(t);
    await writeRecorder(root, 'tell');
    const argv = ['tell', 'a b', '$(touch pwned)', '; touch pwned'];
    assert.deepEqual(await notify([{ type: 'command', argv }], FACTS, options), [
      { target: 'the notify command tell', ok: true },
    ]);
    assert.deepEqual(await argumentsOf(root, 'tell'), argv.slice(1));
    const env = await readFile(path.join(root, 'out.tell.env'), 'utf8');
    assert.match(env, /^CONDUXT_TASK=Fix the rounding of totals$/m);
    assert.match(env, /^CONDUXT_TASK_NAME=issue-78$/m);
    assert.match(env, /^CONDUXT_TASK_AGENT=claude$/m);
    assert.match(env, /^CONDUXT_OUTCOME=completed$/m);
    assert.match(env, /^CONDUXT_PR_URL=https:\/\/example\.org\/pull\/1$/m);
    assert.match(env, /^CONDUXT_SUMMARY=Rounded half up; \$\(touch pwned\) `id`$/m);
    await assert.rejects(stat(path.join(root, 'pwned')));
  });

  it('touches the marker first, whatever fails later', async (t) => {
    const { root, options } = await scratch(t);
    const marker = path.join(root, 'deep/er/done');
    // The command succeeds only if the marker is there when it runs.
    const results = await notify(
      [
        { type: 'command', argv: ['/bin/sh', '-c', `test -e "${marker}"`] },
        { type: 'command', argv: ['/bin/sh', '-c', 'echo no luck >&2; exit 3'] },
        { type: 'command', argv: ['no-such-program'] },
        { type: 'marker', path: marker },
      ],
      FACTS,
      options,
    );
    assert.deepEqual(results, [
      { target: 'the notify command /bin/sh', ok: true },
      {
        target: 'the notify command /bin/sh',
        ok: false,
        problem: 'the notify command /bin/sh: it ended with code 3: no luck.',
      },
      {
        target: 'the notify command no-such-program',
        ok: false,
        problem: 'the notify command no-such-program: there is no such program.',
      },
      { target: `the marker file ${marker}`, ok: true },
    ]);
    assert.equal((await stat(marker)).mode & 0o777, 0o600);
  });

  it('sets the time of a marker that is already there, and keeps its content', async (t) => {
    const { root, options } = await scratch(t);
    const marker = path.join(root, 'done');
    await writeFile(marker, 'mine');
    await utimes(marker, 1000, 1000);
    await notify([{ type: 'marker', path: marker }], FACTS, options);
    assert.ok((await stat(marker)).mtimeMs > 1_000_000);
    assert.equal(await readFile(marker, 'utf8'), 'mine');
  });

  it('reports a marker that cannot be written, and goes on', async (t) => {
    const { root, options } = await scratch(t);
    await writeFile(path.join(root, 'file'), '');
    await writeRecorder(root, 'tell');
    const results = await notify(
      [
        { type: 'marker', path: path.join(root, 'file/done') },
        { type: 'command', argv: ['tell'] },
      ],
      FACTS,
      options,
    );
    assert.deepEqual(
      results.map(({ ok }) => ok),
      [false, true],
    );
  });

  it('ends a command that takes too long', async (t) => {
    const { options } = await scratch(t);
    const [result] = await notify([{ type: 'command', argv: ['sleep', '600'] }], FACTS, { ...options, timeoutMs: 100 });
    assert.ok(result?.ok === false && /did not end within 0\.1 s/.test(result.problem));
  });

  it('wakes OpenClaw at once', async (t) => {
    const { root, options } = await scratch(t);
    await writeRecorder(root, 'openclaw');
    await notify([{ type: 'openclaw' }], FACTS, options);
    const args = await argumentsOf(root, 'openclaw');
    assert.deepEqual([...args.slice(0, 3), ...args.slice(4)], ['system', 'event', '--text', '--mode', 'now']);
    assert.match(args[3] ?? '', /^conduxt: claude completed shop\/issue-78: Fix the rounding/);
  });

  it('shows a desktop notification, on Linux and macOS, with the texts as mere arguments', async (t) => {
    const { root, options } = await scratch(t);
    await writeRecorder(root, 'notify-send');
    await writeRecorder(root, 'osascript');
    const facts = { ...FACTS, summary: '<b>"bold" & more</b>' };
    await notify([{ type: 'desktop' }], facts, options);
    const linux = await argumentsOf(root, 'notify-send');
    assert.deepEqual(linux.slice(0, 3), ['--app-name=conduxt', '--', 'claude completed shop/issue-78']);
    assert.match(linux[3] ?? '', /&lt;b&gt;"bold" &amp; more&lt;\/b&gt;/);
    await notify([{ type: 'desktop' }], facts, { ...options, platform: 'darwin' });
    const mac = await argumentsOf(root, 'osascript');
    assert.ok(!mac.slice(0, 6).join('').includes('bold'));
    assert.match(mac[7] ?? '', /<b>"bold" & more<\/b>/);
  });

  it('lets no secret of the environment out', async (t) => {
    const { root, options } = await scratch(t);
    await writeRecorder(root, 'openclaw');
    const env = { ...options.env, MODEL_API_KEY: 'hunter2-hunter2' };
    await notify([{ type: 'openclaw' }], { ...FACTS, summary: 'the key is hunter2-hunter2' }, { ...options, env });
    assert.match((await argumentsOf(root, 'openclaw'))[3] ?? '', /the key is \[redacted:MODEL_API_KEY\]/);
  });

  it('takes no program from a relative PATH entry', async (t) => {
    const { root, options } = await scratch(t);
    await writeRecorder(root, 'openclaw');
    const [result] = await notify([{ type: 'openclaw' }], FACTS, {
      ...options,
      env: { ...options.env, PATH: '.:/usr/bin:/bin' },
    });
    assert.equal(result?.ok, false);
  });
});
