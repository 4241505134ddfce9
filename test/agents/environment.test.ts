import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parseEnvFile, readEnvFile } from '../../src/agents/env-file.ts';
import { agentEnvironment } from '../../src/agents/environment.ts';
import { profileFor } from '../../src/agents/profiles.ts';
import { searchPath } from '../../src/process/search-path.ts';
import { ConduxtError } from '../../src/errors.ts';

const environmentOf = (
  agent: string,
  processEnv: Record<string, string>,
  extra: Record<string, string> = {},
): Record<string, string> => agentEnvironment({ processEnv, profile: profileFor(agent), extra, cwd: '/work/trees/x' });

describe('agentEnvironment', () => {
  it('passes on what every program needs, and nothing that was not meant for an agent', () => {
    const out = environmentOf('codex', {
      HOME: '/home/me',
      LANG: 'C.UTF-8',
      LC_ALL: 'C',
      XDG_STATE_HOME: '/s',
      HTTPS_PROXY: 'http://p',
      SSH_AUTH_SOCK: '/s/a',
      GIT_AUTHOR_NAME: 'Me',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_DIR: '/elsewhere/.git',
      GIT_INDEX_FILE: '/elsewhere/index',
      NODE_OPTIONS: '--inspect',
      npm_lifecycle_event: 'test',
      npm_config_prefix: '/x',
      CONDUXT_HOME: '/c',
      CONDUXT_SESSION: 's-1',
      CLAUDECODE: '1',
      GH_TOKEN: 'ghp_x',
      GITHUB_TOKEN: 'ghp_y',
      AWS_SECRET_ACCESS_KEY: 'x',
      DATABASE_URL: 'postgres://',
      OPENAI_API_KEY: 'sk',
      CODEX_HOME: '/codex',
      CODEX_SANDBOX: 'seatbelt',
      ANTHROPIC_API_KEY: 'sk-ant',
    });
    assert.deepEqual(out, {
      HOME: '/home/me',
      LANG: 'C.UTF-8',
      LC_ALL: 'C',
      XDG_STATE_HOME: '/s',
      HTTPS_PROXY: 'http://p',
      SSH_AUTH_SOCK: '/s/a',
      GIT_AUTHOR_NAME: 'Me',
      GIT_CONFIG_GLOBAL: '/dev/null',
      OPENAI_API_KEY: 'sk',
      CODEX_HOME: '/codex',
    });
  });

  it('gives each agent the variables of its profile, and never what Claude leaves in its children', () => {
    const env = {
      ANTHROPIC_BASE_URL: 'u',
      CLAUDE_CODE_OAUTH_TOKEN: 't',
      CLAUDE_CODE_ENTRYPOINT: 'cli',
      OPENAI_API_KEY: 'o',
    };
    assert.deepEqual(environmentOf('claude', env), { ANTHROPIC_BASE_URL: 'u', CLAUDE_CODE_OAUTH_TOKEN: 't' });
    assert.deepEqual(environmentOf('gemini', env), {});
    assert.deepEqual(environmentOf('my-own-agent', env), { ANTHROPIC_BASE_URL: 'u', OPENAI_API_KEY: 'o' });
  });

  it('lets the configuration add what it likes', () => {
    assert.deepEqual(environmentOf('claude', { HOME: '/h' }, { HOME: '/other', GH_TOKEN: 'x' }), {
      HOME: '/other',
      GH_TOKEN: 'x',
    });
  });

  it("cleans PATH of relative entries, npm's additions and the worktree", () => {
    const entries = [
      '/home/someone/project/node_modules/.bin',
      '/work/node_modules/.bin/',
      '/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin',
      '.',
      '',
      'bin',
      '/work/trees/x/bin',
      '/usr/bin',
      '/bin',
      '/usr/bin/',
    ];
    assert.deepEqual(environmentOf('pi', { PATH: entries.join(':') }), { PATH: '/usr/bin:/bin' });
    assert.deepEqual(environmentOf('pi', { PATH: '.' }), {});
  });

  it('keeps the programs of a home that is itself the directory of work', () => {
    const out = agentEnvironment({
      processEnv: { HOME: '/home/me', PATH: '/home/me/.local/bin:/bin' },
      profile: profileFor('pi'),
      extra: {},
      cwd: '/home/me',
    });
    assert.equal(out['PATH'], '/home/me/.local/bin:/bin');
  });
});

describe('searchPath', () => {
  it('leaves out what lies in forbidden directories, not what only begins like them', () => {
    assert.deepEqual(searchPath('/a/b:/a/bc:/a/b/c:/a', ['/a/b']), ['/a/bc', '/a']);
    assert.deepEqual(searchPath(undefined), []);
  });
});

describe('readEnvFile', () => {
  const scratch = async (
    t: { after: (fn: () => Promise<void>) => void },
    text: string,
    mode = 0o600,
  ): Promise<string> => {
    const directory = await mkdtemp(path.join(tmpdir(), 'conduxt-env-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    const file = path.join(directory, 'keys.env');
    await writeFile(file, text);
    await chmod(file, mode);
    return file;
  };
  const withCode = (code: string, exitCode: number) => (error: unknown) =>
    error instanceof ConduxtError && error.code === code && error.exitCode === exitCode && error.remedy !== undefined;

  it('reads KEY=value lines, comments, export and quotes', async (t) => {
    const text = '# keys\n\nA=1\nexport B="two words"\r\nC=\'$HOME\'\nD=\nE=a=b#c\nF="unfinished\n';
    assert.deepEqual(await readEnvFile(await scratch(t, text)), {
      A: '1',
      B: 'two words',
      C: '$HOME',
      D: '',
      E: 'a=b#c',
      F: '"unfinished',
    });
  });

  for (const mode of [0o640, 0o604, 0o660]) {
    it(`refuses a file of mode ${mode.toString(8)}`, async (t) => {
      await assert.rejects(readEnvFile(await scratch(t, 'A=1', mode)), withCode('env-file-unsafe', 6));
    });
  }

  it('names the line that is wrong, but not what is in it', () => {
    assert.throws(
      () => parseEnvFile('A=1\nsecret stuff\n', '/f'),
      (error: unknown) =>
        withCode('env-file-invalid', 2)(error) &&
        error instanceof Error &&
        /line 2/.test(error.message) &&
        !/secret/.test(error.message),
    );
  });

  it('reports a missing file, and one that is a directory', async (t) => {
    const file = await scratch(t, '');
    await assert.rejects(readEnvFile(`${file}.none`), withCode('env-file-missing', 4));
    await assert.rejects(readEnvFile(path.dirname(file)), withCode('env-file-invalid', 2));
  });
});
