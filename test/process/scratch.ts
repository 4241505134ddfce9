import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

/** A directory of the test's own, removed with it. */
export async function scratchDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'conduxt-test-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export const cleanEnv = (extra: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  ...extra,
});

/** Waits for a fact; fails loudly when it does not come. */
export async function until(what: string, fact: () => boolean, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!fact()) {
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await delay(5);
  }
}

/** True while `pid` runs something: a zombie does not. */
export function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Waits for a pid that a process writes into a file. */
export async function pidIn(path: string): Promise<number> {
  await until(`a pid in ${path}`, () => existsSync(path) && /^\d+\s*$/.test(readFileSync(path, 'utf8')));
  return Number(readFileSync(path, 'utf8'));
}

/** A Node program in a file, for `process.execPath`. */
export async function program(dir: string, name: string, text: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, text);
  return path;
}

/** A process that the test itself ends, whatever happens. */
export function bystander(t: TestContext, env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], {
    env,
    stdio: 'ignore',
    detached: true,
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}
