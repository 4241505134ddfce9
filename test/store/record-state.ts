/**
 * Makes `fixtures/state/v<version>`: a state directory as real runs leave it, over every backend, with waits, answers, a
 * crash and a cancel; paths and boot ids of the machine are replaced, checksums written anew. Run by hand after a build:
 * `node test/store/record-state.ts fixtures/state/v1`. A version that was released is never recorded again.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readJournal } from '../../src/journal/read-journal.ts';
import { encodeRecord } from '../../src/journal/record-line.ts';
import { decodeTranscript, encodeTranscript } from '../../src/journal/transcript.ts';
import type { Step } from '../../src/rehearsal/fault-agent/script.ts';
import { socketNameFor } from '../../src/tmux/server.ts';
import { Machine } from '../e2e/scratch.ts';
import { killRecorded } from '../process/kill-recorded.ts';
import { describeState, FIXTURE_HOME } from './state-summary.ts';

const target = path.resolve(process.argv[2] ?? 'fixtures/state/v1');
const DIST = path.resolve(import.meta.dirname, '../../dist');
const HEADLESS = path.resolve(import.meta.dirname, '../backend/headless/scripted-agent.ts');

const shell = (command: string): Step => ({ type: 'shell', command });
const says = (text: string): Step => ({ type: 'text', text });
const fix = shell("echo 4 > sum.txt && git commit -qam 'fix: the sum'");
const wrong = shell("echo 6 > sum.txt && git commit -qam 'fix: a wrong sum'");
const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };
const verify = ['--verify', 'sh test.sh'];

test('a state directory', { timeout: 240_000 }, async (t) => {
  const machine = new Machine(t);
  t.after(() => void spawnSync('tmux', ['-L', socketNameFor(machine.state), 'kill-server'], { env: machine.env }));
  configure(machine);
  const run = (name: string, words: string, ...more: string[]) =>
    machine.run('run', words, '--name', name, ...verify, ...more);

  await run('acp-fix-round', 'case fix round');
  await machine.ok('tell', 'acp-fix-round', 'case one more', '--key', 'again', '--wait');
  const asking = run('acp-asked', 'case asks', '--permissions', 'ask');
  await answered(machine, 'acp-asked', 'allow');
  await answered(machine, 'acp-asked', 'The smaller one.', 2);
  await asking;
  await run('acp-waits', 'case waits');
  await run('acp-parked', 'case quota', '--no-wait');
  await machine.until('task-parked', 'acp-parked');
  await run('acp-after', 'case after', '--after', 'acp-parked', '--no-wait');
  await run('acp-failed', 'case fails');
  await run('acp-crashed', 'case hangs', '--no-wait', '--on-crash', 'ask');
  await machine.until('prompt-accepted', 'acp-crashed');
  kill(machine, 'acp-crashed');
  await run('acp-discarded', 'case hangs', '--no-wait');
  await machine.until('prompt-accepted', 'acp-discarded');
  await machine.ok('tell', 'acp-discarded', 'never handed');
  await machine.ok('cancel', 'acp-discarded', '--discard');
  await machine.ok('start', 'talk', 'case talk');
  await machine.ok('tell', 'talk', 'case talk again', '--wait');
  await machine.ok('stop', 'talk');
  await run('headless-done', 'Fix the sum', '--agent', 'codex', '--backend', 'headless');
  await run('terminal-review', 'Fix the sum', '--agent', 'tui', '--backend', 'tmux');
  await machine.ok('retry', 'acp-failed', '--discard').catch(() => {});
  await run('acp-planted', 'case plants');
  await machine.ok('exec', '--name', 'build', '--route', 'durable', '--check', 'done', '--', 'sh', '-c', 'echo done');
  writeFileSync(path.join(machine.repo, 'conduxt.json'), JSON.stringify({ verify: { command: 'sh test.sh' } }));
  machine.git('add', 'conduxt.json');
  machine.git('commit', '-qm', 'chore: settings');
  await machine.ok('trust', '--yes');
  await machine.ok('watchdog', '--once');
  for (const id of machine.sessionIds()) kill(machine, machine.nameOf(id));
  copy(machine);
  writeFileSync(
    path.join(target, 'expected.json'),
    `${JSON.stringify(describeState(path.join(target, 'state')), null, 2)}\n`,
  );
});

function configure(machine: Machine): void {
  const asks: Step = {
    type: 'permission',
    toolCall: { toolCallId: 't1', title: 'Run ls', kind: 'execute', rawInput: { command: 'ls -l' } },
    options: [
      { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
      { optionId: 'no', name: 'No', kind: 'reject_once' },
    ],
  };
  const clarify: Step = { type: 'callback', status: 'need_clarification', fields: { summary: 'Which sum?' } };
  const usage: Step = { type: 'usage', used: 1200, size: 200_000, cost: { amount: 0.02, currency: 'USD' } };
  const tool: Step = { type: 'tool', toolCallId: 't1', title: 'Edit sum.txt', kind: 'edit', status: 'completed' };
  const quota: Step = {
    type: 'answer',
    error: { code: -32603, message: 'You have hit your usage limit. Try again in 30 days.' },
  };
  const prompts = [
    { match: 'case fix round', times: 1, steps: [says('I look. '), tool, usage, wrong, done] },
    { match: 'case asks', times: 1, steps: [asks, clarify] },
    { match: 'The smaller one', steps: [fix, done] },
    { match: 'case waits', steps: [clarify] },
    { match: 'case quota', steps: [quota] },
    { match: 'case fails', steps: [{ type: 'callback', status: 'failed', fields: { summary: 'I cannot.' } } as const] },
    { match: 'case hangs', steps: [says('I begin.'), { type: 'hang' } as const] },
    { match: 'case plants', steps: [shell('git config filter.x.clean "touch planted"'), fix, done] },
    { match: 'case talk', steps: [says('Hello.')] },
    { match: 'case one more', steps: [shell("echo x > more.txt && git add -A && git commit -qm 'docs: more'"), done] },
    { match: '.', steps: [fix, done] },
  ];
  const tui = machine.file('tui.json');
  const phase = `echo PHASE:awaiting_review > "$CONDUXT_PHASE"`;
  const tuiFix = "echo 4 > sum.txt && git commit -qam 'fix: the sum'";
  writeFileSync(tui, JSON.stringify({ prompts: [{ steps: [{ type: 'shell', command: `${tuiFix} && ${phase}` }] }] }));
  const headless = machine.file('headless.json');
  writeFileSync(
    headless,
    JSON.stringify({
      log: machine.file('headless.ndjson'),
      state: machine.file('conversations.json'),
      prompts: [[fix, { type: 'callback', status: 'completed' }]],
    }),
  );
  const script = machine.file('agent.script.json');
  const acp = { command: process.execPath, args: [path.join(DIST, 'fault-agent.js'), '--script', script] };
  const terminal = { command: process.execPath, args: [path.join(DIST, 'scripted-tui.js'), '--script', tui] };
  const codex = { command: process.execPath, args: ['--disable-warning=ExperimentalWarning', HEADLESS, headless] };
  machine.agent(
    { prompts },
    { agent: 'fault', agents: { fault: { acp }, tui: { terminal }, codex: { headless: codex } } },
  );
}

async function answered(machine: Machine, name: string, words: string, nth = 1): Promise<void> {
  for (;;) {
    const open = machine.journal(name).filter((record) => record.type === 'decision-opened');
    if (open.length >= nth) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await machine.ok('answer', name, words);
}

/** The host and its agent, as a power cut ends them. */
function kill(machine: Machine, name: string): void {
  for (const record of machine.journal(name)) {
    if (record.type === 'host-started' || record.type === 'agent-started') killRecorded(record.process);
  }
}

