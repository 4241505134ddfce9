import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Machine } from './scratch.ts';

/** Whatever conduxt starts by its name, and what these programs start in turn. */
const NAMES =
  'git gh tmux crontab systemctl bwrap flock notify-send ps sysctl setpriv node sh bash cat true ssh git-remote-https'.split(
    ' ',
  );

describe('programs planted in the repository', () => {
  it('are never run, though the PATH has them first', async (t) => {
    const machine = new Machine(t);
    const ran = machine.file('ran');
    mkdirSync(ran);
    const plant = (directory: string): void => {
      mkdirSync(directory, { recursive: true });
      for (const name of NAMES) {
        const file = path.join(directory, name);
        writeFileSync(file, `#!/bin/sh\n: > '${ran}'/${name}\nexit 1\n`);
        chmodSync(file, 0o755);
      }
    };
    // Committed, so that they are in the main checkout and in every worktree.
    plant(machine.repo);
    plant(path.join(machine.repo, 'bin'));
    machine.git('add', '-A');
    machine.git('commit', '-q', '-m', 'Plant');
    symlinkSync(path.join(machine.repo, 'bin'), machine.file('link'));
    // What the agent does in its own shell is its own affair: it knows where its git is.
    const git = execFileSync('/bin/sh', ['-c', 'command -v git'], { env: machine.env, encoding: 'utf8' }).trim();
    machine.agent({
      prompts: [
        {
          match: '.',
          steps: [
            { type: 'shell', command: `echo 4 > sum.txt && ${git} commit -qam 'fix: the sum'` },
            { type: 'callback', status: 'completed', fields: { summary: 'done' } },
          ],
        },
      ],
    });
    machine.env['PATH'] = `.::bin:${machine.repo}:${machine.file('link')}:${machine.env['PATH'] ?? ''}`;
    // They would run, and be seen.
    execFileSync('/bin/sh', ['-c', 'git || tmux || :'], { cwd: machine.repo, env: machine.env });
    assert.deepEqual(readdirSync(ran).sort(), ['git', 'tmux']);
    execFileSync('/bin/rm', [path.join(ran, 'git'), path.join(ran, 'tmux')]);

    const line = `/usr/bin/grep -qx 4 sum.txt && echo "1 passed, 0 failed"`;
    await machine.ok('run', 'Make the sum 4.', '--name', 'x', '--verify', line);
    for (const words of [
      ['doctor'],
      ['watchdog', '--once'],
      ['watchdog', 'status'],
      ['status', '--all'],
      ['start', 'term', '--backend', 'tmux', '--no-wait'],
      ['lock', '--', '/bin/echo', 'held'],
      ['verify', 'x'],
      ['clean', 'x', '--branch'],
      ['run', 'Look into it.', '--name', 'y', '--sandbox', 'bwrap', '--dry-run'],
    ])
      await machine.run(...words);
    assert.deepEqual(readdirSync(ran), []);
  });
});
