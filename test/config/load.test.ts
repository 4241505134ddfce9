import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULTS, type Config } from '../../src/config/config.ts';
import { ENVIRONMENT_KEYS } from '../../src/config/environment-layer.ts';
import { splitGuarded } from '../../src/config/guarded-keys.ts';
import { loadConfig, parseConfig, type LoadedConfig, type LoadOptions } from '../../src/config/load.ts';
import { placesFor } from '../../src/config/places.ts';
import {
  notifyTargets,
  sessionHooks,
  sessionLimits,
  turnLockFields,
  worktreeRoot,
} from '../../src/config/session-settings.ts';
import { isTrusted, trust } from '../../src/config/trust.ts';
import { ConduxtError } from '../../src/errors.ts';
import { scratchPlaces } from './scratch.ts';

const NOWHERE: LoadOptions = {
  env: {},
  places: placesFor({ CONDUXT_CONFIG: '' }, '/nonexistent/home'),
  repoConfigText: null,
  repoConfigLabel: 'conduxt.json (main)',
  repoKey: 'repo-12345678',
};
const load = (options: Partial<LoadOptions>): Promise<LoadedConfig> => loadConfig({ ...NOWHERE, ...options });

const invalid = (expected: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ConduxtError);
  assert.equal(error.code, 'config-invalid');
  assert.equal(error.exitCode, 2);
  assert.match(error.message, expected);
  assert.ok((error.remedy ?? '').length > 0);
  return true;
};

describe('loadConfig', () => {
  it('has a default for everything', async () => {
    const loaded = await load({});
    assert.deepEqual(loaded.config, DEFAULTS);
    assert.deepEqual(loaded.sources, {});
    assert.deepEqual(loaded.untrusted, []);
  });

  it('lets the repository overrule the user, and the environment both; groups are merged key by key', async (t) => {
    const { home, places } = await scratchPlaces(t);
    await mkdir(path.dirname(places.userConfigFile), { recursive: true });
    await writeFile(
      places.userConfigFile,
      JSON.stringify({ agent: 'codex', fixRounds: 1, reminders: 1, timeouts: { turnSeconds: 10, startSeconds: 11 } }),
    );
    const loaded = await load({
      places,
      repoConfigText: JSON.stringify({ agent: 'gemini', fixRounds: 2, timeouts: { turnSeconds: 20 }, backend: 'acpx' }),
      env: { CONDUXT_AGENT: 'pi', CONDUXT_DRAFT: '1', CONDUXT_MEMORY: 'false', CONDUXT_BASE: '' },
    });
    assert.equal(loaded.config.agent, 'pi');
    assert.equal(loaded.config.fixRounds, 2);
    assert.equal(loaded.config.reminders, 1);
    assert.equal(loaded.config.backend, 'acp');
    assert.equal(loaded.config.draft, true);
    assert.equal(loaded.config.memory, false);
    assert.deepEqual(loaded.config.timeouts, { ...DEFAULTS.timeouts, turnSeconds: 20, startSeconds: 11 });
    assert.deepEqual(loaded.sources, {
      agent: 'CONDUXT_AGENT',
      fixRounds: 'conduxt.json (main)',
      reminders: path.join(home, '.config/conduxt/config.json'),
      'timeouts.turnSeconds': 'conduxt.json (main)',
      'timeouts.startSeconds': path.join(home, '.config/conduxt/config.json'),
      backend: 'conduxt.json (main)',
      draft: 'CONDUXT_DRAFT',
      memory: 'CONDUXT_MEMORY',
    });
  });

  it('refuses a user file that others can change, and one that was named and is missing', async (t) => {
    const { home, places } = await scratchPlaces(t);
    await mkdir(path.dirname(places.userConfigFile), { recursive: true });
    await writeFile(places.userConfigFile, '{}');
    await chmod(places.userConfigFile, 0o666);
    await assert.rejects(load({ places }), (error: unknown) => error instanceof ConduxtError && error.exitCode === 6);
    const env = { CONDUXT_CONFIG: path.join(home, 'missing.json') };
    await assert.rejects(
      load({ env, places: placesFor(env, home) }),
      (error: unknown) => error instanceof ConduxtError && error.code === 'config-missing' && error.exitCode === 4,
    );
  });

  it('reports a directory in place of the file as unreadable', async (t) => {
    const { places } = await scratchPlaces(t);
    await mkdir(places.userConfigFile, { recursive: true });
    await assert.rejects(load({ places }), (error: unknown) => error instanceof ConduxtError && error.exitCode === 74);
  });

  it('reads a file that begins with a byte order mark', async () => {
    assert.equal((await load({ repoConfigText: '\ufeff{"agent":"pi"}' })).config.agent, 'pi');
  });
});

