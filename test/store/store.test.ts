import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { newPromptId, newSessionId } from '../../src/session/ids.ts';
import type { SessionRecord } from '../../src/session/record.ts';
import { readUmask } from '../../src/process/umask.ts';
import { createSession, createSessionInPlaceOf, describePrompt, releaseName } from '../../src/store/create-session.ts';
import { createFile, replaceFile, requireOwnDirectory } from '../../src/store/durable-files.ts';
import { findSession } from '../../src/store/find-session.ts';
import { sessionPaths } from '../../src/store/paths.ts';
import { listNames, readSession } from '../../src/store/read-session.ts';
import { sessionRecord } from '../session/samples.ts';

const root = mkdtempSync(path.join(tmpdir(), 'conduxt-store-'));
after(() => rmSync(root, { recursive: true, force: true }));
let homes = 0;
const newHome = (): string => path.join(root, `home-${(homes += 1)}`);

const record = (name: string, repoKey = 'demo-12345678'): SessionRecord =>
  sessionRecord({
    id: newSessionId(),
    name,
    repo: { key: repoKey, slug: 'demo', root: '/repo', commonDir: '/repo/.git' },
    firstPrompt: describePrompt(newPromptId(), 'task', 'fix it'),
  });

describe('creating a session', () => {
  it('leaves the whole session on disk, private to its owner', () => {
    const home = newHome();
    const made = record('issue-78');
    const result = createSession(home, root, made, 'fix it');
    assert.equal(result.type, 'created');
    const view = readSession(home, root, made.id);
    assert.deepEqual(view?.record, { ...made, umask: readUmask() });
    assert.equal(view?.state, 'crashed', 'its prompt is owed and no host lives yet');
    const paths = sessionPaths(home, made.id, root);
    assert.equal(readFileSync(path.join(paths.prompts, `${made.firstPrompt?.promptId}.txt`), 'utf8'), 'fix it');
    for (const directory of [home, paths.dir, paths.prompts, paths.run])
      assert.equal(statSync(directory).mode & 0o777, 0o700, directory);
    assert.equal(statSync(paths.record).mode & 0o777, 0o600);
  });

  it('refuses a name that is taken, and leaves nothing of the second behind', () => {
    const home = newHome();
    const first = record('issue-78');
    createSession(home, root, first, 'one');
    assert.deepEqual(createSession(home, root, record('issue-78'), 'two'), { type: 'taken', id: first.id });
    assert.deepEqual(readdirSync(path.join(home, 'sessions')), [first.id]);
  });

  it('allows the same name in another repository', () => {
    const home = newHome();
    createSession(home, root, record('issue-78'), 'one');
    assert.equal(createSession(home, root, record('issue-78', 'other-00000000'), 'two').type, 'created');
  });

  it('gives the name of a finished session to a new one in one step, and lists the old one in the archive', async () => {
    const home = newHome();
    const old = record('issue-78');
    createSession(home, root, old, 'one');
    const next = record('issue-78');
    assert.equal((await createSessionInPlaceOf(home, root, next, 'two', old.id)).type, 'created');
    assert.deepEqual(
      listNames(home, 'demo-12345678').map((one) => one.id),
      [next.id],
    );
    assert.deepEqual(readdirSync(path.join(home, 'repos', 'demo-12345678', 'archive')), [`issue-78-${old.id}`]);
    assert.ok(existsSync(sessionPaths(home, old.id, root).dir));
  });

  it('lets only one of two take over a name, and leaves nothing of the other behind', async () => {
    const home = newHome();
    const old = record('issue-78');
    createSession(home, root, old, 'one');
    const rivals = [record('issue-78'), record('issue-78')];
    const results = await Promise.all(rivals.map((rival) => createSessionInPlaceOf(home, root, rival, 'two', old.id)));
    assert.deepEqual(results.map((result) => result.type).toSorted(), ['created', 'taken']);
    assert.equal(readdirSync(path.join(home, 'sessions')).length, 2);
  });

  it('is not called crashed before its first host had time to start', () => {
    const home = newHome();
    const made = { ...record('issue-78'), createdAt: new Date().toISOString() };
    createSession(home, root, made, 'fix it');
    const view = readSession(home, root, made.id);
    assert.deepEqual([view?.state, view?.hostAlive], ['preparing', false]);
  });

  it('gives a released name to a new session and keeps the old one', () => {
    const home = newHome();
    const old = record('issue-78');
    createSession(home, root, old, 'one');
    releaseName(home, 'demo-12345678', 'issue-78', old.id);
    assert.equal(createSession(home, root, record('issue-78'), 'two').type, 'created');
    assert.ok(existsSync(sessionPaths(home, old.id, root).dir));
    releaseName(home, 'demo-12345678', 'issue-78', old.id);
    assert.equal(
      listNames(home, 'demo-12345678').length,
      1,
      'releasing again does not take the name from its new owner',
    );
  });

  it('says what to do when the state directory cannot be made', () => {
    const file = path.join(root, 'a-file');
    writeFileSync(file, '');
    assert.throws(() => createSession(path.join(file, 'home'), root, record('issue-78'), 'x'), {
      code: 'state-unwritable',
      exitCode: 74,
    });
  });

  it('says so too where a directory exists and takes no children', () => {
    assert.throws(() => createSession('/proc/nope/home', root, record('issue-78'), 'x'), {
      code: 'state-unwritable',
      exitCode: 74,
    });
  });
});

