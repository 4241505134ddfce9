import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import { version } from '../../src/version.ts';
import { waitFor } from '../host/scratch.ts';
import { finished, Machine, type Finished } from './scratch.ts';

const DIST = path.resolve(import.meta.dirname, '../../dist');
const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };

/** The installed program, which a test can replace by another version of itself. */
class Installed {
  readonly #machine: Machine;
  readonly #directory: string;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#directory = machine.file('installed');
    cpSync(DIST, this.#directory, { recursive: true });
  }

  /** As a package manager does it: the old files are gone, the new ones stand in their place. */
  upgrade(to: string): void {
    const next = `${this.#directory}.next`;
    cpSync(DIST, next, { recursive: true });
    for (const name of readdirSync(next)) {
      const file = path.join(next, name);
      const text = readFileSync(file, 'utf8');
      if (text.includes(`"${version}"`)) writeFileSync(file, text.replaceAll(`"${version}"`, `"${to}"`));
    }
    rmSync(this.#directory, { recursive: true });
    renameSync(next, this.#directory);
  }

  run(...args: string[]): Promise<Finished> {
    const { repo, env } = this.#machine;
    const program = path.join(this.#directory, 'conduxt.js');
    return finished(spawn(process.execPath, [program, ...args], { cwd: repo, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  async ok(...args: string[]): Promise<Finished> {
    const result = await this.run(...args);
    assert.equal(result.code, 0, `conduxt ${args.join(' ')}\n${result.stdout}\n${result.stderr}`);
    return result;
  }
}

describe('an upgrade while a host runs', () => {
  it('leaves that host whole: the new command tells, cancels, follows and stops, the work is verified and pushed', async (t) => {
    const machine = new Machine(t);
    const goOn = machine.file('go-on');
    machine.agent({
      prompts: [
        { match: 'Make it 4', steps: [{ type: 'text', text: 'x' }, { type: 'wait-for-file', path: goOn }, fix, done] },
        { match: 'stand still', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] },
        { match: '.', steps: [{ type: 'text', text: 'well' }, done] },
      ],
    });
    const installed = new Installed(machine);
    await installed.ok(
      'run',
      'Make it 4',
      '--name',
      'the-sum',
      '--branch',
      'fix/the-sum',
      '--no-wait',
      '--verify',
      'sh test.sh',
    );
    await machine.until('prompt-accepted');
    installed.upgrade('99.0.0');
    assert.equal((await installed.ok('--version')).stdout.trim(), '99.0.0');
    await installed.ok('tell', 'the-sum', 'and say that you are well');
    writeFileSync(goOn, '');
    await installed.ok('wait', 'the-sum', '--timeout', '60s');
    const { delivery, life } = foldSession(machine.journal());
    assert.equal(delivery.receipt?.verdict.type, 'green');
    assert.equal(life.host?.version, version, 'the old host did it');
    assert.match(machine.git('ls-remote', 'origin', 'refs/heads/fix/the-sum'), /the-sum/);
    await installed.ok('tell', 'the-sum', 'stand still');
    await waitFor(
      machine.state,
      () => [...foldSession(machine.journal()).prompts.byId.values()].at(-1)?.state === 'accepted',
      20_000,
      () => 'the third turn never began',
    );
    await installed.ok('cancel', 'the-sum');
    assert.match((await installed.ok('log', 'the-sum')).stdout, /the-sum|verify|turn/);
    await installed.ok('stop', 'the-sum');
    assert.equal(machine.journal().filter(({ type }) => type === 'host-started').length, 1, 'one host all along');
  });
});
