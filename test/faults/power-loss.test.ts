import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { foldSession, type FoldedSession } from '../../src/session/fold/session-fold.ts';
import { readJournal } from '../../src/journal/read-journal.ts';
import { listNames } from '../../src/store/read-session.ts';
import { Machine } from '../e2e/scratch.ts';
import { waitFor } from '../host/scratch.ts';
import { Disk, type FileSystem } from './power.ts';
import { randomOf } from './simulation.ts';

const FULL = process.env['FAULTS'] === 'all';
const ROUNDS = FULL ? 10 : 1;
const SEED = Number(process.env['FAULT_SEED'] ?? '1');
const FILE_SYSTEMS: readonly FileSystem[] = ['ext4', 'xfs'];

const folded = (machine: Machine, id: string): FoldedSession =>
  foldSession(readJournal(path.join(machine.state, 'sessions', id, 'journal.ndjson')).records);

/** A machine, all of it on a disk of its own; null when there can be none, which the test then says. */
function machineOn(t: TestContext, fileSystem: FileSystem): { readonly machine: Machine; readonly disk: Disk } | null {
  const disk = Disk.make(fileSystem);
  if (typeof disk === 'string') {
    t.skip(disk);
    return null;
  }
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = disk.directory;
  try {
    return { machine: new Machine(t), disk };
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    disk.removeAfter(t);
  }
}

const isLost = (canary: string): boolean => !existsSync(canary) || readFileSync(canary, 'utf8') !== 'never synced';

