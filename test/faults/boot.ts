import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { accessSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startTimeOf } from '../../src/process/identity.ts';

/** The ordinary user of the machine. */
export const USER = 'walter';
const HOME = `/home/${USER}`;
const DIST = path.resolve(import.meta.dirname, '../../dist');
const BOOT_MS = 60_000;
const COMMAND_MS = 60_000;
/** Where the program lies in the machine: it is bound there, so it cannot be changed from inside. */
export const NODE = '/opt/conduxt/node';
export const PROGRAM = '/opt/conduxt/dist/conduxt.js';
export const FAULT_AGENT = '/opt/conduxt/dist/fault-agent.js';
export const TUI = '/opt/conduxt/dist/scripted-tui.js';

/** Started instead of everything that this machine would start: no databases, no timers of the distribution. */
const TARGET = `[Unit]
Description=enough to log in, and cron
Requires=basic.target
Wants=systemd-logind.service systemd-user-sessions.service dbus.service cron.service
After=basic.target
AllowIsolate=yes
`;

/** Mounts what only its own namespace sees, says so, and when its input ends it ends the machine and removes its group. */
const KEEPER = `
set -eu
dir=$1 group=$2
mount -t tmpfs -o mode=755 none "$dir"
mkdir "$dir/upper" "$dir/work" "$dir/root"
mount -t overlay -o lowerdir=/,upperdir="$dir/upper",workdir="$dir/work" overlay "$dir/root"
umount -R /sys/fs/cgroup 2>/dev/null || umount -Rl /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mkdir "$group"
echo ready
cat >/dev/null
echo 1 > "$group/cgroup.kill"
while grep -q 'populated 1' "$group/cgroup.events"; do sleep 0.05; done
find "$group" -depth -type d -exec rmdir {} +
`;

/**
 * A machine with a systemd, users and cron of its own: this one's files under a layer in memory, without network, in a
 * container of systemd-nspawn. It boots in about a second, each time under a boot id of its own, and keeps its disk from
 * one boot to the next. Nothing of it is left after `end`, or after the death of this process.
 */
export class BootedMachine {
  readonly #directory: string;
  readonly #keeper: ChildProcess;
  readonly #group: string;
  #booted: ChildProcess | null = null;
  #printed = '';

  private constructor(directory: string, keeper: ChildProcess, group: string) {
    this.#directory = directory;
    this.#keeper = keeper;
    this.#group = group;
  }

  /** @returns why there can be none here, as a reason to skip */
  static async make(): Promise<BootedMachine | string> {
    if (process.getuid?.() !== 0) return 'a machine cannot be booted here (needs root)';
    for (const program of ['systemd-nspawn', 'unshare', 'nsenter', 'useradd', 'loginctl', 'tmux'])
      if (spawnSync(program, ['--version']).error !== undefined) return `${program} is not installed`;
    if (!['/lib/systemd/systemd', '/usr/lib/systemd/systemd'].some(isThere)) return 'systemd is not installed';
    const directory = mkdtempSync(path.join(tmpdir(), 'conduxt-boot-'));
    const group = `/sys/fs/cgroup/${path.basename(directory)}`;
    const keeper = spawn('unshare', ['--mount', 'sh', '-c', KEEPER, 'sh', directory, group], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    keeper.stderr.on('data', (data: Buffer) => (said += data.toString()));
    await Promise.race([once(keeper.stdout, 'data'), once(keeper, 'close')]);
    const machine = new BootedMachine(directory, keeper, group);
    if (keeper.exitCode === null) {
      machine.#prepare();
      const problem = await machine.boot();
      if (problem === null) return machine;
      said = problem;
    }
    await machine.end();
    return `a machine cannot be booted here: ${said.trim()}`;
  }

  #prepare(): void {
    const put = (file: string, text: string): void => {
      mkdirSync(path.dirname(this.path(file)), { recursive: true });
      this.#enter(['sh', '-c', 'cat > "$1"', 'sh', this.#inside(file)], text);
    };
    // Disks of this machine are not there: waiting for them takes minutes.
    put('/etc/fstab', '');
    put('/etc/systemd/system/conduxt-boot.target', TARGET);
  }

