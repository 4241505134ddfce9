import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import {
  cronLine,
  entryIn,
  intervalOf as cronIntervalOf,
  withEntry,
  withoutEntry,
} from '../../src/watchdog/install/crontab-text.ts';
import { intervalOf, programsIn, serviceText, timerText } from '../../src/watchdog/install/systemd-text.ts';
import { Desk } from '../cli/scratch.ts';

const line = '*/3 * * * * node conduxt.js watchdog --once';

describe('how often it looks', () => {
  it('is read from what was written, and from nothing that a person changed', () => {
    for (const minutes of [1, 2, 3, 10, 59, 60]) {
      const written = cronLine({ node: '/n', program: '/p', env: {} }, minutes * 60_000);
      assert.equal(cronIntervalOf(written), minutes * 60_000, written);
      assert.equal(intervalOf(timerText(minutes * 60_000)), minutes * 60_000);
    }
    for (const other of ['5 4 * * * x', '0 3 * * * x', '@reboot x', '*/x * * * * x', ''])
      assert.equal(cronIntervalOf(other), null, other);
    assert.equal(intervalOf('[Timer]\nOnCalendar=hourly\n'), null);
  });
});

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
  // A systemctl that knows whether the timer is enabled; without the file `bus` it reaches nobody, as in a container.
  const calls = path.join(scratch.root, 'calls');
  writeFileSync(
    path.join(bin, 'systemctl'),
    `#!/bin/sh
cd ${scratch.root} && [ -f bus ] || { echo "Failed to connect to bus" >&2; exit 1; }
shift 3; echo "$*" >> calls
case "$1" in
  enable) [ -f broken ] && { echo "Unit is masked." >&2; exit 1; }; touch enabled ;;
  disable) rm -f enabled ;;
  is-active) [ -f enabled ] && echo active || { echo inactive; exit 3; } ;;
esac
exit 0
`,
  );
  writeFileSync(
    path.join(bin, 'loginctl'),
    `#!/bin/sh\necho Linger=$(cat ${scratch.root}/linger 2>/dev/null || echo no)\n`,
  );
  for (const program of ['systemctl', 'loginctl']) chmodSync(path.join(bin, program), 0o755);
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: scratch.root };
  const at = (name: string): string => path.join(scratch.root, name);
  const json = async (...args: string[]): Promise<Record<string, unknown>> =>
    JSON.parse((await scratch.run(['watchdog', ...args, '--json'], { env })).out) as Record<string, unknown>;
  return {
    file,
    at,
    home: scratch.home,
    nowMs: scratch.io().now(),
    json,
    unit: (kind: 'service' | 'timer') => at(`.config/systemd/user/conduxt-watchdog.${kind}`),
    calls: () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []),
    run: (...args: string[]) => scratch.run(['watchdog', ...args], { env }),
    /** What doctor says about it. */
    checked: async (): Promise<string> =>
      (await scratch.run(['doctor', '--verify'], { env })).out
        .split('\n')
        .find((line) => line.includes(' watchdog ')) ?? '',
  };
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
    assert.match((await run('status')).out, /neither in your crontab nor a timer/);
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

