import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inTurn } from '../measure.ts';
import { row, type Part } from '../row.ts';

/** `run --no-wait` in a repository of 10,000 files. */
export const task: Part = {
  name: 'task',
  inCi: false,
  async measure(stage, rounds) {
    for (let directory = 0; directory < 100; directory += 1) {
      mkdirSync(path.join(stage.repo, `d${directory}`));
      for (let file = 0; file < 100; file += 1)
        writeFileSync(path.join(stage.repo, `d${directory}`, `f${file}`), `${directory} ${file}\n`);
    }
    stage.git('add', '-A');
    stage.git('commit', '-q', '-m', 'Many files');
    let count = 0;
    const flags = ['--no-wait', '--no-verify', '--no-pr', '--agent', 'bench'];
    const times = await inTurn(rounds, {
      floor: async () => {
        const where = path.join(stage.dir, `floor-${(count += 1)}`);
        const started = performance.now();
        stage.git('worktree', 'add', '-q', '--detach', where);
        const ms = performance.now() - started + (await stage.time(stage.node('-e', '0')));
        stage.git('worktree', 'remove', '--force', where);
        return ms;
      },
      ours: async () => {
        const name = `task-${(count += 1)}`;
        const ms = await stage.time(stage.conduxt('run', 'Do nothing', '--name', name, ...flags));
        await stage.run(stage.conduxt('stop', name));
        return ms;
      },
    });
    return [row('run --no-wait, 10,000 files', '<= floor + 200 ms', times)];
  },
};
