import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JournalRecord, SessionEvent } from '../../src/session/events.ts';
import { ended, handed, journalOf, queued } from '../session/samples.ts';
import { receipt } from '../views/samples.ts';
import { chaos, wordsAboutFaults } from './chaos/chaos.ts';
import {
  brokenPromises,
  brokenTask,
  promptsSeen,
  type Asked,
  type History,
  type TaskHistory,
} from './chaos/history.ts';

const FULL = process.env['FAULTS'] === 'all';
const SEED = Number(process.env['FAULT_SEED'] ?? '1');

const tell = (key: string, acknowledged = true): Asked => ({ verb: 'tell', key, acknowledged });
const stop: Asked = { verb: 'stop', acknowledged: true };
const started: SessionEvent = {
  type: 'host-started',
  process: { pid: 2, startTime: '1', bootId: 'b' },
  version: '0',
};
const turn = (id: string): SessionEvent[] => [queued(id), handed(id), ended(id)];
const keyOf = (id: string): string => {
  const [record] = journalOf([queued(id)]);
  assert.ok(record?.type === 'prompt-queued');
  return record.key;
};
const [A, B] = [keyOf('a'), keyOf('b')];
const seen = (...keys: string[]): History['seen'] => keys.map((key) => ({ key, busy: false }));
const whole: History = {
  asked: [tell(A), tell(B), tell('refused', false)],
  seen: seen(A, B),
  journal: journalOf([started, ...turn('a'), ...turn('b')]),
  damaged: 0,
};
const dropped: SessionEvent = { type: 'prompt-dropped', promptId: 'b', reason: 'stopped' };
const stopped: SessionEvent = { type: 'session-stopped' };
const agent: SessionEvent = {
  type: 'agent-started',
  process: { pid: 3, startTime: '1', bootId: 'b' },
  command: 'agent',
  args: [],
};
const answered = (answer: string): SessionEvent => ({
  type: 'decision-ended',
  decisionId: 'd',
  end: { type: 'answered', answer, by: 'person' },
});
const answer: Asked = { verb: 'answer', decisionId: 'd', answer: 'yes', acknowledged: true };

/** A history that breaks one promise, and the words in which that is found. */
const LIES: readonly (readonly [string, Partial<History>, RegExp])[] = [
  ['a lost prompt', { journal: journalOf([started, ...turn('a')]) }, /was acknowledged and is lost/],
  ['a prompt that ran twice', { seen: seen(A, B, B) }, /saw \S+ 2 times/],
  ['a prompt that never ran', { seen: seen(A) }, /is called done, and the agent never saw it/],
  ['a prompt that is owed', { journal: journalOf([started, ...turn('a'), queued('b')]) }, /is still queued/],
  [
    'a turn that never ends',
    { journal: journalOf([started, ...turn('a'), queued('b'), handed('b')]) },
    /a turn is still open/,
  ],
  ['another order in the journal', { asked: [tell(B), tell(A)] }, /acknowledged in another order/],
  ['another order at the agent', { seen: seen(B, A) }, /saw \S+ after a later one/],
  ['two prompts at once', { seen: [...seen(A), { key: B, busy: true }] }, /while it was at another prompt/],
  [
    'one key queued twice',
    { journal: journalOf([started, ...turn('a'), ...turn('b'), queued('b')]) },
    /was queued 2 times/,
  ],
  [
    'a prompt dropped by nobody',
    { journal: journalOf([started, ...turn('a'), queued('b'), dropped]), seen: seen(A) },
    /was dropped unasked/,
  ],
  [
    'a dropped prompt that ran',
    { journal: journalOf([started, ...turn('a'), queued('b'), dropped]), asked: [tell(A), tell(B), stop] },
    /is called dropped, and the agent saw it/,
  ],
  [
    'a turn cancelled by nobody',
    { journal: journalOf([started, ...turn('a'), queued('b'), handed('b'), ended('b', { verdict: 'cancelled' })]) },
    /1 turns are cancelled, and 0 cancels/,
  ],
  ['a damaged record', { damaged: 1 }, /1 damaged/],
  [
    'a replaced host that writes',
    { journal: [...journalOf([started, ...turn('a')], 2), ...journalOf(turn('b'), 1, 100)] },
    /epoch 1 wrote after epoch 2/,
  ],
  ['two hosts of one epoch', { journal: journalOf([started, started, ...turn('a'), ...turn('b')]) }, /had 2 hosts/],
  ['a number used twice', { journal: again(whole.journal) }, /comes after/],
  ['work after a stop', { journal: journalOf([started, stopped, ...turn('a'), ...turn('b')]) }, /in a stopped session/],
  [
    'an agent that is started after a stop',
    { journal: [...journalOf([started, ...turn('a'), ...turn('b'), stopped]), ...journalOf([started, agent], 2, 100)] },
    /agent-started \(\d+\) in a stopped session/,
  ],
  ['a forgotten answer', { asked: [tell(A), tell(B), answer] }, /it ended as \[\]/],
  [
    'another answer',
    { asked: [tell(A), tell(B), answer], journal: journalOf([started, ...turn('a'), ...turn('b'), answered('no')]) },
    /the answer to d was taken/,
  ],
];

