import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { scratch } from '../git/scratch.ts';
import { operate, operations, type Operation } from './git-operation.ts';
import { arrange, DONE, locksIn, rig, type Rig } from './git-rig.ts';
import { whyNotTraceable } from './syscalls/inject.ts';

const FULL = process.env['FAULTS'] === 'all';

/** Where git puts something in its place, or takes it away: between two of them there are only its own files. */
const STEPS = '/^(rename|link|unlink|rmdir|mkdir)';

/** Stands for git: notes the steps of each call, and kills one call at one step. */
const WRAPPER = (git: string): string => `#!/bin/sh
number=$(( $(cat "$GIT_CALLS/count" 2>/dev/null || echo 0) + 1 ))
echo "$number" > "$GIT_CALLS/count"
[ "$number" = "$KILL_CALL" ] && set -- -e "inject=$KILL_NAME:signal=SIGKILL:when=$KILL_STEP" ${git} "$@" || set -- ${git} "$@"
exec strace -f -qq $LET_GO -o "$GIT_CALLS/call-$number" -e "trace=${STEPS}" "$@"
`;

/** The n-th system call of this name in the n-th git that an operation starts. */
interface Place {
  readonly call: number;
  readonly name: string;
  readonly step: number;
  /** As strace shows it. */
  readonly what: string;
}

/** Does it in a program of its own, with git killed at `place`. @returns every step it came to. */
function operateAndKillAt({ s }: Rig, operation: Operation, place: Place | null): Place[] {
  const git = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  chmodSync(s.write(`${operation.session}/bin/git`, WRAPPER(git)), 0o755);
  const calls = path.dirname(s.write(`${operation.session}/calls/.keep`, ''));
  spawnSync(process.execPath, [path.join(import.meta.dirname, 'git-operation.ts'), JSON.stringify(operation)], {
    env: {
      ...s.env,
      PATH: `${path.join(s.dir, operation.session, 'bin')}:${s.env['PATH']}`,
      GIT_CALLS: calls,
      // The remote's own git would be on another machine.
      LET_GO: operation.name === 'push' ? '-b execve' : '',
      KILL_CALL: String(place?.call ?? 0),
      KILL_NAME: place?.name ?? '',
      KILL_STEP: String(place?.step ?? 0),
    },
  });
  return readdirSync(calls)
    .flatMap((name) => /^call-(\d+)$/.exec(name)?.[1] ?? [])
    .flatMap((call) => stepsIn(Number(call), readFileSync(path.join(calls, `call-${call}`), 'utf8')));
}

/** strace counts in each process, and each call for itself. */
function stepsIn(call: number, trace: string): Place[] {
  const ofProcesses = new Map<string, number>();
  return [...trace.matchAll(/^(\d+) +((\w+)\(.*)$/gm)].map(([, pid = '', what = '', name = '']) => {
    const step = (ofProcesses.get(`${pid} ${name}`) ?? 0) + 1;
    ofProcesses.set(`${pid} ${name}`, step);
    return { call, name, step, what };
  });
}

const nameOf = ({ call, name, step }: Place): string => `git ${call}, ${name} ${step}`;

/** A lock of the whole repository: left behind, it would stop a person's own git. */
const isSharedLock = ({ what }: Place): boolean => /\b(?:config|packed-refs)\.lock"/.test(what);

/** Of an operation that takes no such lock, the step in its middle. */
function sampleOf(steps: readonly Place[]): readonly Place[] {
  const locks = steps.filter(isSharedLock).slice(0, 2);
  return locks.length > 0 ? locks : steps.slice(steps.length / 2).slice(0, 1);
}

/** With the directories that many branches and objects make, so that the next operation takes the same steps. */
function grown(all: Rig): Rig {
  for (const git of [path.join(all.root, '.git'), all.bare])
    for (let shard = 0; shard < 256; shard += 1)
      mkdirSync(path.join(git, 'objects', shard.toString(16).padStart(2, '0')), { recursive: true });
  all.s.git(all.root, 'branch', 'fix/another');
  all.s.git(all.root, 'push', '-q', 'origin', 'fix/another');
  return all;
}

/** Its branches packed, as a clean-up of git's leaves them. */
async function arranged(all: Rig, name: Operation['name']): Promise<Operation> {
  const operation = await arrange(all, name, 1);
  all.s.git(all.root, 'pack-refs', '--all');
  return operation;
}

describe('kill -9 of a git at its own steps', { skip: whyNotTraceable() ?? false }, () => {
  for (const name of operations)
    it(`${name}: doing it again makes it whole, and no lock is left`, { timeout: 600_000 }, async (t) => {
      const first = grown(rig(scratch(t), 3));
      const steps = operateAndKillAt(first, await arranged(first, name), null);
      const places = FULL ? steps : sampleOf(steps);
      const wrong: string[] = [];
      for (const place of places) {
        const all = grown(rig(scratch(t), 3));
        const operation = await arranged(all, name);
        const came = operateAndKillAt(all, operation, place);
        try {
          const isThere = (one: Place): boolean => nameOf(one) === nameOf(place) && one.what.endsWith('= ?');
          assert.ok(came.some(isThere), 'nothing was killed there');
          await operate(operation, all.s.env);
          await DONE[name](all, operation);
          assert.deepEqual([...locksIn(path.join(all.root, '.git')), ...locksIn(all.bare)], []);
        } catch (error) {
          wrong.push(`${nameOf(place)}, ${place.what}: ${String(error)}`);
        }
      }
      t.diagnostic(`${name}: killed at ${places.length} of ${steps.length} steps, ${wrong.length} not whole after it`);
      assert.deepEqual(wrong, []);
    });
});