describe('finding a session', () => {
  const home = newHome();
  const here = record('issue-78');
  const there = record('issue-78', 'other-00000000');
  const lonely = record('lonely', 'other-00000000');
  for (const one of [here, there, lonely]) createSession(home, root, one, 'x');

  it('prefers the name in this repository', () =>
    assert.equal(findSession(home, 'demo-12345678', 'issue-78').id, here.id));
  it('takes repo/name from anywhere', () =>
    assert.equal(findSession(home, 'demo-12345678', 'other/issue-78').id, there.id));
  it('takes a name that is unique', () => assert.equal(findSession(home, null, 'lonely').id, lonely.id));
  it('takes a session id', () => assert.equal(findSession(home, null, there.id).name, 'issue-78'));
  it('refuses an ambiguous name and lists the choices', () =>
    assert.throws(() => findSession(home, null, 'issue-78'), {
      code: 'ambiguous-name',
      exitCode: 2,
      message: /demo-12345678\/issue-78, other-/,
    }));
  it('lists what there is when the name is unknown', () =>
    assert.throws(() => findSession(home, 'demo-12345678', 'nope'), {
      code: 'session-not-found',
      exitCode: 4,
      message: /issue-78/,
    }));
});

describe('listing names', () => {
  it('passes over what is no repository and no name', () => {
    const home = newHome();
    const made = record('issue-78');
    createSession(home, root, made, 'x');
    writeFileSync(path.join(home, 'repos/.DS_Store'), '');
    writeFileSync(path.join(home, 'repos/notes.txt'), '');
    mkdirSync(path.join(home, 'repos/demo-12345678/names/directory'));
    assert.deepEqual(listNames(home, null), [{ repoKey: 'demo-12345678', name: 'issue-78', id: made.id }]);
  });
});

describe('small durable files', () => {
  it('are replaced whole and leave no temporary file', () => {
    const directory = mkdtempSync(path.join(root, 'files-'));
    const file = path.join(directory, 'a');
    replaceFile(file, 'one');
    replaceFile(file, 'two');
    assert.equal(readFileSync(file, 'utf8'), 'two');
    assert.deepEqual(readdirSync(directory), ['a']);
  });

  it('are created once', () => {
    const directory = mkdtempSync(path.join(root, 'files-'));
    assert.equal(createFile(path.join(directory, 'a'), 'one'), true);
    assert.equal(createFile(path.join(directory, 'a'), 'two'), false);
    assert.equal(readFileSync(path.join(directory, 'a'), 'utf8'), 'one');
    assert.deepEqual(readdirSync(directory), ['a']);
  });
});

describe('the directory for sockets', () => {
  it('is made for its owner alone', () => {
    const directory = path.join(root, 'runtime-new');
    requireOwnDirectory(directory);
    requireOwnDirectory(directory);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
  });

  it('is refused when others can write to it, or when it is a link', () => {
    const open = path.join(root, 'runtime-open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const link = path.join(root, 'runtime-link');
    symlinkSync(mkdtempSync(path.join(root, 'elsewhere-')), link);
    for (const directory of [open, link]) {
      assert.throws(() => requireOwnDirectory(directory), { code: 'runtime-directory-unsafe', exitCode: 6 });
    }
  });
});

describe('socket paths', () => {
  const deep = `/home/${'d'.repeat(150)}`;
  const pathsOn = (platform: NodeJS.Platform): readonly string[] =>
    [record('a-one'), record('b-two')].map((one) => sessionPaths(deep, one.id, '/run/user/0/conduxt', platform).socket);

  it('stay in the session where the system lets a long one be reached, whatever the environment says', () => {
    for (const socket of pathsOn('linux')) assert.ok(socket.startsWith(`${deep}/sessions/`), socket);
  });

  it('elsewhere move to the short runtime directory when the home is deep, and differ per session', () => {
    const [a, b] = pathsOn('darwin');
    assert.notEqual(a, b);
    assert.ok(Buffer.byteLength(a ?? '') <= 100);
    assert.ok(a?.startsWith('/run/user/0/conduxt/'));
  });
});
