/** A program that makes one worktree and says so: what the crash test starts and kills. */
import { openRepository } from '../../src/git/repository.ts';
import { addWorktree } from '../../src/git/worktree.ts';

const [root = '', path = '', branch = '', baseCommit = ''] = process.argv.slice(2);
const env = Object.fromEntries(
  Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
);
const repo = await openRepository(root, env);
process.stdout.write('started\n');
await addWorktree({ repo, path, branch, baseCommit, adopt: false });
process.stdout.write('added\n');