const over = (end: 'completed' | 'failed'): SessionEvent => ({ type: 'task-ended', end, reason: '' });
const verified = (verdict: 'green' | 'red'): SessionEvent => ({
  type: 'verification-finished',
  planId: 'plan',
  receipt: receipt(verdict === 'green' ? {} : { verdict: { type: 'red', excerpt: '' } }),
  decision: null,
});
const given = { text: 'Make the sum 4.\n', busy: false };
const doneTask: TaskHistory = {
  journal: journalOf([started, ...turn('a'), verified('green'), over('completed')]),
  damaged: 0,
  prompts: [given],
  pushed: receipt().commit,
  pullRequests: 1,
};
const TASK_LIES: readonly (readonly [string, Partial<TaskHistory>, RegExp])[] = [
  [
    'a red task that is completed',
    { journal: journalOf([started, ...turn('a'), verified('red'), over('completed')]) },
    /it is completed: red/,
  ],
  ['a task that nobody verified', { journal: journalOf([started, ...turn('a'), over('completed')]) }, /: undefined/],
  ['another commit at the remote', { pushed: 'f'.repeat(40) }, /f{40} pushed/],
  ['a task without its pull request', { pullRequests: 0 }, /0 pull requests/],
  ['two pull requests', { pullRequests: 2 }, /2 pull requests/],
  ['a task that was given twice', { prompts: [given, given] }, /given it 2 times/],
  ['a task with two prompts at once', { prompts: [{ ...given, busy: true }] }, /at another prompt/],
  ['a task without an end', { journal: journalOf([started, ...turn('a')]) }, /ended 0 times/],
  ['a task whose journal is damaged', { damaged: 2 }, /2 damaged/],
];

function again(records: readonly JournalRecord[]): readonly JournalRecord[] {
  const last = records.at(-1);
  return last === undefined ? [] : [...records, { ...last, type: 'session-resumed' }];
}

describe('what checks the histories of chaos', () => {
  it('finds nothing wrong in a good one', () => {
    assert.deepEqual(brokenPromises(whole), []);
    assert.deepEqual(
      brokenPromises({
        asked: [tell(A), tell(B), answer, stop],
        seen: seen(A),
        // The agent was on its way when it was stopped.
        journal: journalOf([started, ...turn('a'), queued('b'), dropped, answered('yes'), stopped, agent]),
        damaged: 0,
      }),
      [],
    );
  });

  for (const [name, lie, words] of LIES)
    it(`finds ${name}`, () => {
      assert.match(brokenPromises({ ...whole, ...lie }).join('\n'), words);
    });

  it('finds nothing wrong in a task that was done, or that the faults have made fail', () => {
    assert.deepEqual(brokenTask(doneTask), []);
    const journal = journalOf([started, ...turn('a'), over('failed')]);
    assert.deepEqual(brokenTask({ ...doneTask, journal, pushed: '', pullRequests: 0 }), []);
  });

  for (const [name, lie, words] of TASK_LIES)
    it(`finds ${name}`, () => {
      assert.match(brokenTask({ ...doneTask, ...lie }).join('\n'), words);
    });

  it('reads what the agent saw, also behind lines that are torn', () => {
    const line = (text: string): string => JSON.stringify({ event: 'prompt', text, busy: false });
    const log = [line('say x/1'), '{"event":"prom', line('Between us:\nask x/2'), line('something else'), ''].join(
      '\n',
    );
    assert.deepEqual(promptsSeen(log), seen('x/1', 'x/2'));
  });
});

describe('chaos', () => {
  const options = FULL ? { sessions: 20, seconds: 60 } : { sessions: 4, seconds: 3 };
  it(`of ${options.sessions} sessions breaks no promise`, { timeout: 400_000 }, async (t) => {
    const report = await chaos({ ...options, seed: SEED });
    const { wrong, acknowledged, faults, canFillDisk, ends, tasks, kept } = report;
    t.diagnostic(
      `seed ${SEED}; acknowledged: ${JSON.stringify(acknowledged)}, ` +
        `prompts: ${JSON.stringify(ends)}; tasks: ${JSON.stringify(tasks)}; ${wordsAboutFaults(report)}`,
    );
    if (!canFillDisk) t.diagnostic('no full disk: a file system cannot be mounted here');
    assert.deepEqual(wrong, [], `FAULT_SEED=${SEED}, kept in ${kept}`);
    assert.ok((acknowledged['tell'] ?? 0) > 0 && Object.keys(faults).length > 0, 'nothing happened');
  });
});
