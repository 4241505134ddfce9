import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { terminalFor } from '../../../src/agents/terminal/profiles.ts';
import { agentArguments } from '../../../src/backend/terminal/agent-arguments.ts';
import { hookHash } from '../../../src/backend/terminal/codex-hooks.ts';
import { takeSettings, withHooks } from '../../../src/backend/terminal/claude-settings.ts';
import { ConduxtError } from '../../../src/errors.ts';
import { makeRunDirectory, type RunDirectory } from '../../../src/tmux/run-directory.ts';

const users = {
  model: 'opus',
  hooks: {
    Stop: [{ hooks: [{ type: 'command', command: 'say done' }] }],
    Notification: [{ matcher: 'x', hooks: [] }],
    PreToolUse: 'not as documented',
  },
};

describe('the settings of Claude Code', () => {
  it('keep everything that was in them, and get our hook once for each event', () => {
    const merged = withHooks(users, 'ours');
    assert.equal(merged['model'], 'opus');
    const hooks = merged['hooks'] as Record<string, unknown[]>;
    assert.deepEqual(hooks['Stop'], [
      ...users.hooks.Stop,
      { hooks: [{ type: 'command', command: 'ours', timeout: 20 }] },
    ]);
    assert.deepEqual(hooks['Notification'], users.hooks.Notification);
    const wanted = [
      'SessionStart',
      'UserPromptSubmit',
      'PreToolUse',
      'PostToolUse',
      'Stop',
      'StopFailure',
      'SessionEnd',
    ];
    for (const event of wanted) assert.equal(JSON.stringify(hooks[event]).split('"ours"').length, 2, event);
  });

  it('are the same when they are merged again, whatever they were', () => {
    const entries = fc.oneof(fc.constant([]), fc.constant([{ hooks: [] }]), fc.jsonValue());
    const settings = fc.record({ hooks: fc.dictionary(fc.constantFrom('Stop', 'SessionEnd', 'Other'), entries) });
    fc.assert(
      fc.property(settings, (given) => {
        const once = withHooks(given, 'ours');
        assert.deepEqual(withHooks(once, 'ours'), once);
      }),
    );
  });

  it('are found in either way to give them', () => {
    assert.deepEqual(takeSettings(['--model', 'x', '--settings', 'a.json', '-v']), {
      args: ['--model', 'x', '-v'],
      given: 'a.json',
    });
    assert.deepEqual(takeSettings(['--settings={"a":1}', '--settings=b']), { args: [], given: 'b' });
    assert.deepEqual(takeSettings(['--settings']), { args: ['--settings'], given: null });
  });
});

describe('the arguments of an agent in a terminal', () => {
  function make(t: TestContext): { dir: string; run: RunDirectory } {
    const dir = mkdtempSync(path.join(tmpdir(), 'conduxt-arguments-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    return { dir, run: makeRunDirectory(dir) };
  }
  const rest = { permissions: 'approve-all', conversation: null, version: null } as const;

  it('hold one settings file, made of the user’s, which is only read', (t) => {
    const { dir, run } = make(t);
    const file = path.join(dir, 'mine.json');
    writeFileSync(file, JSON.stringify(users));
    const profile = terminalFor('claude');
    const own = ['--settings', 'mine.json', '--model', 'opus'];
    const args = agentArguments({ profile, own, cwd: dir, run, ...rest });
    assert.deepEqual(args.slice(0, 2), ['--model', 'opus']);
    assert.equal(args.filter((word) => word === '--settings').length, 1);
    const settings = args.at(-1) ?? '';
    assert.equal(path.dirname(settings), run.dir);
    assert.match(readFileSync(settings, 'utf8'), /"say done"[\s\S]*hook-program/);
    assert.equal(statSync(settings).mode & 0o777, 0o600);
    assert.equal(readFileSync(file, 'utf8'), JSON.stringify(users));
  });

  it('are refused with a remedy when the user’s settings cannot be read', (t) => {
    const { dir, run } = make(t);
    const profile = terminalFor('claude');
    for (const own of [['--settings', 'missing.json'], ['--settings={"hooks"'], ['--settings={}x']]) {
      assert.throws(
        () => agentArguments({ profile, own, cwd: dir, run, ...rest }),
        (error: unknown) => error instanceof ConduxtError && error.code === 'agent-settings' && error.exitCode === 2,
      );
    }
  });

  it('resume codex by its exact id, before everything else of ours', (t) => {
    const { dir, run } = make(t);
    const profile = terminalFor('codex');
    const conversation = { type: 'resume', id: 'abc' } as const;
    const args = agentArguments({ profile, own: [], cwd: dir, run, permissions: 'ask', conversation, version: null });
    assert.deepEqual(args.slice(0, 2), ['resume', 'abc']);
    assert.ok(!args.includes('--last'));
    assert.match(args.at(-1) ?? '', /^notify=\[".*hooks\.ndjson"\]$/);
  });

  it('make codex trust the directory for that start, whatever its name', (t) => {
    const { run } = make(t);
    const cwd = '/work/a "b" v1.2';
    const args = agentArguments({ profile: terminalFor('codex'), own: [], cwd, run, ...rest });
    assert.ok(args.includes('projects={"/work/a \\"b\\" v1.2"={trust_level="trusted"}}'), args.join(' '));
    assert.equal(terminalFor('gemini').env['GEMINI_CLI_TRUST_WORKSPACE'], 'true');
  });

  it('give a codex that was measured our hook around its tools, trusted alone, and any other one none', (t) => {
    const { dir, run } = make(t);
    const codex = (version: string | null): string[] =>
      agentArguments({ profile: terminalFor('codex'), own: [], cwd: dir, run, ...rest, version });
    const args = codex('0.169.0');
    const settings = args.filter((word) => word.startsWith('hooks.'));
    assert.deepEqual(
      settings.map((word) => word.split('=')[0]),
      ['hooks.PreToolUse', 'hooks.PostToolUse', 'hooks.state'],
    );
    assert.match(settings[0] ?? '', /hooks\.ndjson' 'deny-only'",timeout=20\}/);
    assert.ok(!args.includes('--dangerously-bypass-hook-trust'), 'the repository’s hooks would run as well');
    for (const version of [null, '0.168.2', '0.170.0', '1.0.0'])
      assert.ok(!codex(version).some((word) => word.startsWith('hooks.')), String(version));
  });

  it('reckon the hash of a hook as codex 0.169.0 did', () => {
    // From its hooks/list.
    const recorded = 'sha256:cbbb50a864cb6545f69d75b18e031e46387298d10a5a8473ebdf3bdc0beabeab';
    assert.equal(hookHash('pre_tool_use', '/home/me/hook.sh', 20), recorded);
  });
});
