import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { main } from '../../src/cli/main.ts';
import { verbs } from '../../src/cli/verbs.ts';
import { version } from '../../src/version.ts';
import { fakeIo } from './fake-io.ts';

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo({ env: { CONDUXT_HOME: '/nonexistent/conduxt' } });
  const code = await main(args, io);
  return { code, out: io.out(), err: io.err() };
}

describe('help', () => {
  for (const { name } of verbs) {
    it(`of ${name} shows an example that names it, and its exit codes`, async () => {
      const { code, out, err } = await run(name, '--help');
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, new RegExp(`Examples?:\\n(.*\\n)*?.*conduxt ${name}`));
      assert.match(out, /Exit codes: /);
      assert.match(out, /--json/);
      for (const line of out.split('\n')) assert.ok(line.length <= 125, `too wide: ${line}`);
    });
  }

  it('of the program lists every verb', async () => {
    const { code, out } = await run('--help');
    assert.equal(code, 0);
    for (const { name } of verbs) assert.match(out, new RegExp(`^ {2}${name}\\b`, 'm'));
  });

  it('can be asked for with help, too', async () => {
    assert.deepEqual(await run('help', 'tell'), await run('tell', '--help'));
    const { code, out, err } = await run('help');
    assert.deepEqual([code, out, err], [0, (await run('--help')).out, '']);
  });

  it('for a command that is none says so', async () => {
    const { code, err } = await run('help', 'nosuch');
    assert.equal(code, 2);
    assert.match(err, /Unknown command 'nosuch'/);
  });

  it('holds no colour codes in a pipe', async () => {
    assert.doesNotMatch((await run('--help')).out, /\u001b/);
  });
});

describe('colour', () => {
  const coloured = async (tty: boolean, env: Record<string, string>): Promise<boolean> => {
    const io = fakeIo({ stdoutIsTTY: tty, env: { CONDUXT_HOME: '/nonexistent/conduxt', ...env } });
    await main(['agents'], io);
    return io.out().includes('\u001b[');
  };
  const table: readonly [boolean, Record<string, string>, boolean][] = [
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ];
  for (const [tty, env, expected] of table) {
    it(`is ${expected ? 'on' : 'off'} ${tty ? 'on a terminal' : 'in a pipe'} with ${JSON.stringify(env)}`, async () => {
      assert.equal(await coloured(tty, env), expected);
    });
  }

  it('is never in JSON, which is the same with and without a terminal', async () => {
    const json = async (tty: boolean): Promise<string> => {
      const io = fakeIo({ stdoutIsTTY: tty, env: { CONDUXT_HOME: '/nonexistent/conduxt', FORCE_COLOR: '1' } });
      await main(['agents', '--json'], io);
      return io.out();
    };
    assert.equal(await json(true), await json(false));
    assert.doesNotMatch(await json(true), /\u001b/);
  });
});

describe('what is loaded', () => {
  const HEAVY = ['zod', 'p-queue', '@agentclientprotocol'];
  const hook = `import { registerHooks } from 'node:module';
    const seen = new Set();
    registerHooks({ resolve(specifier, context, next) { seen.add(specifier); return next(specifier, context); } });
    process.on('exit', () => console.error('LOADED ' + [...seen].join(' ')));`;
  for (const args of [
    ['--version'],
    ['--help'],
    ['status'],
    ['tell', 'x', 'hi'],
    ['cancel', 'x'],
    ['log', 'x'],
    ['wait', 'x'],
    ['stop', 'x'],
  ]) {
    it(`by ${args.join(' ')} is little: none of the large libraries`, (t) => {
      const home = mkdtempSync(path.join(tmpdir(), 'conduxt-home-'));
      t.after(() => rmSync(home, { recursive: true, force: true }));
      const program = path.resolve(import.meta.dirname, '../../src/cli/bin.ts');
      const { stderr } = spawnSync(
        process.execPath,
        ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, program, ...args],
        {
          encoding: 'utf8',
          cwd: '/',
          env: { PATH: process.env['PATH'] ?? '', HOME: home, CONDUXT_HOME: path.join(home, 'state') },
        },
      );
      const loaded = stderr.split('LOADED ')[1]?.trim().split(' ') ?? [];
      assert.ok(
        loaded.some((name) => name.endsWith('version.ts')),
        stderr,
      );
      assert.deepEqual(
        loaded.filter((name) => HEAVY.some((heavy) => name.startsWith(heavy))),
        [],
      );
    });
  }
});

describe('a command line', () => {
  it('tells its version', async () => {
    assert.deepEqual(await run('--version'), { code: 0, out: `${version}\n`, err: '' });
  });

  const mistakes: readonly [readonly string[], RegExp][] = [
    [['statis'], /Unknown command 'statis'.*\n.*Did you mean status\?/],
    [['status', '--jsn'], /Unknown option '--jsn'.*\n.*Did you mean --json\?/],
    [['tell'], /Missing required argument 'session'/],
    [['log', 'x', '--tail', '-1'], /whole number/],
    [['log', 'x', '--since', 'yesterday'], /cursor/],
    [['wait', 'x', '--timeout', 'soon'], /90s, 30m/],
    [['wait', 'x', '--timeout', '30d'], /at most 24d/],
    [['run', 'x', '--permissions', 'all'], /approve-all/],
    [['prune'], /--older-than/],
    [['completion', 'tcsh'], /bash, zsh, fish/],
    [['tell', 'x', 'hi', '--steer', '--interrupt'], /--steer and --interrupt cannot be used together/],
    [['cancel', 'x', '--queued', '--task'], /--queued and --task cannot be used together/],
    [['tell', 'x', '   '], /nothing to say/],
    [['tell', 'x', 'hi', '--key', 'a key'], /A key may have/],
    [['watchdog', '--interval', 'often'], /Use a duration/],
  ];
  for (const [args, expected] of mistakes) {
    it(`with a mistake is exit 2 and says what to do: ${args.join(' ')}`, async () => {
      const { code, out, err } = await run(...args);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, /^conduxt: .*\n/);
      assert.match(err, expected);
    });
  }

  it('without a command shows the help and is a mistake', async () => {
    const { code, out, err } = await run();
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /^Usage: conduxt/);
  });

  it('reports a mistake as JSON when JSON was asked for', async () => {
    const { code, out, err } = await run('status', '--jsn', '--json');
    assert.deepEqual([code, err], [2, '']);
    assert.deepEqual(JSON.parse(out), {
      schemaVersion: 1,
      error: {
        code: 'unknown-option',
        message: "Unknown option '--jsn'.",
        remedy: 'Did you mean --json? See conduxt status --help.',
        exitCode: 2,
        facts: {},
      },
    });
  });

  it('takes --json behind -- as text', async () => {
    assert.match((await run('tell', 'nobody', '--', '--json')).err, /no session named "nobody"/);
  });
});
