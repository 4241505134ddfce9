import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { main } from '../../src/cli/main.ts';
import { shells } from '../../src/cli/completion-scripts.ts';
import { verbs } from '../../src/cli/verbs.ts';
import { fakeIo } from './fake-io.ts';

async function scriptFor(shell: string): Promise<string> {
  const io = fakeIo({ env: { CONDUXT_HOME: '/nonexistent/conduxt' } });
  assert.equal(await main(['completion', shell], io), 0);
  return io.out();
}

/** What bash offers for the last of `words`, with a `conduxt status --json` that knows two sessions. */
function bashOffers(script: string, words: readonly string[]): string[] {
  const status =
    '{\n  "sessions": [\n    {\n      "name": "issue-78",\n      "agent": {\n        "name": "claude"\n      }\n    },\n    {\n      "name": "issue-79"\n    }\n  ]\n}';
  const run = `conduxt() { printf '%s\\n' '${status}'; }
${script}
COMP_WORDS=(conduxt ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_conduxt; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status: code, stdout, stderr } = spawnSync('bash', ['--norc', '-c', run], { encoding: 'utf8' });
  assert.deepEqual([code, stderr], [0, '']);
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion', () => {
  it('knows every verb in every shell', async () => {
    for (const shell of shells) {
      const script = await scriptFor(shell);
      for (const { name } of verbs) assert.match(script, new RegExp(`\\b${name}\\b`), `${name} in ${shell}`);
    }
  });

  it('offers verbs, options and the sessions of this repository in bash', async () => {
    const script = await scriptFor('bash');
    assert.deepEqual(bashOffers(script, ['sta']).sort(), ['start', 'status']);
    assert.deepEqual(bashOffers(script, ['tell', '--int']), ['--interrupt']);
    assert.deepEqual(bashOffers(script, ['tell', 'issue']), ['issue-78', 'issue-79']);
    assert.deepEqual(bashOffers(script, ['run', 'issue']), []);
  });

  for (const [shell, check] of [
    ['zsh', ['-n']],
    ['fish', ['--no-execute']],
  ] as const) {
    it(`is a script that ${shell} can read`, async (t) => {
      if (spawnSync(shell, ['--version']).error !== undefined) {
        t.skip(`${shell} is not installed`);
        return;
      }
      const { status, stderr } = spawnSync(shell, [...check], { input: await scriptFor(shell), encoding: 'utf8' });
      assert.deepEqual([status, stderr], [0, '']);
    });
  }
});
