import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseAgent, type ChosenAgent } from '../../src/agents/choose.ts';
import type { FoundAgent, LoginState } from '../../src/agents/find.ts';
import { nodeSatisfies } from '../../src/agents/node-version.ts';
import { PROFILES, profileFor, profilesWith } from '../../src/agents/profiles.ts';
import { ConduxtError } from '../../src/errors.ts';
import { AGENT_NAME } from '../../src/config/schema.ts';

const found = (name: string, login: LoginState): [string, FoundAgent] => [
  name,
  {
    state: 'found',
    login,
    warnings: [],
    launch: { name, command: `/bin/${name}`, args: [], env: {}, envFile: null, version: null },
  },
];
const choose = (requested: string, agents: [string, FoundAgent][], order: string[] = []): ChosenAgent =>
  chooseAgent({ requested, order, profiles: PROFILES, found: new Map(agents) });

describe('chooseAgent', () => {
  const cases: [string, [string, FoundAgent][], string[], string, RegExp][] = [
    ['prefers Claude by default', [found('codex', 'yes'), found('claude', 'yes')], [], 'claude', /first one installed/],
    [
      'follows the configured order',
      [found('codex', 'yes'), found('claude', 'yes')],
      ['codex'],
      'codex',
      /in agentOrder/,
    ],
    ['skips who is not logged in', [found('claude', 'no'), found('pi', 'yes')], [], 'pi', /first one logged in/],
    [
      'trusts a known login more than an unknown one',
      [found('goose', 'unknown'), found('kilo', 'yes')],
      [],
      'kilo',
      /installed/,
    ],
    [
      'takes an unknown login before a missing one',
      [found('claude', 'no'), found('cline', 'unknown')],
      [],
      'cline',
      /logged in/,
    ],
    ['takes the only one', [found('qwen', 'no')], [], 'qwen', /only one installed, but it may need a login/],
  ];
  for (const [what, agents, order, expected, why] of cases) {
    it(what, () => {
      const chosen = choose('auto', agents, order);
      assert.equal(chosen.profile.name, expected);
      assert.match(chosen.why, why);
    });
  }

  it('takes the longest context for a very long task, unless somebody chose an order, or it wants a login', () => {
    const agents = [found('claude', 'yes'), found('gemini', 'unknown')];
    const long = (over: Partial<Parameters<typeof chooseAgent>[0]> = {}): ChosenAgent =>
      chooseAgent({
        requested: 'auto',
        order: [],
        profiles: PROFILES,
        found: new Map(agents),
        taskTokens: 130_000,
        ...over,
      });
    assert.equal(long().profile.name, 'gemini');
    assert.match(long().why, /very long \(about 130k tokens\)/);
    assert.equal(long({ taskTokens: 99_999 }).profile.name, 'claude');
    assert.equal(long({ order: ['claude'] }).profile.name, 'claude');
    assert.equal(long({ requested: 'claude' }).profile.name, 'claude');
    assert.equal(long({ found: new Map([...agents, found('gemini', 'no')]) }).profile.name, 'claude');
  });

  it('lets an explicit choice win, even over a login', () => {
    const chosen = choose('pi', [found('claude', 'yes'), found('pi', 'no')]);
    assert.equal(chosen.profile.name, 'pi');
    assert.match(chosen.why, /asked for/);
  });

  const refusals: [string, () => ChosenAgent, string, number, RegExp][] = [
    [
      'an unknown name',
      () => choose('cluade', []),
      'unknown-agent',
      2,
      /no agent named "cluade"\. Did you mean claude\? Known: claude, codex, gemini/,
    ],
    ['a hostile name', () => choose('\x1b[2J', []), 'unknown-agent', 2, /"\\u\{1b\}\[2J"/],
    ['an unknown name in the order', () => choose('auto', [], ['foo']), 'unknown-agent', 2, /"foo"/],
    [
      'a missing agent',
      () =>
        choose('codex', [['codex', { state: 'missing', reason: 'codex-acp is not on PATH', install: 'npm i -g x' }]]),
      'agent-missing',
      5,
      /OpenAI Codex cannot be started: codex-acp is not on PATH\./,
    ],
    ['an empty machine', () => choose('auto', []), 'no-agent', 5, /No coding agent/],
    [
      'a machine with nothing but the rehearsal agent',
      () => choose('auto', [found('rehearsal', 'yes')]),
      'no-agent',
      5,
      /No coding agent/,
    ],
  ];
  for (const [what, act, code, exitCode, message] of refusals) {
    it(`refuses ${what} and says how to go on`, () => {
      assert.throws(act, (error: unknown) => {
        assert.ok(error instanceof ConduxtError);
        assert.equal(error.code, code);
        assert.equal(error.exitCode, exitCode);
        assert.match(error.message, message);
        assert.match(error.remedy ?? '', /npm i -g|"agents"/);
        return true;
      });
    });
  }
});

describe('the profiles', () => {
  it('have names that are safe as words and directories, each once', () => {
    const names = PROFILES.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, AGENT_NAME);
  });

  it('never pass a forge token on', () => {
    for (const { environment } of PROFILES) assert.ok(!environment.some((name) => /^(GH_|GITHUB_)/.test(name)));
  });

  it('count gemini as not resumable, and let codex decline before it cancels', () => {
    assert.equal(profileFor('gemini').acp?.resume, 'none');
    assert.deepEqual(profileFor('codex').acp?.preferredOptionIds, ['decline']);
    assert.equal(profileFor('codex').acp?.closePatienceMs, 9000);
  });

  it('take words of the configuration, and agents that only it knows', () => {
    const profiles = profilesWith({ codex: { login: 'Ask Ann.' }, mine: { acp: { command: '/x' } } });
    assert.equal(profiles.find(({ name }) => name === 'codex')?.login, 'Ask Ann.');
    assert.equal(profiles.find(({ name }) => name === 'codex')?.install, profileFor('codex').install);
    assert.equal(profiles.at(-1)?.name, 'mine');
    assert.equal(profiles.length, PROFILES.length + 1);
  });
});

describe('nodeSatisfies', () => {
  const cases: [string, string, boolean][] = [
    ['24.1.0', '>=22', true],
    ['v20.19.2', '>=22', false],
    ['22.12.0', '>=22.13', false],
    ['22.13.0', '>= 22.13.0', true],
    ['24.1.0', '^20.0.0 || ^22.0.0', false],
    ['22.9.0', '^20.0.0 || ^22.0.0', true],
    ['20.5.0', '>=20 <21', true],
    ['21.0.0', '>=20 <21', false],
    ['20.9.0', '>20', false],
    ['21.0.0', '>20', true],
    ['20.9.0', '<=20', true],
    ['22.4.1', '22.x', true],
    ['22.4.1', '~22.4', true],
    ['22.5.0', '~22.4', false],
    ['22.4.1', '=22.4.1', true],
    ['22.4.1', '*', true],
    ['22.4.1', '', true],
    ['22.4.1', 'whatever', true],
  ];
  for (const [version, range, expected] of cases) {
    it(`${version} ${expected ? 'fits' : 'does not fit'} "${range}"`, () =>
      assert.equal(nodeSatisfies(version, range), expected));
  }
});
