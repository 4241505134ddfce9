import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { runTestFile, type FileResult } from '../../scripts/test-file.ts';
import { runs } from '../process/scratch.ts';

/** Runs a test file with this body; it may write to `said`. */
async function ran(t: TestContext, body: string): Promise<FileResult & { said: string }> {
  const directory = mkdtempSync(path.join(tmpdir(), 'conduxt-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, 'some.test.mjs');
  const said = path.join(directory, 'said');
  const imports = ['spawn, spawnSync', 'node:child_process', 'mkdirSync, mkdtempSync, writeFileSync', 'node:fs'];
  writeFileSync(
    file,
    `import { ${imports[0]} } from '${imports[1]}';
     import { ${imports[2]} } from '${imports[3]}';
     import { tmpdir } from 'node:os';
     import { it } from 'node:test';
     const clean = { PATH: process.env.PATH };
     const say = (text) => writeFileSync(${JSON.stringify(said)}, String(text));
     it('passes', () => { ${body} });`,
  );
  const env = { PATH: process.env['PATH'] ?? '' };
  const signal = AbortSignal.timeout(30_000);
  const result = await runTestFile(file, { cwd: '/', env, timeoutMs: 30_000, signal });
  return { ...result, said: existsSync(said) ? readFileSync(said, 'utf8') : '' };
}

/** A child in a session of its own, which nobody waits for. */
const stray = (env: string, cwd: string, words = ''): string => `
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'${words}],
    { env: ${env}, cwd: ${cwd}, detached: true, stdio: 'ignore' });
  child.unref();
  say(child.pid);`;

const isLinux = process.platform === 'linux' ? false : 'processes are looked for in /proc';

describe('a test file', { skip: isLinux }, () => {
  it('that cleans up has no problem, though all of its tests passed in a directory of their own', async (t) => {
    const { problem, records, said } = await ran(t, 'say(tmpdir())');
    assert.equal(problem, null);
    assert.deepEqual(
      records.map(({ outcome }) => outcome),
      ['passed'],
    );
    assert.notEqual(said, tmpdir());
    assert.equal(existsSync(said), false);
  });

  for (const [where, script] of [
    ['its environment', stray('{ ...clean, HOME: tmpdir() }', "'/'")],
    ['its working directory', stray('clean', 'tmpdir()')],
    ['its arguments', stray('clean', "'/'", ', tmpdir()')],
  ] as const)
    it(`fails when it leaves a process that names its directory in ${where}, and the process is ended`, async (t) => {
      const { problem, said } = await ran(t, script);
      assert.match(problem ?? '', new RegExp(`^left running: ${said} .*setTimeout`));
      assert.equal(runs(Number(said)), false);
    });

  it('fails when it leaves a process of its group', async (t) => {
    const script = stray('clean', "'/'").replace('detached: true', 'detached: false');
    const { problem, said } = await ran(t, script);
    assert.match(problem ?? '', new RegExp(`^left running: ${said} `));
    assert.equal(runs(Number(said)), false);
  });

  it('has a moment for what is just ending', async (t) => {
    const { problem } = await ran(t, stray('clean', 'tmpdir()').replace('60_000', '300'));
    assert.equal(problem, null);
  });

  it('fails when it leaves a file', async (t) => {
    const { problem } = await ran(t, "mkdirSync(tmpdir() + '/forgotten')");
    assert.equal(problem, 'left the file forgotten');
  });

  it('fails when it leaves a mount', async (t) => {
    if (spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status !== 0)
      return t.skip('a file system cannot be mounted here (needs root)');
    const mount = "spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', at])";
    const { problem, said } = await ran(t, `const at = mkdtempSync(tmpdir() + '/m'); ${mount}; say(at)`);
    assert.equal(problem?.split('\n')[0], `left mounted: ${said}`);
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(said));
  });
});