  /** Boots, and waits until it is up. @returns what is wrong; null when it is up */
  async boot(): Promise<string | null> {
    const root = this.#inside('');
    const words = ['systemd-nspawn', '-q', '-D', root, '--boot', '--register=no', '--keep-unit', '--private-network'];
    const quiet = ['--console=pipe', '--link-journal=no', '--resolv-conf=off', '--timezone=off'];
    const binds = [`--bind-ro=${DIST}:/opt/conduxt/dist`, `--bind-ro=${process.execPath}:${NODE}`];
    const start = [
      ...words,
      ...quiet,
      ...binds,
      `--machine=${path.basename(this.#group)}`,
      'systemd.unit=conduxt-boot.target',
    ];
    this.#printed = '';
    this.#booted = spawn(
      'nsenter',
      [
        '-t',
        String(this.#keeper.pid),
        '-m',
        'sh',
        '-c',
        'echo $$ > "$0/cgroup.procs"; exec "$@"',
        this.#group,
        ...start,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const keep = (data: Buffer): void => void (this.#printed = (this.#printed + data.toString()).slice(-2000));
    this.#booted.stdout?.on('data', keep);
    this.#booted.stderr?.on('data', keep);
    const end = performance.now() + BOOT_MS;
    while (performance.now() < end && this.#booted.exitCode === null) {
      if (this.#init() !== null && /running|degraded/.test(this.root(['systemctl', 'is-system-running']).stdout))
        return null;
      await delay(50);
    }
    return `it did not come up: ${this.#printed}`;
  }

  /** Without warning: every process of it ends at once. */
  async cutPower(): Promise<void> {
    this.#enter(['sh', '-c', `echo 1 > ${this.#group}/cgroup.kill`]);
    await this.#isDown();
  }

  /** As a person does it. It comes up again with `boot`. */
  async shutDown(): Promise<void> {
    this.root(['systemctl', 'reboot']);
    await this.#isDown();
  }

  async #isDown(): Promise<void> {
    if (this.#booted !== null && this.#booted.exitCode === null && this.#booted.signalCode === null)
      await once(this.#booted, 'exit');
    const events = `/proc/${this.#keeper.pid}/root${this.#group}/cgroup.events`;
    while (readFileSync(events, 'utf8').includes('populated 1')) await delay(20);
    this.#enter(['sh', '-c', `find ${this.#group} -mindepth 1 -depth -type d -exec rmdir {} +`]);
  }

  /** A file of the machine, as this process can read it. */
  path(file: string): string {
    return `/proc/${this.#keeper.pid}/root${this.#inside(file)}`;
  }

  #inside(file: string): string {
    return path.join(this.#directory, 'root', file);
  }

  /** A command of its administrator. */
  root(words: readonly string[], input = ''): { readonly stdout: string; readonly stderr: string } {
    const init = this.#init();
    if (init === null) throw new Error('the machine is not up');
    return finished(spawnSync('nsenter', ['-t', String(init), '-a', ...words], { ...TEXT, input }));
  }

  /** A script that its user types after a login; the session ends with it. @throws with what it printed when it fails */
  login(script: string): string {
    const init = this.#init();
    const words = ['-t', String(init), '-a', 'su', '-l', USER, '-c', 'sh -eu'];
    const ran = spawnSync('nsenter', words, { ...TEXT, input: script });
    if (ran.status === 0) return ran.stdout;
    throw new Error(`${script}\nexit ${ran.status}\n${ran.stdout}\n${ran.stderr}`);
  }

  #enter(words: readonly string[], input = ''): void {
    const ran = spawnSync('nsenter', ['-t', String(this.#keeper.pid), '-m', ...words], { ...TEXT, input });
    if (ran.status !== 0) throw new Error(`${words.join(' ')}: ${ran.stderr}`);
  }

  /** Its first process, as this machine counts. */
  #init(): number | null {
    const pid = this.#booted?.pid;
    if (pid === undefined) return null;
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
      const isSystemd = (one: number): boolean => readFileSync(`/proc/${one}/comm`, 'utf8').trim() === 'systemd';
      return children.find(isSystemd) ?? null;
    } catch {
      // It has ended meanwhile, or begins.
      return null;
    }
  }

  /** Ends it and removes everything of it. @returns what is left, as sentences */
  async end(): Promise<string[]> {
    const { pid } = this.#keeper;
    this.#keeper.stdin?.end();
    if (this.#keeper.exitCode === null && this.#keeper.signalCode === null) await once(this.#keeper, 'exit');
    rmSync(this.#directory, { recursive: true, force: true });
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    return [
      ...(pid !== undefined && startTimeOf(pid) !== null ? [`process ${pid}`] : []),
      ...mounts.filter((line) => line.includes(this.#directory)),
      ...['/sys/fs/cgroup', '/sys/fs/cgroup/unified']
        .filter((place) => existsSync(place) && readdirSync(place).includes(path.basename(this.#group)))
        .map((place) => `${place}/${path.basename(this.#group)}`),
    ];
  }
}

export const homeOf = (file: string): string => path.join(HOME, file);

const TEXT = { encoding: 'utf8', timeout: COMMAND_MS } as const;

function finished(ran: { readonly stdout: string; readonly stderr: string }): typeof ran {
  return { stdout: ran.stdout, stderr: ran.stderr };
}

function isThere(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}
