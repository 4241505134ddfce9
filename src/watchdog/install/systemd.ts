import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { messageOf, systemCode, unavailable } from '../../errors.ts';
import { run, type RunResult } from '../../process/run.ts';
import { makePrivateDirectory, replaceFile } from '../../store/durable-files.ts';
import { oneLine } from '../../text/sanitize.ts';
import type { Entry, PatrolCommand, Schedule } from './schedule.ts';
import { intervalOf, serviceText, timerText } from './systemd-text.ts';

const SERVICE = 'conduxt-watchdog.service';
const TIMER = 'conduxt-watchdog.timer';
const TIMEOUT_MS = 10_000;

type Env = Readonly<Record<string, string | undefined>>;

/** Whether this user has a systemd that takes units: not in most containers, not under another init, not without a login. */
export async function reachesSystemd(env: Env): Promise<boolean> {
  return (await systemctl(env, 'show-environment')).exitCode === 0;
}

/** A timer of the user's own systemd. */
export class SystemdTimer implements Schedule {
  readonly kind = 'systemd';
  readonly #env: Env;
  readonly #directory: string;

  constructor(env: Env, homedir: string) {
    const xdg = env['XDG_CONFIG_HOME'];
    this.#env = env;
    this.#directory = path.join(
      xdg === undefined || !path.isAbsolute(xdg) ? path.join(homedir, '.config') : xdg,
      'systemd/user',
    );
  }

  installed(): Promise<readonly Entry[] | null> {
    const entries = [SERVICE, TIMER].flatMap((name): Entry[] => {
      const place = path.join(this.#directory, name);
      const text = readOrNull(place);
      return text === null ? [] : [{ place, text }];
    });
    return Promise.resolve(entries.length === 0 ? null : entries);
  }

  readonly logs = 'See journalctl --user --unit conduxt-watchdog';

  intervalMs(entries: readonly Entry[]): number | null {
    return intervalOf(entries.at(-1)?.text ?? '');
  }

  async problem(): Promise<string | null> {
    if ((await this.installed())?.length !== 2) return 'one of its two files is missing';
    if (!(await reachesSystemd(this.#env))) return 'systemd does not answer here (systemctl --user)';
    const active = await systemctl(this.#env, 'is-active', TIMER);
    return active.exitCode === 0 ? null : `its timer is ${oneLine(active.stdout, 40) || 'not active'}`;
  }

  /** Its timer ends with the user's last login unless the user may linger; null: nothing of that kind is known. */
  async lingers(): Promise<boolean | null> {
    const result = await run('loginctl', ['show-user', String(process.getuid?.() ?? ''), '--property=Linger'], {
      cwd: '/',
      env: defined(this.#env),
      timeoutMs: TIMEOUT_MS,
    });
    return result.exitCode === 0 ? /^Linger=yes$/m.test(result.stdout) : null;
  }

  wanted(command: PatrolCommand, intervalMs: number): readonly Entry[] {
    return [
      { place: path.join(this.#directory, SERVICE), text: serviceText(command) },
      { place: path.join(this.#directory, TIMER), text: timerText(intervalMs) },
    ];
  }

  /** @throws `systemd-refused` (exit 5); nothing of ours is left then. */
  async install(entries: readonly Entry[]): Promise<void> {
    makePrivateDirectory(this.#directory);
    for (const { place, text } of entries) replaceFile(place, text, 0o644);
    try {
      await this.#require('daemon-reload');
      await this.#require('enable', '--now', TIMER);
      // An older timer goes by its old period until it is started anew.
      await this.#require('restart', TIMER);
    } catch (error) {
      await this.remove().catch(() => {});
      throw error;
    }
  }

  async remove(): Promise<void> {
    const isReached = await reachesSystemd(this.#env);
    if (isReached) await systemctl(this.#env, 'disable', '--now', TIMER);
    // Also where no systemd answers now: the next one must find nothing.
    for (const name of [`timers.target.wants/${TIMER}`, TIMER, SERVICE]) {
      const place = path.join(this.#directory, name);
      try {
        rmSync(place, { force: true });
      } catch (error) {
        throw unavailable('systemd-refused', `${place} could not be removed: ${messageOf(error)}.`);
      }
    }
    if (isReached) await systemctl(this.#env, 'daemon-reload');
  }

  async #require(...args: readonly string[]): Promise<void> {
    const result = await systemctl(this.#env, ...args);
    if (result.exitCode === 0) return;
    const why = oneLine(result.stderr, 300) || 'it did not say why';
    throw unavailable('systemd-refused', `systemctl --user ${args.join(' ')} failed: ${why}.`, {
      remedy: 'Say conduxt watchdog install --with cron, or let something else run conduxt watchdog --once.',
    });
  }
}

function systemctl(env: Env, ...args: readonly string[]): Promise<RunResult> {
  const quiet = ['--user', '--no-pager', '--no-ask-password', ...args];
  return run('systemctl', quiet, { cwd: '/', env: defined(env), timeoutMs: TIMEOUT_MS });
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

const defined = (env: Env): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