describe('a wrong configuration file', () => {
  const cases: [string, unknown, RegExp][] = [
    [
      'an unknown key',
      { fixRound: 1 },
      /^conduxt\.json \(main\): "fixRound" is not a known key \(did you mean "fixRounds"\?\)\.$/,
    ],
    [
      'an unknown key in a group',
      { verify: { comand: 'x' } },
      /"verify\.comand" is not a known key \(did you mean "verify\.command"\?\)/,
    ],
    ['a key of a group at the top', { turnSeconds: 1 }, /did you mean "timeouts\.turnSeconds"\?/],
    ['a key like no other', { verify: { zzzzzz: 1 } }, /known here: command, timeoutSeconds/],
    ['a key of an agent', { agents: { foo: { apc: {} } } }, /"agents\.foo\.apc".*did you mean "agents\.foo\.acp"/],
    ['a wrong type', { fixRounds: '3' }, /"fixRounds" is "3", but must be a whole number from 0 to 20/],
    [
      'a number out of range',
      { timeouts: { turnSeconds: 0 } },
      /"timeouts\.turnSeconds" is 0, but must be a whole number of seconds/,
    ],
    [
      'a wrong word',
      { permissions: 'yolo' },
      /"permissions" is "yolo", but must be one of "approve-all", "approve-reads", "deny-all", "ask"/,
    ],
    [
      'a wrong list entry',
      { notify: ['desktop', 'sms'] },
      /"notify\[1\]" is "sms", but must be one of "desktop", "openclaw"/,
    ],
    ['a program as text', { notify: [{ command: 'x' }] }, /"notify\[0\]" is \{"command":"x"\}, but must be/],
    [
      'a missing key',
      { agents: { foo: { acp: {} } } },
      /"agents\.foo\.acp\.command" is missing, but must be the program/,
    ],
    ['a wrong agent name', { agents: { 'Foo Bar': {} } }, /the name "Foo Bar", which must be the name of an agent/],
    ['no object', [1], /the file is \[1\], but must be an object/],
    ['an empty command', { verify: { command: ' ' } }, /"verify\.command" is " ", but must be a shell command/],
    [
      'a path out of the repository',
      { worktree: { copy: ['../../.ssh/id_rsa'] } },
      /"worktree\.copy\[0\]".*may not leave the repository/,
    ],
    ['an absolute memory file', { memory: '/etc/passwd' }, /"memory".*may not leave the repository/],
    ['a memory file in the git directory', { memory: '.GIT/hooks/pre-commit' }, /enter \.git/],
    ['a branch that looks like an option', { base: '--upload-pack=x' }, /"base".*the name of a branch/],
    ['several faults at once', { a1: 1, b1: 1, c1: 1, d1: 1 }, /and 1 more\.$/],
    ['a hostile key', { '\x1b[2Jx': 1 }, /"\\u\{1b\}\[2Jx" is not a known key/],
  ];
  for (const [what, document, expected] of cases) {
    it(`names ${what}`, () => assert.rejects(load({ repoConfigText: JSON.stringify(document) }), invalid(expected)));
  }

  it('names line and column of a JSON fault', () =>
    assert.rejects(
      load({ repoConfigText: '{\n  "agent": "pi",\n}' }),
      invalid(/conduxt\.json \(main\): not valid JSON at line 2, column 16: a "," before "}" is not allowed/),
    ));

  it('is a usage error whatever it holds, never a bug', () => {
    const document = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .dictionary(
          fc.constantFrom('agent', 'verify', 'worktree', 'notify', 'agents', 'slots', '__proto__', 'memory'),
          fc.jsonValue(),
        )
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(document, (text) => {
        try {
          parseConfig(text, 'file');
        } catch (error) {
          assert.ok(error instanceof ConduxtError && error.code === 'config-invalid', String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a budget', () => {
  it('is lowered by a repository, and never raised', async (t) => {
    const { places } = await scratchPlaces(t);
    await mkdir(path.dirname(places.userConfigFile), { recursive: true });
    await writeFile(places.userConfigFile, JSON.stringify({ maxTokens: 1000, maxCost: 2 }));
    const repoConfigText = JSON.stringify({ maxTokens: 5000, maxCost: 0.5 });
    const { config } = await load({ places, repoConfigText });
    assert.deepEqual([config.maxTokens, config.maxCost], [1000, 0.5]);
    const overruled = await load({ places, repoConfigText, env: { CONDUXT_MAX_TOKENS: '9000' } });
    assert.equal(overruled.config.maxTokens, 9000);
  });
});

describe('settings in the environment', () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ CONDUXT_FIX_ROUNDS: 'three' }, /variable CONDUXT_FIX_ROUNDS: it is "three", but must be a whole number from 0/],
    [{ CONDUXT_FIX_ROUNDS: '3.0' }, /CONDUXT_FIX_ROUNDS/],
    [{ CONDUXT_FIX_ROUNDS: '0x3' }, /CONDUXT_FIX_ROUNDS/],
    [{ CONDUXT_DRAFT: 'yes' }, /CONDUXT_DRAFT: it is "yes", but must be 1, 0, true or false/],
    [{ CONDUXT_BACKEND: 'tmx' }, /must be one of "auto", "acp", "tmux"/],
    [{ CONDUXT_MAX_COST: '-1' }, /CONDUXT_MAX_COST: it is "-1", but must be a number above 0/],
    [{ CONDUXT_MAX_TOKENS: '0' }, /CONDUXT_MAX_TOKENS: it is "0", but must be a whole number from 1/],
    [{ CONDUXT_PERMISSIONS: 'all' }, /must be one of "approve-all"/],
  ];
  for (const [env, expected] of cases) {
    it(`refuses ${JSON.stringify(env)}`, () => assert.rejects(load({ env }), invalid(expected)));
  }

  it('reach a key that exists, each of them', async () => {
    const samples: Readonly<Record<string, string>> = {
      text: 'main',
      number: '2000',
      amount: '2.5',
      flag: '0',
      'text-or-false': 'NOTES.md',
    };
    const special: Readonly<Record<string, string>> = {
      CONDUXT_BACKEND: 'tmux',
      CONDUXT_SANDBOX: 'bwrap',
      CONDUXT_PERMISSIONS: 'ask',
      CONDUXT_VERIFY_FRESH: 'never',
      CONDUXT_ON_CRASH: 'ask',
      CONDUXT_FIX_ROUNDS: '5',
      CONDUXT_REMINDERS: '5',
      CONDUXT_SLOTS_PER_USER: '5',
      CONDUXT_SLOTS_PER_AGENT: '5',
      CONDUXT_LOCK: '/shared/agent.lock',
    };
    const env = Object.fromEntries(
      Object.entries(ENVIRONMENT_KEYS).map(([name, [, kind]]) => [name, special[name] ?? samples[kind] ?? '']),
    );
    const { sources } = await load({ env });
    const expected = Object.entries(ENVIRONMENT_KEYS).map(([name, [key]]) => [key, name]);
    assert.deepEqual(sources, Object.fromEntries(expected));
  });
});

describe('trust', () => {
  const FILE = JSON.stringify({
    agent: 'pi',
    permissions: 'approve-all',
    verify: { command: 'make test', timeoutSeconds: 60 },
    worktree: { setup: 'make', copy: ['.env.test'] },
    notify: [{ command: ['say', 'done'] }],
    agents: { pi: { acp: { command: 'evil' } } },
    slots: { perUser: 64 },
    worktreeRoot: '/etc',
  });

  it('is needed for everything in the repository that runs something or weakens a protection', async (t) => {
    const { places } = await scratchPlaces(t);
    const before = await load({ places, repoConfigText: FILE });
    assert.deepEqual(before.untrusted, [
      'agents.pi',
      'notify',
      'permissions',
      'slots',
      'verify.command',
      'worktree.setup',
      'worktreeRoot',
    ]);
    assert.deepEqual(before.config, {
      ...DEFAULTS,
      agent: 'pi',
      verify: { command: null, timeoutSeconds: 60, fresh: 'when-needed' },
      worktree: { ...DEFAULTS.worktree, copy: ['.env.test'] },
    });
    assert.equal(before.sources['verify.command'], undefined);

    const { hash } = before.guarded;
    assert.ok(hash !== null);
    assert.equal(await isTrusted(places, 'repo-12345678', hash), false);
    await trust(places, 'repo-12345678', hash);
    await trust(places, 'repo-12345678', hash);
    assert.equal(await isTrusted(places, 'repo-12345678', hash), true);

    const after = await load({ places, repoConfigText: FILE });
    assert.deepEqual(after.untrusted, []);
    assert.equal(after.config.verify.command, 'make test');
    assert.deepEqual(after.config.worktree.setup, ['make']);
    assert.equal(after.config.permissions, 'approve-all');
    assert.equal((await load({ places, repoConfigText: FILE, repoKey: 'other-12345678' })).untrusted.length, 7);
    assert.equal((await load({ places, repoConfigText: FILE, repoKey: null })).untrusted.length, 7);
  });

  it('leaves private files behind', async (t) => {
    const { places } = await scratchPlaces(t);
    await trust(places, 'repo-12345678', 'a'.repeat(64));
    const directory = path.join(places.reposDir, 'repo-12345678/trusted');
    const [name] = await readdir(directory);
    assert.equal((await stat(path.join(directory, name ?? ''))).mode & 0o777, 0o600);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
  });

  it('depends on the guarded settings only, not on their order', () => {
    const hash = (value: object): string | null => splitGuarded(parseConfig(JSON.stringify(value), 'f')).hash;
    const base = { verify: { command: 'a' }, agents: { x: { acp: { command: 'x', args: ['1'] } } } };
    assert.equal(
      hash(base),
      hash({
        agents: { x: { acp: { args: ['1'], command: 'x' } } },
        agent: 'pi',
        verify: { timeoutSeconds: 5, command: 'a' },
      }),
    );
    assert.notEqual(hash(base), hash({ ...base, verify: { command: 'b' } }));
    assert.notEqual(hash(base), hash({ ...base, worktree: { setup: 'x' } }));
    assert.equal(
      hash({ agent: 'pi', permissions: 'deny-all', memory: false, worktree: { setup: false }, notify: [] }),
      null,
    );
    assert.equal(splitGuarded({ permissions: 'approve-reads' }).hash, null);
    assert.deepEqual(splitGuarded({ permissions: 'approve-reads' }, 'deny-all').keys, ['permissions']);
    assert.deepEqual(splitGuarded({ permissions: 'deny-all' }, 'ask').keys, []);
    assert.notEqual(hash({ memory: 'MEMORY.md' }), null);
  });

  it('is not needed for what only the user wrote', async (t) => {
    const { places } = await scratchPlaces(t);
    await mkdir(path.dirname(places.userConfigFile), { recursive: true });
    await writeFile(places.userConfigFile, FILE);
    const loaded = await load({ places });
    assert.deepEqual(loaded.untrusted, []);
    assert.equal(loaded.config.verify.command, 'make test');
  });

  it("keeps the user's own setting when the repository's is ignored", async (t) => {
    const { places } = await scratchPlaces(t);
    await mkdir(path.dirname(places.userConfigFile), { recursive: true });
    await writeFile(places.userConfigFile, '{"notify":["desktop"],"verify":{"command":"npm test"}}');
    const loaded = await load({ places, repoConfigText: FILE });
    assert.deepEqual(loaded.config.notify, ['desktop']);
    assert.equal(loaded.config.verify.command, 'npm test');
  });
});

describe('what a session takes from the configuration', () => {
  const config = {
    ...DEFAULTS,
    slots: { perUser: 3, perAgent: 2, agents: { codex: 1 } },
    notify: ['desktop' as const, { command: ['say'] }, { marker: '~/done' }, { marker: 'tmp/done' }],
    worktreeRoot: '~/trees',
    memory: 'docs/MEMORY.md',
  };

  it('counts its limits in milliseconds', () => {
    const limits = sessionLimits(config, 'codex', null);
    assert.equal(limits.startTimeoutMs, 120_000);
    assert.equal(limits.turnTimeoutMs, 7_200_000);
    assert.equal(limits.slotsPerUser, 3);
    assert.equal(limits.slotsPerAgent, 1);
    assert.equal(sessionLimits(config, 'pi', 5).slotsPerAgent, 2);
    assert.equal(sessionLimits(config, 'pi', 5).taskTimeoutMs, 5);
  });

  it('holds the lock around turns of the agents that are named, or of all', () => {
    const where = { home: '/state', homedir: '/home/me' };
    const plan = (lock: Partial<Config['lock']>, agent = 'codex'): unknown =>
      turnLockFields({ ...DEFAULTS, lock: { ...DEFAULTS.lock, ...lock } }, agent, where).turnLock;
    assert.equal(plan({}), undefined);
    assert.deepEqual(plan({ turns: true }), { file: '/state/agent.lock', waitMs: 300_000 });
    assert.equal(plan({ turns: ['claude'] }), undefined);
    const shared = { turns: ['claude'], file: '~/.claude/session.lock', waitSeconds: 5 };
    assert.deepEqual(plan(shared, 'claude'), { file: '/home/me/.claude/session.lock', waitMs: 5_000 });
  });

  it('resolves its paths', () => {
    assert.deepEqual(notifyTargets(config, '/repo', '/home/me'), [
      { type: 'desktop' },
      { type: 'command', argv: ['say'] },
      { type: 'marker', path: '/home/me/done' },
      { type: 'marker', path: '/repo/tmp/done' },
    ]);
    assert.equal(worktreeRoot(config, '/repo', '/home/me'), '/home/me/trees');
    assert.equal(worktreeRoot({ ...config, worktreeRoot: '../w' }, '/a/repo', '/home/me'), '/a/w');
    assert.equal(sessionHooks(config, '/repo', '/home/u').memoryFile, '/repo/docs/MEMORY.md');
    assert.equal(sessionHooks(DEFAULTS, '/repo', '/home/u').memoryFile, null);
    assert.equal(sessionHooks({ ...DEFAULTS, memory: false }, '/repo', '/home/u').memoryOff, true);
  });
});
