import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { MemoryEntries } from '../../src/host/memory-entries.ts';
import { encodeRecord } from '../../src/journal/record-line.ts';
import { identityOf } from '../../src/process/identity.ts';
import type { SessionEvent } from '../../src/session/events.ts';
import { Desk } from '../cli/scratch.ts';
import { ended, handed, journalOf, queued } from '../session/samples.ts';

/** A session whose host is a process that lives until the test ends it. */
function living(t: TestContext) {
  const desk = new Desk(t);
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const identity = identityOf(child.pid ?? 0);
  assert.ok(identity);
  const cwd = path.join(desk.root, 'worktree');
  mkdirSync(cwd);
  const events: SessionEvent[] = [
    { type: 'host-started', process: identity, version: '0' },
    { type: 'worktree-ready', path: cwd, branch: 'fix/x', baseCommit: 'b'.repeat(40), created: true },
    queued('p-1'),
    handed('p-1'),
  ];
  const { paths } = desk.session('one', events, { cwd });
  const known = new MemoryEntries();
  return {
    cwd,
    paths,
    append: (event: SessionEvent): void => {
      for (const record of journalOf([event], 1, 10)) appendFileSync(paths.journal, encodeRecord(record));
    },
    entry: () => {
      const [entry] = known.of(desk.home, path.join(desk.root, 'conduxt'), desk.repoKey);
      assert.ok(entry);
      return entry;
    },
    endHost: async (): Promise<void> => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('the entries of the memory file', () => {
  it('follow a journal that grows, a host that dies, and a worktree that goes', async (t) => {
    const { cwd, append, entry, endHost } = living(t);
    assert.deepEqual([entry().state, entry().cleaned], ['running', false]);
    append({ type: 'milestone', text: 'half way', level: 'info' });
    assert.equal(entry().milestone, 'half way');
    await endHost();
    assert.deepEqual([entry().state, entry().pid], ['crashed', null]);
    append(ended('p-1', { verdict: 'failed' }));
    append({ type: 'task-ended', end: 'failed', reason: 'it broke' });
    rmSync(cwd, { recursive: true });
    assert.deepEqual([entry().state, entry().reason, entry().cleaned], ['failed', 'it broke', true]);
  });

  it('are not read again while nothing has changed', (t) => {
    const { paths, entry } = living(t);
    const mtime = new Date(1_790_000_000_000);
    utimesSync(paths.journal, mtime, mtime);
    assert.equal(entry().state, 'running');
    // In place, of the same length and age: only a reader would notice.
    writeFileSync(paths.journal, readFileSync(paths.journal, 'latin1').replaceAll(/[^\n]/g, ' '), { flag: 'r+' });
    utimesSync(paths.journal, mtime, mtime);
    assert.equal(entry().state, 'running');
  });
});
