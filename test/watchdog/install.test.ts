import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { cronLine, entryIn, withEntry, withoutEntry } from '../../src/watchdog/install/crontab-text.ts';
import { Desk } from '../cli/scratch.ts';

const line = '*/3 * * * * node conduxt.js watchdog --once';

describe('the text of a crontab', () => {
  const lines = fc.array(
    fc.string().map((text) => text.replaceAll('\n', ' ')),
    { maxLength: 6 },
  );

  it('is the same byte for byte after installing and removing', () => {
    fc.assert(
      fc.property(lines, (other) => {
        const before = other.map((text) => `${text}\n`).join('');
        const after = withEntry(before, line);
        assert.ok(after.startsWith(before));
        assert.equal(entryIn(after), line);
        assert.equal(withoutEntry(after), before);
      }),
    );
  });

  it('has one entry however often it is installed, at its old place', () => {
    fc.assert(
      fc.property(lines, lines, (above, below) => {
        const text = (some: readonly string[]): string => some.map((one) => `${one}\n`).join('');
        const before = withEntry(text(above), 'old') + text(below);
        assert.equal(withEntry(before, line), withEntry(text(above), line) + text(below));
        assert.equal(withoutEntry(before), text(above) + text(below));
      }),
    );
  });

  it('without an end of our entry, or without a last line break, loses nothing', () => {
    const torn = withEntry('a\n', line).replace(/# <<<.*\n/, '');
    assert.equal(withoutEntry(torn), torn);
    assert.ok(withEntry('* * * * * mine', line).startsWith('* * * * * mine\n'));
  });

  it('carries any path through cron and its shell', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab \'"%$`\\;&*') }), (text) => {
        const written = cronLine({ node: '/bin/echo', program: text, env: {} }, 180_000);
        const command = written.replace('*/3 * * * * ', '').replaceAll('\\%', '%').replace(' >/dev/null 2>&1', '');
        if (text.includes('\\%')) return;
        assert.equal(
          execFileSync('/bin/sh', ['-c', `printf '%s\n' ${command.slice("'/bin/echo' ".length)}`]).toString(),
          `${text}\nwatchdog\n--once\n`,
        );
      }),
      { numRuns: 30 },
    );
  });
});

/** A `crontab` that keeps its table in a file, as the real one does in the spool. */
function desk(t: TestContext, table: string | null) {
  const scratch = new Desk(t);
  const bin = path.join(scratch.root, 'bin');
  const file = path.join(scratch.root, 'table');
  mkdirSync(bin);
  if (table !== null) writeFileSync(file, table);
  writeFileSync(
    path.join(bin, 'crontab'),
    `#!/bin/sh\nif [ "$1" = -l ]; then [ -f ${file} ] && cat ${file} || { echo "no crontab for you" >&2; exit 1; }; else cat > ${file}; fi\n`,
  );
  chmodSync(path.join(bin, 'crontab'), 0o755);
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  return { file, run: (...args: string[]) => scratch.run(['watchdog', ...args], { env }) };
}

describe('conduxt watchdog install', () => {
  const mine = '# mine\nMAILTO=me@example.invalid\n0 4 * * * backup --all  \n';

  it('shows the line and writes nothing until somebody says yes', async (t) => {
    const { file, run } = desk(t, mine);
    const { code, out, err } = await run('install');
    assert.equal(code, 6);
    assert.match(out, /all others stay/);
    assert.match(err, /--yes/);
    assert.equal(readFileSync(file, 'utf8'), mine);
  });

  it('writes absolute paths, is known to status, and leaves the rest as it was', async (t) => {
    const { file, run } = desk(t, mine);
    assert.match((await run('status')).out, /not in your crontab/);
    assert.equal((await run('install', '--yes')).code, 0);
    const installed = readFileSync(file, 'utf8');
    assert.ok(installed.startsWith(mine));
    assert.ok(installed.includes(`'${process.execPath}' '/`));
    assert.match(installed, /CONDUXT_HOME='\//);
    const status = JSON.parse((await run('status', '--json')).out) as Record<string, unknown>;
    assert.deepEqual([status['installed'], status['missing']], [true, null]);
    assert.match((await run('install', '--yes')).out, /already/);
    assert.equal((await run('uninstall', '--yes')).code, 0);
    assert.equal(readFileSync(file, 'utf8'), mine);
    assert.match((await run('uninstall', '--yes')).out, /no entry/);
  });

  it('works where there was no crontab, and says so where there is no cron', async (t) => {
    const { file, run } = desk(t, null);
    assert.equal((await run('install', '--yes', '--interval', '10m')).code, 0);
    assert.match(readFileSync(file, 'utf8'), /^\*\/10 \* \* \* \* /m);
    const bare = await new Desk(t).run(['watchdog', 'install', '--yes'], { env: { PATH: '/nonexistent' } });
    assert.equal(bare.code, 5);
    assert.match(bare.err, /no program "crontab"/);
    assert.ok(existsSync(file));
  });

  it('does not touch a crontab that it could not write back', async (t) => {
    const { file, run } = desk(t, null);
    writeFileSync(file, Buffer.from([0x23, 0xff, 0x0a]));
    assert.equal((await run('install', '--yes')).code, 6);
    assert.deepEqual(readFileSync(file), Buffer.from([0x23, 0xff, 0x0a]));
  });
});
