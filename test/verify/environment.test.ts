import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verificationEnvironment } from '../../src/verify/environment.ts';

describe('the environment of a verification', () => {
  it('has no token, key, or word about conduxt, npm or an agent', () => {
    const names = [
      'GH_TOKEN GITHUB_TOKEN GITLAB_TOKEN ANTHROPIC_API_KEY OPENAI_API_KEY AWS_SECRET_ACCESS_KEY DATABASE_URL',
      'npm_config_registry npm_lifecycle_event CLAUDECODE CLAUDE_CODE_ENTRYPOINT CONDUXT_HOME CONDUXT_SESSION',
      'NODE_OPTIONS NODE_TEST_CONTEXT GIT_DIR GIT_CONFIG_COUNT SSH_AUTH_SOCK LD_PRELOAD BASH_ENV MISE_GITHUB_TOKEN',
    ].flatMap((line) => line.split(' '));
    const env = verificationEnvironment(Object.fromEntries(names.map((name) => [name, 'x'])));
    for (const name of names) assert.equal(name in env, false, name);
  });

  it('keeps what programs need to be found and to reach the network', () => {
    const given = {
      HOME: '/h',
      LANG: 'C',
      LC_ALL: 'C.UTF-8',
      JAVA_HOME: '/j',
      GOPATH: '/g',
      https_proxy: 'http://p',
      TMPDIR: '/t',
    };
    const env = verificationEnvironment({ ...given, PATH: '/usr/bin' });
    for (const [name, value] of Object.entries(given)) assert.equal(env[name], value);
  });

  it('leaves the directories out of the PATH that npm and our own development put there', () => {
    const PATH = [
      '/work/conduxt/node_modules/.bin',
      '/node_modules/.bin',
      '/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin',
      '/work/conduxt/node_modules/node/bin',
      '/home/a/.nvm/versions/node/v22/bin',
      '/usr/bin',
    ].join(':');
    assert.equal(verificationEnvironment({ PATH })['PATH'], '/home/a/.nvm/versions/node/v22/bin:/usr/bin');
  });

  it('has a PATH even where there was none', () => {
    assert.equal(verificationEnvironment({})['PATH'], '/usr/local/bin:/usr/bin:/bin');
  });

  it('tells runners that nobody watches', () => {
    const env = verificationEnvironment({ CI: '', TERM: 'xterm-256color', FORCE_COLOR: '1' });
    assert.deepEqual([env['CI'], env['TERM'], env['NO_COLOR'], env['FORCE_COLOR']], ['true', 'dumb', '1', undefined]);
  });
});