const SKIPPED = /(?:\.lock|\.sock|host\.log|tmux\.conf|\/git-hooks|\/line|settled\.json)$/;

function copy(machine: Machine): void {
  rmSync(target, { recursive: true, force: true });
  const files = readdirSync(machine.state, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(machine.state, name))
    .filter((file) => statSync(file).isFile() && !file.split('/').some((part) => SKIPPED.test(`/${part}`)));
  const hashes = new Map<string, string>();
  const sizes = new Map<string, number>();
  const clean = (text: string): string => {
    let safe = text
      .replaceAll(machine.root, FIXTURE_HOME)
      .replaceAll(path.dirname(DIST), '/conduxt')
      .replaceAll(process.execPath, '/usr/bin/node')
      .replaceAll(/"bootId":"[^"]*"/g, '"bootId":"00000000-0000-4000-8000-000000000000"');
    for (const [before, after] of hashes) safe = safe.replaceAll(before, after);
    return safe;
  };
  const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
  // What journals know the hashes of comes first.
  const isHashed = (file: string): boolean => /\/prompts\/|\.log$/.test(file);
  for (const file of files.filter(isHashed)) {
    const text = readFileSync(file, 'utf8');
    const safe = clean(text);
    hashes.set(sha(text), sha(safe));
    sizes.set(path.basename(file, '.txt'), Buffer.byteLength(safe));
  }
  for (const file of files) {
    const relative = clean(path.relative(machine.root, file));
    const place = path.join(target, relative);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, content(file, clean, sizes));
  }
}

function content(file: string, clean: (text: string) => string, sizes: ReadonlyMap<string, number>): string | Buffer {
  if (file.endsWith('journal.ndjson')) {
    const lines = readJournal(file).records.map((record) => {
      const safe = JSON.parse(clean(JSON.stringify(record))) as Record<string, unknown>;
      const bytes = sizes.get(String(safe['promptId']));
      delete safe['c'];
      return encodeRecord(safe['type'] === 'prompt-queued' && bytes !== undefined ? { ...safe, bytes } : safe);
    });
    return Buffer.concat(lines);
  }
  const text = readFileSync(file, 'utf8');
  if (file.endsWith('transcript.ndjson')) {
    const lines = text
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => decodeTranscript(Buffer.from(line)) ?? []);
    return Buffer.concat(
      lines.map((line) => encodeTranscript(line, Buffer.from(clean(line.message.toString('utf8'))))),
    );
  }
  if (!file.endsWith('session.json')) return clean(text);
  const record = JSON.parse(clean(text)) as { firstPrompt: { promptId: string } | null };
  const bytes = sizes.get(record.firstPrompt?.promptId ?? '');
  const firstPrompt =
    record.firstPrompt === null || bytes === undefined ? record.firstPrompt : { ...record.firstPrompt, bytes };
  return `${JSON.stringify({ ...record, firstPrompt }, null, 2)}\n`;
}
