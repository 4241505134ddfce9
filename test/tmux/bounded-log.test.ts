import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { GrownLines } from '../../src/placement/grown-lines.ts';
import { cutLog, endOfLog } from '../../src/tmux/bounded-log.ts';
import { makeRunDirectory, readExit, sizeOf } from '../../src/tmux/run-directory.ts';
import { hasTmux, TmuxScratch, until } from './scratch.ts';

const KIB = 1024;

describe('the log of a pane', () => {
  it('is cut while it is written, and whoever reads along misses nothing', async (t) => {
    const root = mkdtempSync(path.join(tmpdir(), 'conduxt-log-'));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    const run = makeRunDirectory(root);
    const writer = spawn('sh', ['-c', `exec cat >>'${run.log}'`], { stdio: ['pipe', 'ignore', 'inherit'] });
    const reader = new GrownLines(run.log, 0);
    const seen: string[] = [];
    const read = (): void => {
      for (let lines = reader.next(); lines.length > 0; lines = reader.next()) seen.push(...lines);
    };
    const LINES = 6_000;
    let written = 0;
    let before = 0;
    for (let line = 0; line < LINES; line += 1) {
      const text = `line ${line} ${'x'.repeat(20)}\n`;
      if (!writer.stdin.write(text)) await once(writer.stdin, 'drain');
      written += text.length;
      if (line % 1_000 !== 999) continue;
      await until(() => before + sizeOf(run.log) === written, 'it is written');
      // Half of what is there was read: the rest is in the part that is put aside.
      if (line % 2_000 === 999) read();
      else {
        before = written;
        cutLog(run, 256 * KIB);
        assert.equal(sizeOf(run.log), 0);
        read();
      }
    }
    writer.stdin.end();
    await once(writer, 'exit');
    read();
    const whole = seen.filter((each) => /^line \d+ x{20}$/.test(each)).map((each) => Number(each.split(' ')[1]));
    assert.deepEqual(
      whole,
      Array.from({ length: LINES }, (_, line) => line),
    );
    assert.match(endOfLog(run, 100), new RegExp(`line ${LINES - 1} x{20}\n$`));
    assert.ok(existsSync(run.logCut), 'something is gone, and it is said');
  });

  it('is private like its directory, keeps its end, and takes no more room than that', (t) => {
    const root = mkdtempSync(path.join(tmpdir(), 'conduxt-log-'));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    const run = makeRunDirectory(root);
    assert.equal(endOfLog(run, KIB), '');
    for (const [place, mode] of [
      [run.dir, 0o700],
      [run.log, 0o600],
      [run.hooks, 0o600],
    ] as const) {
      assert.equal(statSync(place).mode & 0o777, mode, place);
    }
    assert.notEqual(path.basename(run.dir), path.basename(makeRunDirectory(root).dir));
    const text = Array.from({ length: 200_000 }, (_, line) => `line ${line}\n`).join('');
    appendFileSync(run.log, text);
    cutLog(run, 64 * KIB);
    assert.ok(statSync(run.logBefore).blocks * 512 <= 80 * KIB, 'what is older is a hole');
    assert.equal(statSync(run.logBefore).mode & 0o777, 0o600);
    assert.equal(endOfLog(run, 32 * KIB), text.slice(-32 * KIB));
    appendFileSync(run.log, 'and on\n');
    assert.equal(endOfLog(run, 32 * KIB), `${text}and on\n`.slice(-32 * KIB));
    assert.equal(endOfLog(run, 4 * KIB * KIB).replace(/^\0+/, ''), `${text.slice(-64 * KIB)}and on\n`);
  });

  it('stays whole, and takes no more room, where the disk has none for its copy', (t) => {
    const root = mkdtempSync(path.join(tmpdir(), 'conduxt-log-'));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', root]).status !== 0) {
      rmSync(root, { recursive: true });
      return t.skip('a disk of its own cannot be mounted here');
    }
    t.after(() => {
      spawnSync('umount', ['-l', root]);
      rmSync(root, { recursive: true, force: true });
    });
    const run = makeRunDirectory(root);
    const text = 'x'.repeat(200 * KIB);
    appendFileSync(run.log, text);
    assert.throws(() => cutLog(run, 128 * KIB), { code: 'ENOSPC' });
    assert.equal(readFileSync(run.log, 'utf8'), text);
    assert.deepEqual(
      readdirSync(run.dir).filter((name) => name.startsWith(path.basename(run.logBefore))),
      [],
    );
  });

  it('is cut by the supervisor of a command that prints without end', async (t) => {
    if (!(await hasTmux(t))) return;
    const scratch = new TmuxScratch(t);
    const script =
      'i=0; while [ $i -lt 4000 ]; do echo "line $i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; i=$((i+1)); done';
    const command = `${script}; until [ -e go-on ]; do sleep 0.05; done; echo the end`;
    const [, run] = await scratch.supervised({ command: 'sh', args: ['-c', command], maxLogBytes: 64 * KIB });
    await until(() => existsSync(run.logBefore), 'it was cut');
    appendFileSync(path.join(scratch.root, 'go-on'), '');
    await until(() => readExit(run) !== null, 'it has ended');
    await until(() => endOfLog(run, KIB).endsWith('the end\r\n'), 'its end is kept');
    assert.ok(sizeOf(run.log) < 64 * KIB);
    assert.match(endOfLog(run, KIB), /line 3999 x+\r\nthe end\r\n$/);
  });
});
