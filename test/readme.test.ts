import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { verbs } from '../src/cli/verbs.ts';
import { DEFAULTS } from '../src/config/config.ts';
import { ENVIRONMENT_KEYS } from '../src/config/environment-layer.ts';
import { ExitCode } from '../src/errors.ts';
import { sessionStates } from '../src/session/words.ts';

const root = path.resolve(import.meta.dirname, '..');
const manual = readFileSync(path.join(root, 'README.md'), 'utf8');
const commands = manual.slice(manual.indexOf('\n### Commands\n'), manual.indexOf('\n### Exit codes\n'));
const home = mkdtempSync(path.join(tmpdir(), 'conduxt-manual-'));
after(() => rmSync(home, { recursive: true, force: true }));

const flagsOf = (verb: string): string[] => {
  const env = { PATH: process.env['PATH'], HOME: home, NO_COLOR: '1' };
  const help = execFileSync(process.execPath, [path.join(root, 'dist/conduxt.js'), verb, '--help'], {
    env,
    encoding: 'utf8',
  });
  return [...help.matchAll(/^\s{2}(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1] ?? '');
};

describe('the manual', () => {
  for (const { name } of verbs) {
    it(`lists conduxt ${name} and its flags`, () => {
      const row = new RegExp(`^\\| \`${name}[ \`].*$`, 'm').exec(commands)?.[0];
      assert.ok(row, `no row for ${name}`);
      // The flags of run have a table of their own.
      const place = name === 'run' ? commands : row;
      for (const flag of flagsOf(name)) {
        if (flag !== '--help' && flag !== '--json') assert.ok(place.includes(`\`${flag}`), `${flag} is missing`);
      }
    });
  }

  it('offers no flag that no command has', () => {
    const known = new Set(['--version', ...verbs.flatMap(({ name }) => flagsOf(name))]);
    const shown = [...commands.matchAll(/`(--[a-z-]+)/g)].map((match) => match[1] ?? '');
    assert.deepEqual(
      shown.filter((flag) => !known.has(flag)),
      [],
    );
  });

  it('explains every exit code', () => {
    for (const code of Object.values(ExitCode)) assert.match(manual, new RegExp(`^\\| \`${code}\` +\\|`, 'm'));
  });

  it('names every configuration key and its variable', () => {
    for (const key of Object.keys(DEFAULTS)) assert.ok(manual.includes(`\`${key}`), key);
    for (const [variable, [key]] of Object.entries(ENVIRONMENT_KEYS)) {
      assert.ok(manual.includes(`\`${variable}\``), variable);
      assert.ok(manual.includes(`\`${key}\``), key);
    }
  });

  it('names every state of a session', () => {
    for (const state of sessionStates) assert.ok(manual.includes(`\`${state}\``), state);
  });
});
