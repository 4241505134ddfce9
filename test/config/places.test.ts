import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placesFor } from '../../src/config/places.ts';
import { ConduxtError } from '../../src/errors.ts';

describe('placesFor', () => {
  it('follows the XDG defaults', () => {
    const places = placesFor({}, '/home/me');
    assert.equal(places.home, '/home/me/.local/state/conduxt');
    assert.equal(places.sessionsDir, '/home/me/.local/state/conduxt/sessions');
    assert.equal(places.reposDir, '/home/me/.local/state/conduxt/repos');
    assert.equal(places.slotsDir, '/home/me/.local/state/conduxt/slots');
    assert.equal(places.userConfigFile, '/home/me/.config/conduxt/config.json');
    assert.match(places.runtimeDir, /^\/tmp\/conduxt-\d+$/);
  });

  it('prefers XDG directories, and its own variables to those', () => {
    const xdg = { XDG_STATE_HOME: '/s', XDG_CONFIG_HOME: '/c', XDG_RUNTIME_DIR: '/run/user/1' };
    assert.equal(placesFor(xdg, '/home/me').home, '/s/conduxt');
    assert.equal(placesFor(xdg, '/home/me').userConfigFile, '/c/conduxt/config.json');
    assert.equal(placesFor(xdg, '/home/me').runtimeDir, '/run/user/1/conduxt');
    const own = placesFor({ ...xdg, CONDUXT_HOME: '/x/', CONDUXT_CONFIG: '/y/z.json' }, '/home/me');
    assert.equal(own.home, '/x');
    assert.equal(own.userConfigFile, '/y/z.json');
  });

  it('ignores relative XDG directories, as the specification says, and a runtime directory too long for a socket', () => {
    const places = placesFor({ XDG_STATE_HOME: 's', XDG_RUNTIME_DIR: `/${'r'.repeat(100)}` }, '/home/me');
    assert.equal(places.home, '/home/me/.local/state/conduxt');
    assert.match(places.runtimeDir, /^\/tmp\//);
  });

  it('refuses an empty home directory, unless nothing is looked for there', () => {
    const message = /HOME is "", so there is no place/;
    assert.throws(() => placesFor({}, ''), { exitCode: 2, message, remedy: /CONDUXT_HOME/ });
    assert.throws(() => placesFor({ CONDUXT_HOME: '/x' }, ''), { exitCode: 2, message });
    assert.equal(placesFor({ CONDUXT_HOME: '/x', CONDUXT_CONFIG: '/y' }, '').home, '/x');
  });

  for (const name of ['CONDUXT_HOME', 'CONDUXT_CONFIG']) {
    it(`refuses a relative ${name}, which would mean another place in a host`, () => {
      assert.throws(
        () => placesFor({ [name]: 'state' }, '/home/me'),
        (error: unknown) =>
          error instanceof ConduxtError && error.exitCode === 2 && error.message.includes(`${name} is "state"`),
      );
    });
  }
});
