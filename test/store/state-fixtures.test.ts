import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readTurnFile } from '../../src/backend/terminal/turn-file.ts';
import { readJournal } from '../../src/journal/read-journal.ts';
import { readTerminals } from '../../src/placement/ledger.ts';
import { listNames, readRecord, readSession, RECORD_VERSIONS } from '../../src/store/read-session.ts';
import { promptFile, sessionPaths } from '../../src/store/paths.ts';
import { readStarted, runDirectories } from '../../src/tmux/run-directory.ts';
import { memoryFile, noMemory, readMemory } from '../../src/watchdog/memory.ts';
import { Desk } from '../cli/scratch.ts';
import { describeState } from './state-summary.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures/state');
const of = (version: number): string => path.join(FIXTURES, `v${version}`);

/** A copy, for readers that keep something beside what they read. */
function copyOf(t: TestContext, version: number): string {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-state-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  cpSync(path.join(of(version), 'state'), path.join(root, 'state'), { recursive: true });
  return path.join(root, 'state');
}

describe('a state directory of every version that was released', () => {
  it('is kept for each version that the reader knows', () => {
    assert.ok(RECORD_VERSIONS.length > 0);
    for (const version of RECORD_VERSIONS) {
      assert.ok(
        existsSync(path.join(of(version), 'state')),
        `record one: node test/store/record-state.ts fixtures/state/v${version}`,
      );
    }
  });

  for (const version of RECORD_VERSIONS) {
    describe(`version ${version}`, () => {
      it('folds to what it folded to then: over every backend, with waits, answers, a crash and a cancel', (t) => {
        const expected = JSON.parse(readFileSync(path.join(of(version), 'expected.json'), 'utf8')) as object;
        assert.deepEqual(JSON.parse(JSON.stringify(describeState(copyOf(t, version)))), expected);
      });

      it('holds every prompt word for word, as its hash in the journal says', (t) => {
        const home = copyOf(t, version);
        let prompts = 0;
        for (const { id } of listNames(home, null)) {
          const paths = sessionPaths(home, id, path.join(home, 'run'));
          for (const record of readJournal(paths.journal).records) {
            if (record.type !== 'prompt-queued') continue;
            const text = readFileSync(promptFile(paths, record.promptId));
            assert.equal(createHash('sha256').update(text).digest('hex'), record.sha256);
            assert.equal(text.length, record.bytes);
            prompts += 1;
          }
          const first = readRecord(paths.record)?.firstPrompt;
          if (first !== null && first !== undefined) {
            const text = readFileSync(promptFile(paths, first.promptId));
            assert.equal(createHash('sha256').update(text).digest('hex'), first.sha256);
          }
        }
        assert.ok(prompts > 10);
      });

      it('holds the runs of terminals and the watchdog’s memory in a form that is read', (t) => {
        const home = copyOf(t, version);
        const named = listNames(home, null);
        const terminal = named.find(({ name }) => name === 'terminal-review');
        assert.ok(terminal);
        const [run] = runDirectories(sessionPaths(home, terminal.id, path.join(home, 'run')).run);
        assert.ok(run);
        assert.notEqual(readStarted(run), null);
        assert.equal(readTurnFile(run)?.phase, 'submitted');
        const remembered = named.flatMap(({ id }) => {
          const view = readSession(home, path.join(home, 'run'), id);
          return view !== null && existsSync(memoryFile(view.paths)) ? [readMemory(view.paths)] : [];
        });
        assert.ok(remembered.length > 0);
        for (const memory of remembered) assert.notDeepEqual(memory, noMemory);
      });

      it('holds the durable commands and what was trusted in a form that is read', (t) => {
        const home = copyOf(t, version);
        const terminals = readTerminals(home).map(({ name, command, supervised }) => ({ name, command, supervised }));
        assert.deepEqual(terminals, [{ name: 'oc-demo-build', command: ['sh', '-c', 'echo done'], supervised: true }]);
        const [key = ''] = readdirSync(path.join(home, 'repos'));
        assert.equal(readdirSync(path.join(home, 'repos', key, 'trusted')).length, 1);
      });

      it('is shown by status, checked by doctor, and looked at by the watchdog', async (t) => {
        const desk = new Desk(t);
        rmSync(desk.home, { recursive: true, force: true });
        cpSync(path.join(of(version), 'state'), desk.home, { recursive: true });
        const names = listNames(desk.home, null).map(({ name }) => name);
        const status = JSON.parse((await desk.run(['status', '--all', '--json'])).out) as {
          sessions: { name: string; state: string; error?: unknown }[];
        };
        assert.deepEqual(status.sessions.map(({ name }) => name).toSorted(), names.toSorted());
        assert.deepEqual(
          status.sessions.filter(({ error }) => error !== undefined),
          [],
        );
        assert.match(
          (await desk.run(['doctor', '--verify'])).out,
          /journals +\d+ records of \d+ sessions, every checksum is right/,
        );
        for (const name of names) {
          const [key] = readdirSync(path.join(desk.home, 'repos'));
          assert.equal((await desk.run(['log', `${key}/${name}`, '-n', '100'])).code, 0, name);
          assert.equal((await desk.run(['why', `${key}/${name}`])).code, 0, name);
        }
      });
    });
  }
});