/** The power is gone: first the disk's, then every process of the machine. Then it comes back. */
async function powerCut(disk: Disk, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  disk.cut();
  await meanwhile();
  const isDead = (): boolean => {
    const users = disk.users();
    for (const pid of users) kill(pid);
    return users.length === 0;
  };
  await waitFor(path.dirname(disk.directory), isDead, 10_000, () => `${disk.users().join(', ')} outlived the power`);
  disk.restore();
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

describe('a power loss', () => {
  for (const fileSystem of FILE_SYSTEMS) {
    it(
      `on ${fileSystem} takes no prompt and no session that was acknowledged, and breaks no journal`,
      { timeout: 600_000 },
      async (t) => {
        const on = machineOn(t, fileSystem);
        if (on === null) return;
        const { machine, disk } = on;
        machine.agent({ prompts: [{ match: '.', steps: [{ type: 'text', text: 'ok' }] }] });
        const random = randomOf(SEED);
        const sessions = ['a', 'b', 'c'];
        for (const name of sessions) await machine.ok('start', name, '--no-wait');
        // What was there yesterday.
        disk.settle();
        const told: { session: string; key: string }[] = [];
        const begun: string[] = [];
        let lost = 0;
        for (let round = 0; round < ROUNDS; round += 1) {
          const canary = machine.file(`canary-${round}`);
          let hasPower = true;
          const tellers = sessions.map(async (session) => {
            for (let number = 0; hasPower; number += 1) {
              const key = `${session}-${round}-${number}`;
              if ((await machine.run('tell', session, `say ${key}`, '--key', key)).code === 0)
                told.push({ session, key });
            }
          });
          const runner = (async () => {
            for (let number = 0; hasPower; number += 1) {
              const name = `new-${round}-${number}`;
              const { code } = await machine.run('start', name, '--no-wait');
              if (code === 0) begun.push(name);
            }
          })();
          await delay((FULL ? 1_000 : 300) + random() * 1_500);
          writeFileSync(canary, 'never synced');
          await powerCut(disk, async () => {
            // With every call failing with EIO, nothing may be acknowledged.
            const { code } = await machine.run('tell', 'a', 'into the void', '--key', `void-${round}`);
            assert.notEqual(code, 0);
            hasPower = false;
            await Promise.all([...tellers, runner]);
          });
          if (isLost(canary)) lost += 1;
          const names = new Map(listNames(machine.state, null).map(({ name, id }) => [name, id]));
          for (const id of names.values())
            assert.deepEqual(readJournal(path.join(machine.state, 'sessions', id, 'journal.ndjson')).damaged, []);
          const missing = [
            ...told.filter(({ session, key }) => !folded(machine, names.get(session) ?? '').prompts.byKey.has(key)),
            ...begun.filter((name) => !names.has(name)),
          ];
          assert.deepEqual(missing, [], `acknowledged and lost (FAULT_SEED=${SEED})`);
          await machine.ok('watchdog', '--once');
        }
        assert.ok(lost > 0, 'nothing that was not synced was lost: the power was never cut');
        const { code } = await machine.run('wait', ...sessions, '--timeout', '2m');
        assert.ok(code === 0 || code === 1, 'everything settles: done, or known to be unknown');
        for (const { session, key } of told) {
          const entry = foldSession(machine.journal(session)).prompts.byKey.get(key);
          assert.ok(entry?.state === 'done' || entry?.state === 'unknown', `${key} is ${entry?.state}`);
        }
        t.diagnostic(
          `${fileSystem}: ${ROUNDS} cuts, ${told.length} prompts and ${begun.length} sessions acknowledged, 0 lost`,
        );
      },
    );

    it(`on ${fileSystem} takes no commit that a receipt names`, { timeout: 600_000 }, async (t) => {
      const on = machineOn(t, fileSystem);
      if (on === null) return;
      const { machine, disk } = on;
      // An agent whose git is as git is: it syncs nothing.
      const commit = "env -u GIT_CONFIG_COUNT git commit -qam 'fix: the sum'";
      machine.agent({
        prompts: [
          {
            match: '.',
            steps: [
              {
                type: 'shell',
                command: `mkdir -p src/deep && for i in 1 2 3 4 5 6 7 8; do echo "$i {{session}}" > src/deep/$i; git add -A; echo $i >> sum.txt; ${commit}; done`,
              },
              { type: 'shell', command: `echo 4 > sum.txt && ${commit}` },
              { type: 'callback', status: 'completed', fields: { summary: 'done' } },
            ],
          },
        ],
      });
      let lost = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        disk.settle();
        const name = `task-${round}`;
        await machine.ok(
          'run',
          'Make it 4.',
          '--name',
          name,
          '--branch',
          `fix/${name}`,
          '--no-wait',
          '--no-pr',
          '--verify',
          'sh test.sh',
        );
        await machine.until('verification-finished', name);
        const canary = machine.file(`canary-${round}`);
        writeFileSync(canary, 'never synced');
        await powerCut(disk);
        if (isLost(canary)) lost += 1;
        const { receipt } = foldSession(machine.journal(name)).delivery;
        assert.equal(receipt?.verdict.type, 'green');
        assert.equal(machine.git('rev-parse', `refs/heads/fix/${name}`), receipt.commit);
        assert.equal(machine.git('rev-list', '--count', `main..fix/${name}`), '9');
        execFileSync('git', ['fsck', '--full', '--strict', '--no-dangling'], {
          cwd: machine.repo,
          env: machine.env,
          stdio: 'pipe',
        });
        // Every object that the commit needs can be read.
        execFileSync('git', ['archive', '-o', '/dev/null', receipt.commit], { cwd: machine.repo, env: machine.env });
        await machine.ok('watchdog', '--once');
        await machine.ok('wait', name, '--timeout', '60s');
      }
      assert.ok(lost > 0, 'the power was never cut');
      t.diagnostic(`${fileSystem}: ${ROUNDS} cuts after ${ROUNDS} receipts, 0 commits lost`);
    });

    it(`on ${fileSystem} takes nothing of what was discarded right before`, { timeout: 600_000 }, async (t) => {
      const on = machineOn(t, fileSystem);
      if (on === null) return;
      const { machine, disk } = on;
      const untidy =
        'echo 4 > sum.txt && git commit -qam four; echo more >> sum.txt; mkdir deep; echo note > deep/note';
      machine.agent({
        prompts: [
          {
            match: '.',
            steps: [
              { type: 'shell', command: untidy },
              { type: 'callback', status: 'failed', fields: { summary: 'It does not work.' } },
            ],
          },
        ],
      });
      let lost = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const name = `task-${round}`;
        assert.equal((await machine.run('run', 'Make it 4.', '--name', name, '--no-pr', '--verify', 'true')).code, 1);
        disk.settle();
        await machine.ok('clean', name, '--branch', '--discard-changes', '--discard-commits');
        const canary = machine.file(`canary-${round}`);
        writeFileSync(canary, 'never synced');
        await powerCut(disk);
        if (isLost(canary)) lost += 1;
        const back = machine.file(`back-${round}`);
        await machine.ok('undo', name, '--to', back);
        assert.equal(readFileSync(path.join(back, 'deep', 'note'), 'utf8'), 'note\n');
        assert.equal(readFileSync(path.join(back, 'sum.txt'), 'utf8'), '4\nmore\n');
        assert.equal(machine.git('-C', back, 'log', '-1', '--format=%s'), 'four');
      }
      assert.ok(lost > 0, 'the power was never cut');
      t.diagnostic(`${fileSystem}: ${ROUNDS} cuts after ${ROUNDS} removals, all brought back`);
    });
  }
});
