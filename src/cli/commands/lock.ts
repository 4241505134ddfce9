import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { monotonicMs } from '../../clock.ts';
import { loadConfig } from '../../config/load.ts';
import { findProgram } from '../../process/find-program.ts';
import type { Config } from '../../config/config.ts';
import { lockFile } from '../../config/session-settings.ts';
import { ExitCode, heldElsewhere, ioError, messageOf, unavailable, usageError } from '../../errors.ts';
import { runDirect } from '../../placement/run-direct.ts';
import { ancestorsOf } from '../../process/ancestors.ts';
import { readSessionOrNull } from '../../store/read-session.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import type { VerbContext } from '../context.ts';
import { requireStartable } from '../exec/startable.ts';
import { finishVerb, parseDuration } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';

interface LockOptions {
  readonly file?: string;
  readonly timeout?: number;
}

/** How flock says that it waited in vain; a command may say the same, which is then told in its own output. */
const HELD = 75;

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('[command...]', 'run with the lock held, after --; without it the path of the lock is printed')
      .option('--file <path>', 'another lock: in a directory that containers share, for example')
      .option('--timeout <duration>', 'how long to wait for it (lock.waitSeconds, 300s)', parseDuration('s'))
      .action(context.act((words: string[], options: LockOptions) => lock(context, words, options))),
    {
      examples: ['conduxt lock -- claude -p "refresh"', 'flock -w 300 "$(conduxt lock)" ./login.sh'],
      exits:
        'those of the command; 5 (no flock here), 74, 75 (not free in time), 126, 127 (it cannot be run, or is not there)',
      notes:
        'One holder at a time, whoever takes it: for agents that must not refresh the same login at once. It is free when\n' +
        'the command ends, however it ends. lock.file or $CONDUXT_LOCK names another file for everybody. With lock.turns\n' +
        'conduxt holds it around turns of its agents; what such an agent starts in its turn runs at once.',
    },
  );
}

async function lock(context: VerbContext, command: readonly string[], options: LockOptions): Promise<number> {
  const { io, json, printer } = context;
  const config = await ownConfig(context);
  const file = fileOf(context, config, options);
  makeFile(file);
  if (command.length === 0) {
    if (json) printer.document({ schemaVersion: SCHEMA_VERSION, file });
    else printer.result(file);
    return ExitCode.done;
  }
  if (json) throw usageError('lock-json', 'With a command its own output is printed, and no JSON.');
  requireStartable(command[0] ?? '', io);
  const timeoutMs = options.timeout ?? config.lock.waitSeconds * 1000;
  const seconds = String(timeoutMs / 1000);
  const began = monotonicMs();
  const flock = [
    findProgram('flock', io.env, io.cwd)?.program ?? '/usr/bin/flock',
    '--timeout',
    seconds,
    '--conflict-exit-code',
    String(HELD),
    // What conduxt is told reaches the command itself: a flock that waits for it would end alone, and it would keep the lock.
    ...(process.platform === 'linux' ? ['--no-fork'] : []),
    file,
  ];
  const argv = isHeldForUs(context, file) ? command : [...flock, ...command];
  const { exitCode, startError } = await runDirect(argv, { cwd: io.cwd, env: io.env, collect: false });
  if (startError !== null) {
    throw unavailable('no-flock', `The lock needs the program flock (${startError}).`, {
      remedy: 'Install util-linux, or Homebrew’s flock on macOS.',
    });
  }
  const waited = monotonicMs() - began >= timeoutMs;
  if (exitCode === HELD && waited) {
    throw heldElsewhere('lock-held', `The lock ${file} was not free within ${seconds} s.`, {
      remedy: `See who holds it with fuser ${file}, or wait longer with --timeout.`,
    });
  }
  return exitCode ?? ExitCode.internal;
}

/** The user's own: whoever shares the lock does so in all repositories. */
async function ownConfig({ io, places }: VerbContext): Promise<Config> {
  const where = { repoConfigText: null, repoConfigLabel: 'conduxt.json', repoKey: null };
  return (await loadConfig({ env: io.env, places, ...where })).config;
}

function fileOf({ io, places }: VerbContext, config: Config, { file }: LockOptions): string {
  return file === undefined ? lockFile(config, places.home, io.homedir) : path.resolve(io.cwd, file);
}

/** Who waits inside of a turn for the lock that is held around this turn waits in vain. */
function isHeldForUs({ io, places }: VerbContext, file: string): boolean {
  return [...ancestorsOf(io.env).sessions].some((id) => {
    const view = readSessionOrNull(places.home, places.runtimeDir, id);
    return view?.hostAlive === true && view.folded.life.lock === 'taken' && view.record.turnLock?.file === file;
  });
}

/** Made once and kept: a lock file that is removed is another lock for whoever comes next. */
function makeFile(file: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, '', { mode: 0o600, flag: 'a' });
  } catch (error) {
    throw ioError('lock-unwritable', `The lock ${file} cannot be made: ${messageOf(error)}.`, {
      remedy: 'Name another file with --file or CONDUXT_LOCK.',
    });
  }
}
