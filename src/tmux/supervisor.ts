/**
 * The program in every pane: `supervisor.js <run directory>`. Starts the agent's argv without a shell, in its directory
 * and environment, hands signals on, and writes down how it ended before the pane ends. tmux 3.3a loses the exit of
 * one pane in five (measured: 22 of 120), and the last output of a pane that dies at once.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { systemCode } from '../errors.ts';
import { identityOf } from '../process/identity.ts';
import { setUmask } from '../process/umask.ts';
import { keepBounded } from './bounded-log.ts';
import { readLaunch, runDirectory, writeExit, writeStarted, type ExitRecord } from './run-directory.ts';

/** tmux needs this long to read what the agent printed last; 100 ms were enough in 20 of 20 runs, 0 in 6. */
const LINGER_MS = 300;
/** Between the TERM or HUP we hand on and KILL. */
const KILL_PATIENCE_MS = 3_000;
/** As shells do: what could not be found, or not be run. */
const NOT_FOUND = 127;
const NOT_RUN = 126;

const run = runDirectory(process.argv[2] ?? '');
let child: ChildProcess | null = null;
let asked: NodeJS.Signals | null = null;
let over = false;

// The terminal sends these to the whole group: they are for the agent, which decides what they mean.
for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTSTP'] as const) process.on(signal, () => {});
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => handOn(signal));

const launch = readLaunch(run);
rmSync(run.launch, { force: true });
const supervisor = identityOf(process.pid) ?? { pid: process.pid, startTime: '', bootId: '' };
const paneId = process.env['TMUX_PANE'] ?? '';
if (launch === null) {
  process.stderr.write('conduxt: there is nothing to start here\n');
  finish({ exitCode: NOT_RUN, signal: null, problem: 'no-launch' });
} else {
  writeStarted(run, { supervisor, agentPid: null, paneId });
  if (isDirectory(launch.cwd)) start(launch);
  else {
    process.stderr.write(`conduxt: ${launch.cwd} is not a directory\n`);
    finish({ exitCode: NOT_RUN, signal: null, problem: 'no-directory' });
  }
}

function start({ command, args, cwd, env, umask, maxLogBytes }: NonNullable<typeof launch>): void {
  if (umask !== undefined) setUmask(umask);
  if (maxLogBytes !== undefined) keepBounded(run, maxLogBytes);
  // Only TERM is the pane's. TMUX stays out, so that an agent that starts tmux does not meet our server.
  const { TERM = 'tmux-256color' } = process.env;
  child = spawn(command, args, { cwd, env: { ...env, TERM }, stdio: 'inherit' });
  child.once('spawn', () => writeStarted(run, { supervisor, agentPid: child?.pid ?? null, paneId }));
  child.once('error', (error) => {
    const problem = systemCode(error) ?? 'unknown';
    process.stderr.write(`conduxt: ${command} cannot be started: ${problem}\n`);
    finish({ exitCode: problem === 'ENOENT' ? NOT_FOUND : NOT_RUN, signal: null, problem });
  });
  child.once('exit', (exitCode, signal) => finish({ exitCode, signal, problem: null }));
}

function handOn(signal: 'SIGTERM' | 'SIGHUP'): void {
  asked ??= signal;
  child?.kill(signal);
  setTimeout(() => child?.kill('SIGKILL'), KILL_PATIENCE_MS).unref();
}

function finish(end: Pick<ExitRecord, 'exitCode' | 'signal' | 'problem'>): void {
  if (over) return;
  over = true;
  try {
    writeExit(run, { ...end, asked, atMs: Date.now() });
  } catch (error) {
    // A full disk must not keep the pane alive; whoever watches finds the death of this process.
    process.stderr.write(`conduxt: the exit could not be written down: ${String(error)}\n`);
  }
  setTimeout(() => process.exit(end.exitCode ?? 1), LINGER_MS);
}

function isDirectory(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
}
