import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { main } from '../../src/cli/main.ts';
import { fakeIo } from './fake-io.ts';

/** A user's machine with a real repository; the command line runs inside of this process. */
export class Workshop {
  readonly root: string;
  readonly repo: string;
  readonly state: string;
  readonly env: Record<string, string>;

  constructor(
    t: TestContext,
    files: Readonly<Record<string, string>> = { 'package.json': '{"scripts":{"test":"node --test"}}' },
  ) {
    this.root = realpathSync(mkdtempSync(path.join(tmpdir(), 'conduxt-run-')));
    t.after(() => rmSync(this.root, { recursive: true, force: true }));
    this.repo = path.join(this.root, 'shop');
    this.state = path.join(this.root, 'state');
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.root,
      CONDUXT_HOME: this.state,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a@example.invalid',
      GIT_COMMITTER_NAME: 'A',
      GIT_COMMITTER_EMAIL: 'a@example.invalid',
    };
    mkdirSync(this.repo);
    this.git('init', '-q', '-b', 'main');
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(this.repo, file), text);
    this.git('add', '-A');
    this.git('commit', '-q', '--allow-empty', '-m', 'First');
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.repo, env: this.env, encoding: 'utf8' }).trim();
  }

  async run(args: readonly string[], over: { cwd?: string; stdin?: string; env?: Record<string, string> } = {}) {
    const io = fakeIo({ cwd: this.repo, homedir: this.root, ...over, env: { ...this.env, ...over.env } });
    const code = await main(args, io);
    return { code, out: io.out(), err: io.err() };
  }

  /** A dry run with the bundled agent. */
  plan(args: readonly string[], over: Parameters<Workshop['run']>[1] = {}) {
    return this.run(['run', '--dry-run', '--agent', 'rehearsal', ...args], over);
  }

  async planJson(args: readonly string[], over: Parameters<Workshop['run']>[1] = {}) {
    const { code, out, err } = await this.plan([...args, '--json'], over);
    assert.equal(code, 0, out + err);
    return (JSON.parse(out) as { tasks: Record<string, unknown>[] }).tasks;
  }
}
