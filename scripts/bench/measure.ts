import { spawn } from 'node:child_process';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Its output goes nowhere: hundreds of megabytes that somebody else reads would be the reader's time. */
  readonly discard?: boolean;
}

export interface Ran {
  /** Wall time from before the start until the process has exited, in milliseconds. */
  readonly ms: number;
  /** Milliseconds since 1970 at the exit. */
  readonly endedAt: number;
  readonly stdout: string;
}

/** Runs a command to its end. Rejects when it fails: a failed run has no time. */
export function run(command: Command): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const { program, args, cwd, env, discard = false } = command;
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', discard ? 'ignore' : 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    let ms = 0;
    let endedAt = 0;
    child.on('exit', () => {
      ms = performance.now() - started;
      endedAt = performance.timeOrigin + performance.now();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve({ ms, endedAt, stdout });
      else reject(new Error(`${program} ${args.join(' ')} exited with ${code}:\n${stderr}${stdout}`));
    });
  });
}

export interface Figures {
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly runs: number;
}

export function figuresOf(values: readonly number[]): Figures {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { median: at(0.5), p95: at(0.95), p99: at(0.99), runs: sorted.length };
}

/** The median of the ratios of runs that stood side by side: the machine's mood cancels out. Of others, that of medians. */
export function ratioOf(values: readonly number[], floor: readonly number[]): number {
  if (values.length !== floor.length) return figuresOf(values).median / figuresOf(floor).median;
  return figuresOf(values.map((value, index) => value / (floor[index] ?? NaN))).median;
}

/**
 * Measures several things in turn, A B C A B C …, after one round that does not count. Null: not to be had here.
 * @returns the values of each, in the order of the rounds; none for what is not to be had.
 */
export async function inTurn<K extends string>(
  rounds: number,
  things: Readonly<Record<K, (() => Promise<number>) | null>>,
): Promise<Record<K, number[]>> {
  const names = Object.keys(things) as K[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let round = -1; round < rounds; round += 1) {
    for (const name of names) {
      const value = await things[name]?.();
      if (round >= 0 && value !== undefined) values[name].push(value);
    }
  }
  return values;
}