describe('conduxt watchdog install where the user has a systemd', () => {
  const mine = '0 4 * * * backup\n';

  it('shows both units and writes nothing until somebody says yes', async (t) => {
    const { at, unit, run, calls } = desk(t, mine);
    writeFileSync(at('bus'), '');
    const { code, out } = await run('install');
    assert.equal(code, 6);
    assert.match(
      out,
      /written to .*conduxt-watchdog\.service:\n[^]*ExecStart=systemd-run [^\n]*--scope [^\n]*"\/[^]*OnUnitActiveSec=180s/,
    );
    assert.equal(existsSync(unit('service')), false);
    assert.deepEqual(calls(), ['show-environment']);
  });

  it('writes, enables, is known to status, and leaves nothing when it is uninstalled', async (t) => {
    const { at, file, unit, json, run, calls } = desk(t, mine);
    writeFileSync(at('bus'), '');
    const installed = await run('install', '--yes', '--interval', '1m');
    assert.equal(installed.code, 0);
    assert.match(installed.err, /while you are logged out[^]*loginctl enable-linger/);
    assert.match(readFileSync(unit('service'), 'utf8'), /^Environment="CONDUXT_HOME=\/.*"$/m);
    assert.match(readFileSync(unit('timer'), 'utf8'), /^OnUnitActiveSec=60s$/m);
    assert.ok(calls().includes('enable --now conduxt-watchdog.timer'));
    assert.equal(readFileSync(file, 'utf8'), mine);
    const status = await json('status');
    assert.deepEqual(
      [status['by'], status['installed'], status['entry'], status['missing'], status['problem']],
      ['systemd', true, unit('timer'), null, null],
    );
    writeFileSync(at('linger'), 'yes');
    const again = await run('install', '--yes', '--interval', '1m');
    assert.deepEqual([/already/.test(again.out), again.err], [true, '']);
    assert.match((await run('uninstall', '--yes')).out, /This file is removed: .*timer[^]*Removed/);
    assert.deepEqual(
      [existsSync(unit('service')), existsSync(unit('timer')), existsSync(at('enabled'))],
      [false, false, false],
    );
    assert.equal((await json('status'))['installed'], false);
  });

  it('is never in both places: --with moves it, and what is there stays where nothing is said', async (t) => {
    const { at, file, unit, json, run } = desk(t, mine);
    assert.equal((await run('install', '--yes')).code, 0);
    assert.ok(entryIn(readFileSync(file, 'utf8')), 'without a systemd it is cron');
    writeFileSync(at('bus'), '');
    assert.match((await run('install', '--yes')).out, /already/);
    const moved = await run('install', '--with', 'systemd', '--yes');
    assert.match(moved.out, /removed from your crontab[^]*written to .*service/);
    assert.equal(readFileSync(file, 'utf8'), mine);
    assert.ok(existsSync(unit('timer')));
    assert.equal((await run('install', '--with', 'cron', '--yes')).code, 0);
    assert.deepEqual([existsSync(unit('timer')), existsSync(at('enabled'))], [false, false]);
    assert.equal((await json('status'))['by'], 'crontab');
  });

  it('that systemd refuses leaves what was there before', async (t) => {
    const { at, file, unit, run } = desk(t, mine);
    await run('install', '--with', 'cron', '--yes');
    const before = readFileSync(file, 'utf8');
    for (const name of ['bus', 'broken']) writeFileSync(at(name), '');
    const { code, err } = await run('install', '--with', 'systemd', '--yes');
    assert.deepEqual([code, /enable.*failed: Unit is masked\.[^]*--with cron/.test(err)], [5, true], err);
    assert.deepEqual([existsSync(unit('service')), readFileSync(file, 'utf8')], [false, before]);
  });

  it('is known to doctor: that it is missing, that it runs, and why it does not', async (t) => {
    const { at, file, unit, run, checked } = desk(t, null);
    writeFileSync(at('bus'), '');
    assert.match(await checked(), /^note .*is not installed/);
    await run('install', '--yes');
    assert.match(await checked(), /^ok .*every few minutes: a timer of your systemd/);
    rmSync(at('enabled'));
    assert.match(await checked(), /^note .*does not run: its timer is inactive/);
    writeFileSync(unit('service'), readFileSync(unit('service'), 'utf8').replace(process.execPath, '/gone/node'));
    assert.match(await checked(), /does not run: \/gone\/node is not there any more/);
    await run('uninstall', '--yes');
    writeFileSync(file, Buffer.from([0x23, 0xff, 0x0a]));
    assert.match(await checked(), /^note .*not UTF-8/);
  });

  it('says when it looked last, and that it does not although its files are right', async (t) => {
    const { at, home, nowMs, json, run, checked } = desk(t, mine);
    await run('install', '--yes', '--interval', '2m', '--with', 'cron');
    assert.match((await run('status')).out, /It has not looked yet\./);
    assert.deepEqual([(await json('status'))['lastLookAt'], (await json('status'))['problem']], [null, null]);
    await run('--once');
    assert.match((await run('status')).out, /It looked \d+ m?s ago, at 20/);
    const look = path.join(home, 'watchdog/last-look');
    const longAgo = new Date(nowMs - 12 * 60_000);
    writeFileSync(look, `${longAgo.toISOString()}\n`);
    utimesSync(look, longAgo, longAgo);
    const late = await run('status');
    assert.match(
      late.err,
      /does not run: it should look every 2 min 00 s, and did 12 min 00 s ago[^]*→ See whether cron runs/,
    );
    assert.match(await checked(), /^note .*does not run: it should look/);
    // Who installs it now waits for the first look again.
    writeFileSync(at('bus'), '');
    await run('install', '--yes', '--with', 'systemd');
    assert.equal((await json('status'))['problem'], null);
    utimesSync(look, longAgo, longAgo);
    assert.match(
      String((await json('status'))['problem']),
      /every 3 min 00 s, and did not since it was installed 12 min/,
    );
    assert.equal((await json('status'))['lingers'], false);
    assert.match((await run('status')).err, /after a reboot until your next login[^]*enable-linger/);
    writeFileSync(at('linger'), 'yes');
    assert.deepEqual([(await json('status'))['lingers'], /linger/.test((await run('status')).err)], [true, false]);
  });

  it('is removed also where no systemd answers any more, and said to be asleep until then', async (t) => {
    const { at, unit, json, run } = desk(t, null);
    writeFileSync(at('bus'), '');
    await run('install', '--yes');
    rmSync(at('bus'));
    assert.match(String((await json('status'))['problem']), /does not answer/);
    assert.equal((await run('uninstall', '--yes')).code, 0);
    assert.equal(existsSync(unit('timer')), false);
    assert.equal((await run('uninstall', '--with', 'cron')).code, 2);
  });

  it('writes units that systemd understands, whatever the paths hold', (t) => {
    if (spawnSync('systemd-analyze', ['--version']).error !== undefined) {
      t.skip('systemd-analyze is not installed');
      return;
    }
    const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-units-')));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    const odd = path.join(root, `a b 'c' "d" %h $HOME \\n ; #`);
    mkdirSync(odd);
    const node = path.join(odd, 'node');
    writeFileSync(node, '#!/bin/sh\n');
    chmodSync(node, 0o755);
    const service = serviceText({ node, program: path.join(odd, 'x.js'), env: { PATH: `/bin:${odd}` } });
    assert.deepEqual(programsIn(service), [node, path.join(odd, 'x.js')]);
    writeFileSync(path.join(root, 'conduxt-watchdog.service'), service);
    writeFileSync(path.join(root, 'conduxt-watchdog.timer'), timerText(180_000));
    const files = ['service', 'timer'].map((kind) => path.join(root, `conduxt-watchdog.${kind}`));
    const verified = spawnSync('systemd-analyze', ['--user', 'verify', ...files], {
      encoding: 'utf8',
      env: { ...process.env, XDG_RUNTIME_DIR: root },
    });
    const about = verified.stderr.split('\n').filter((line) => line.includes('conduxt-watchdog'));
    assert.deepEqual([about, verified.status], [[], 0], verified.stderr);
  });

  it('refuses a path that no unit can hold', () => {
    assert.throws(() => serviceText({ node: '/bin/a\nb', program: '/x', env: {} }), { code: 'path-not-for-systemd' });
  });
});
