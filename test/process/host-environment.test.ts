import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dropHostOwnVariables, hostEnvironment, hostOwnVariables } from '../../src/process/host-environment.ts';

describe('the environment of a host', () => {
  it("is the caller's without the markers of conduxt, agents and package managers", () => {
    const env = {
      PATH: '/bin',
      LANG: 'C',
      CONDUXT_SESSION: 's',
      npm_config_x: '1',
      NODE_OPTIONS: '-r x',
      GIT_DIR: '.git',
    };
    assert.deepEqual(hostEnvironment(env), { PATH: '/bin', LANG: 'C' });
  });

  it('keeps what is for the host alone from all that it starts', () => {
    const env: NodeJS.ProcessEnv = { PATH: '/bin', ...hostOwnVariables('/cache') };
    assert.equal(env['NODE_COMPILE_CACHE'], '/cache');
    dropHostOwnVariables(env);
    assert.deepEqual(env, { PATH: '/bin' });
  });
});
