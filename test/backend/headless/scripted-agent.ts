/**
 * A headless agent that does what a script says, and tells it as codex does: `scripted-agent.ts <script> [exec … resume
 * <id>] -`. It reads its prompt from stdin to the end, and keeps its conversations, so that one it does not know is
 * refused as codex refuses it. Each process takes the steps of the next prompt.
 */
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync, writeSync } from 'node:fs';

export type Step =
  | { readonly type: 'say'; readonly text: string }
  /** The callback block that the prompt asks for. */
  | { readonly type: 'callback'; readonly status: string }
  | { readonly type: 'shell'; readonly command: string }
  /** One line on stdout as it is. */
  | { readonly type: 'line'; readonly text: string }
  /** So many messages, each of so many bytes. */
  | { readonly type: 'flood'; readonly count: number; readonly bytes: number }
  | { readonly type: 'stderr'; readonly text: string }
  | { readonly type: 'event'; readonly event: object }
  | { readonly type: 'hang' }
  | { readonly type: 'ignore-term' }
  /** A process of its own that holds stdout open and does not leave with it. */
  | { readonly type: 'leave-behind' }
  | { readonly type: 'wait-for-file'; readonly path: string }
  | { readonly type: 'exit'; readonly code?: number; readonly signal?: NodeJS.Signals };

export interface Script {
  /** Each line an event: `start`, `prompt`. */
  readonly log: string;
  /** Where its conversations are. */
  readonly state: string;
  /** By the number of the process; the last one repeats. */
  readonly prompts: readonly (readonly Step[])[];
  /** Says nothing of its own: neither a conversation nor an end. */
  readonly plain?: boolean;
}

const script = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Script;
const args = process.argv.slice(3);
const log = (record: object): void => appendFileSync(script.log, `${JSON.stringify(record)}\n`);
const print = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

const started = existsSync(script.log)
  ? readFileSync(script.log, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"event":"start"')).length
  : 0;
const { CONDUXT_CALLBACK: callback, CONDUXT_PHASE: phase } = process.env;
log({ event: 'start', pid: process.pid, args, callback, phase, cwd: process.cwd() });

const chunks: Buffer[] = [];
for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
const prompt = Buffer.concat(chunks).toString('utf8');
log({ event: 'prompt', text: prompt });

const resumed = args.includes('resume') ? args[args.indexOf('resume') + 1] : undefined;
const known: string[] = existsSync(script.state) ? (JSON.parse(readFileSync(script.state, 'utf8')) as string[]) : [];
if (resumed !== undefined && !known.includes(resumed)) {
  process.stderr.write(`Error: thread/resume failed: no rollout found for thread id ${resumed} (code -32600)\n`);
  process.exit(1);
}
const thread = resumed ?? `01a1fbf7-d2b0-7ba0-86a0-${String(process.pid).padStart(12, '0')}`;
writeFileSync(script.state, JSON.stringify([...new Set([...known, thread])]));
if (script.plain !== true) {
  print({ type: 'thread.started', thread_id: thread });
  print({ type: 'turn.started' });
}
let items = 0;
for (const step of script.prompts[Math.min(started, script.prompts.length - 1)] ?? []) await perform(step);
if (script.plain !== true) print({ type: 'turn.completed', usage: { input_tokens: 100, output_tokens: 20 } });

async function perform(step: Step): Promise<void> {
  items += 1;
  const id = `item_${items}`;
  switch (step.type) {
    case 'say':
      if (script.plain === true) process.stdout.write(step.text);
      else print({ type: 'item.completed', item: { id, type: 'agent_message', text: step.text } });
      return;
    case 'callback': {
      const last = (field: string): string =>
        [...prompt.matchAll(new RegExp(`"${field}": "([^"]+)"`, 'g'))].at(-1)?.[1] ?? '';
      const [nonce, taskId] = [last('nonce'), last('task_id')];
      const json = JSON.stringify({ task_id: taskId, nonce, status: step.status, summary: 'The sum is 4.' });
      await perform({ type: 'say', text: `Done.\n\n\`\`\`callback-json\n${json}\n\`\`\`\n` });
      return;
    }
    case 'shell': {
      const item = { id, type: 'command_execution', command: step.command };
      if (script.plain !== true) print({ type: 'item.started', item: { ...item, status: 'in_progress' } });
      const { status } = spawnSync('sh', ['-c', step.command], { stdio: ['ignore', 'ignore', 'inherit'] });
      const end = { ...item, exit_code: status, status: status === 0 ? 'completed' : 'failed' };
      if (script.plain !== true) print({ type: 'item.completed', item: end });
      return;
    }
    case 'flood': {
      const item = { id, type: 'agent_message', text: 'x'.repeat(step.bytes) };
      const line = Buffer.from(`${JSON.stringify({ type: 'item.completed', item })}\n`);
      for (let sent = 0; sent < step.count; sent += 1) writeWhole(line);
      return;
    }
    case 'line':
      process.stdout.write(`${step.text}\n`);
      return;
    case 'stderr':
      process.stderr.write(`${step.text}\n`);
      return;
    case 'event':
      print(step.event);
      return;
    case 'hang':
      await new Promise(() => setInterval(() => {}, 60_000));
      return;
    case 'ignore-term':
      process.on('SIGTERM', () => log({ event: 'term' }));
      return;
    case 'leave-behind':
      spawn('sleep', ['600'], { stdio: ['ignore', 'inherit', 'ignore'] }).unref();
      return;
    case 'wait-for-file':
      while (!existsSync(step.path)) await new Promise((resolve) => setTimeout(resolve, 10));
      return;
    case 'exit':
      if (step.signal !== undefined) process.kill(process.pid, step.signal);
      // What it wrote is out before it goes.
      await new Promise<void>((resolve) => void process.stdout.write('', () => resolve()));
      process.exit(step.code ?? 0);
  }
}

/** Waits for a slow reader: what is written to a pipe in Node may only be kept for later. */
function writeWhole(bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
