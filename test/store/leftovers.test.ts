import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { tryLock } from '../../src/lock/file-lock.ts';
import { newSessionId } from '../../src/session/ids.ts';
import { createSession, releaseName } from '../../src/store/create-session.ts';
import { leftovers, sweepLeftovers, sweepTemporaries } from '../../src/store/leftovers.ts';
import { sessionPaths } from '../../src/store/paths.ts';
import { sessionRecord } from '../session/samples.ts';

const HOUR = 3_600_000;
const nobody = new Set<string>();

function make(t: TestContext) {
  const home = mkdtempSync(path.join(tmpdir(), 'conduxt-left-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const key = 'demo-12345678';
  const nameFile = (name: string): string => path.join(home, 'repos', key, 'names', name);
  const named = (name: string): string => {
    const record = sessionRecord({ id: newSessionId(), name });
    createSession(home, path.join(home, 'run'), record, 'do it');
    return record.id;
  };
  return {
    home,
    key,
    named,
    /** As a command leaves it that was killed before the link. */
    unnamed: (name: string): string => {
      const id = named(name);
      rmSync(nameFile(name));
      return id;
    },
    dir: (id: string): string => sessionPaths(home, id, path.join(home, 'run')).dir,
    found: (nowMs: number, living = nobody) =>
      leftovers(home, nowMs, living).map((one) => path.relative(home, one.path)),
  };
}

describe('what a killed command left behind', () => {
  it('is a session that never got its name, once it is an hour old', async (t) => {
    const { home, named, unnamed, dir, found } = make(t);
    const kept = named('kept');
    const lost = unnamed('lost');
    assert.deepEqual(found(Date.now()), [], 'it may be getting its name right now');
    assert.deepEqual(found(Date.now() + 2 * HOUR), [`sessions/${lost}`]);
    const swept = await sweepLeftovers(home, Date.now() + 2 * HOUR, nobody);
    assert.deepEqual(
      swept.map(({ kind }) => kind),
      ['session'],
    );
    assert.deepEqual([existsSync(dir(lost)), existsSync(dir(kept))], [false, true]);
    assert.deepEqual(found(Date.now() + 2 * HOUR), []);
  });

  it('is half a session, and a temporary file', async (t) => {
    const { home, key, named, found } = make(t);
    named('kept');
    const half = path.join(home, 'sessions', `.new-${newSessionId()}`);
    mkdirSync(half);
    const temporary = path.join(home, 'repos', key, 'names', '.tmp-123-0123456789ab');
    writeFileSync(temporary, 's-');
    const long = Date.now() / 1000 - 7200;
    for (const file of [half, temporary]) utimesSync(file, long, long);
    assert.deepEqual(
      found(Date.now()).toSorted(),
      [half, temporary].map((file) => path.relative(home, file)).toSorted(),
    );
    assert.equal((await sweepLeftovers(home, Date.now(), nobody)).length, 2);
    assert.deepEqual([existsSync(half), existsSync(temporary)], [false, false]);
  });

  it('is a prompt that was being written: the next host of its session takes it away, and no other file', (t) => {
    const { home, named } = make(t);
    const paths = sessionPaths(home, named('one'), path.join(home, 'run'));
    const prompts = readdirSync(paths.prompts);
    const inPrompts = path.join(paths.prompts, '.tmp-123-0123456789ab');
    const fresh = path.join(paths.dir, '.tmp-123-0123456789ab');
    const old = path.join(paths.dir, '.tmp-124-0123456789ab');
    for (const file of [inPrompts, fresh, old]) writeFileSync(file, 'half');
    utimesSync(old, 1000, 1000);
    sweepTemporaries(paths, Date.now());
    assert.deepEqual(
      [inPrompts, fresh, old].map((file) => existsSync(file)),
      [false, true, false],
    );
    assert.deepEqual(readdirSync(paths.prompts), prompts);
  });

  it('is never a session that has begun, is archived, has a host or a living process', async (t) => {
    const { home, key, named, unnamed, dir, found } = make(t);
    const later = Date.now() + 2 * HOUR;
    const begun = unnamed('begun');
    writeFileSync(path.join(dir(begun), 'journal.ndjson'), '');
    const archived = named('archived');
    releaseName(home, key, 'archived', archived);
    const living = unnamed('living');
    assert.deepEqual(found(later, new Set([living])), []);
    const lock = await tryLock(path.join(dir(living), 'host.lock'));
    assert.ok(lock);
    t.after(() => lock.release());
    const program = `
      import { sweepLeftovers } from ${JSON.stringify(path.resolve(import.meta.dirname, '../../src/store/leftovers.ts'))};
      console.log(JSON.stringify(await sweepLeftovers(${JSON.stringify(home)}, ${later}, new Set())));`;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', program];
    assert.equal(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim(), '[]');
    assert.ok(existsSync(dir(living)));
  });
});
