import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Script } from '../../src/rehearsal/fault-agent/script.ts';
import type { JournalRecord } from '../../src/session/events.ts';
import { killRecorded } from '../process/kill-recorded.ts';
import { Scratch, type LiveSession } from '../host/scratch.ts';

const FULL = process.env['FAULTS'] === 'all';
const WORKERS = 2;
/** Right behind the record, and in what the host does next. */
const LATER_MS = FULL ? [0, 12] : [0];
/** Where the work changes hands. */
const SAMPLE: readonly JournalRecord['type'][] = ['turn-ended', 'verification-finished', 'step-finished'];

const script: Script = {
  prompts: [
    {
      match: '.',
      steps: [
        { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'; :" },
        { type: 'callback', status: 'completed', fields: { summary: 'It is 4.' } },
      ],
    },
  ],
};

/** Kills the host once its journal has so many records, lets others go on, and looks at what became of the task. */
async function prove(scratch: Scratch, records: number, laterMs: number): Promise<string[]> {
  const name = `task-${records}-${laterMs}`;
  const task = scratch.task(script, { name });
  const started = task.host().catch(() => null);
  const host = await firstHost(task, records);
  await delay(laterMs);
  killRecorded(host);
  await started;
  await task.host();
  await task.untilType('task-ended');
  return problemsOf(scratch, task).map((what) => `${name}, killed behind ${task.types()[records - 1]}: ${what}`);
}

async function firstHost(task: LiveSession, records: number) {
  for (;;) {
    const journal = task.journal();
    const first = journal.find((record) => record.type === 'host-started');
    if (first !== undefined && journal.length >= records) return first.process;
    await delay(1);
  }
}

function problemsOf(scratch: Scratch, task: LiveSession): string[] {
  const { name } = task.record;
  const ended = task.journal().flatMap((record) => (record.type === 'task-ended' ? [record.end] : []));
  const first = task.prompts().filter((prompt) => prompt.startsWith('Make the sum 4.'));
  const written = globSync(path.join(scratch.home, 'repos', '*', 'prs', `fix-${name}.md`));
  const pushed = scratch.git('ls-remote', 'origin', `refs/heads/fix/${name}`);
  const receipt = task.view().folded.delivery.receipt?.commit ?? '-';
  return [
    ...(ended.length === 1 && ended[0] === 'completed' ? [] : [`it ended ${ended.join(', ')}`]),
    // None: nobody knows whether it had it, and the next one asks it to go on.
    ...(first.length <= 1 && task.prompts().length > 0 ? [] : [`its agent was given the task ${first.length} times`]),
    ...(written.length === 1 ? [] : [`it has ${written.length} pull requests`]),
    ...(pushed.startsWith(receipt) ? [] : [`${pushed || 'nothing'} was pushed, ${receipt} verified`]),
  ];
}

/** The records of a task that nobody disturbs. */
async function undisturbed(scratch: Scratch): Promise<string[]> {
  const task = scratch.task(script, { name: 'undisturbed' });
  await task.host();
  await task.untilType('task-ended');
  assert.deepEqual(problemsOf(scratch, task), []);
  return task.types();
}

async function places(t: TestContext): Promise<{ readonly scratch: Scratch; readonly behind: number[] }> {
  const scratch = new Scratch(t);
  const types: string[] = await undisturbed(scratch);
  const numbers = types.map((type, index) => ({ type, records: index + 1 }));
  const chosen = FULL ? numbers : SAMPLE.flatMap((type) => numbers.find((one) => one.type === type) ?? []);
  return { scratch, behind: chosen.map(({ records }) => records) };
}

describe('the host of a task, killed behind each of its records', () => {
  it('is followed by one that brings the task to its end: given once, one pull request, what was verified', async (t) => {
    const { scratch, behind } = await places(t);
    assert.ok(behind.length >= SAMPLE.length);
    const waiting = behind.flatMap((records) => LATER_MS.map((laterMs) => ({ records, laterMs })));
    const all = waiting.length;
    const wrong: string[] = [];
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        wrong.push(...(await prove(scratch, next.records, next.laterMs)));
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
    t.diagnostic(`${all} kills behind ${behind.length} records: ${wrong.length} wrong`);
    assert.deepEqual(wrong, []);
  });
});
