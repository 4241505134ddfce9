import { refused, unavailable } from '../../errors.ts';
import { run } from '../../process/run.ts';
import { oneLine } from '../../text/sanitize.ts';
import { cronLine, entryIn, intervalOf, withEntry, withoutEntry } from './crontab-text.ts';
import type { Entry, PatrolCommand, Schedule } from './schedule.ts';

type Env = Readonly<Record<string, string | undefined>>;

const TIMEOUT_MS = 10_000;

/**
 * The user's crontab as it is; empty when there is none.
 * @throws `no-crontab` (exit 5) when there is no such program or it refuses; `crontab-not-text` (exit 6) when the
 * crontab could not be written back byte for byte.
 */
async function readCrontab(env: Env): Promise<string> {
  const result = await run('crontab', ['-l'], { cwd: '/', env: defined(env), timeoutMs: TIMEOUT_MS });
  if (result.startError !== null) throw noCrontab('there is no program "crontab" on the PATH');
  if (result.exitCode === 0) {
    if (!result.stdout.includes('\ufffd')) return result.stdout;
    throw refused('crontab-not-text', 'Your crontab holds bytes that are not UTF-8, so it is not touched.', {
      remedy: 'Add the line by hand with crontab -e.',
    });
  }
  if (/no crontab/i.test(result.stderr)) return '';
  throw noCrontab(oneLine(result.stderr, 200) || 'crontab -l failed');
}

/** Replaces the user's crontab. */
async function writeCrontab(env: Env, text: string): Promise<void> {
  const result = await run('crontab', ['-'], { cwd: '/', env: defined(env), timeoutMs: TIMEOUT_MS, input: text });
  if (result.exitCode !== 0) throw noCrontab(oneLine(result.stderr, 200) || 'crontab - failed');
}

const noCrontab = (why: string): Error =>
  unavailable('no-crontab', `The crontab cannot be used: ${why}.`, {
    remedy: 'Install cron, or let something else run conduxt watchdog --once every few minutes.',
  });

const defined = (env: Env): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** The user's crontab: there is one on nearly every machine. */
export class CrontabEntry implements Schedule {
  readonly kind = 'crontab';
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  async installed(): Promise<readonly Entry[] | null> {
    const text = entryIn(await readCrontab(this.#env));
    return text === null ? null : [{ place: PLACE, text }];
  }

  readonly logs = 'See whether cron runs (systemctl status cron, or crond), and its log';

  intervalMs([entry]: readonly Entry[]): number | null {
    return entry === undefined ? null : intervalOf(entry.text);
  }

  problem(): Promise<string | null> {
    return Promise.resolve(null);
  }

  wanted(command: PatrolCommand, intervalMs: number): readonly Entry[] {
    return [{ place: PLACE, text: cronLine(command, intervalMs) }];
  }

  async install([entry]: readonly Entry[]): Promise<void> {
    if (entry !== undefined) await writeCrontab(this.#env, withEntry(await readCrontab(this.#env), entry.text));
  }

  async remove(): Promise<void> {
    const before = await readCrontab(this.#env);
    const after = withoutEntry(before);
    if (after !== before) await writeCrontab(this.#env, after);
  }
}

const PLACE = 'your crontab';
