import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { deriveState } from '../../src/session/derive-state.ts';
import { foldSession } from '../../src/session/fold/session-fold.ts';
import { readJournal } from '../../src/journal/read-journal.ts';
import type { HostContext } from '../../src/host/context.ts';
import { dropAllAnd, endTask } from '../../src/host/end-task.ts';
import { queuePrompt } from '../../src/host/prompt-book.ts';
import type { SessionState } from '../../src/session/words.ts';
import { sessionRecord } from '../session/samples.ts';
import { realContext } from './real-context.ts';

/** A task that owes its agent two prompts and has had no turn. */
async function begun(t: TestContext): Promise<HostContext> {
  const context: HostContext = { ...(await realContext(t)), record: sessionRecord() };
  for (const key of ['first', 'second'])
    await queuePrompt(context, { promptId: key, key, text: key, kind: 'task', urgent: false });
  return context;
}

/** What a follower may see, each time that the host says how much of the journal is durable. */
function statesSeen({ log, paths, record }: HostContext): SessionState[] {
  const seen: SessionState[] = [];
  log.watch((reply) => {
    if (!('journalBytes' in reply)) return;
    const durable = readFileSync(paths.journal).subarray(0, reply.journalBytes).toString('utf8');
    const count = durable.split('\n').length - 1;
    seen.push(deriveState(foldSession(readJournal(paths.journal).records.slice(0, count)), record, true));
  });
  return seen;
}

describe('the end of a task that no agent has seen', () => {
  it('is one step for those who follow it: between its dropped prompts and its end nobody takes it for idle', async (t) => {
    const context = await begun(t);
    const seen = statesSeen(context);
    await endTask(context, { end: 'failed', reason: 'the set-up failed', code: 'set-up-failed' });
    assert.deepEqual(seen, ['preparing', 'failed']);
    assert.equal(context.log.folded.life.ended?.reason, 'the set-up failed');
  });

  it('by a cancel is one step as well, and so is a stop', async (t) => {
    const cancelled = await begun(t);
    const end = { type: 'task-ended', end: 'cancelled', reason: 'cancelled by a person' } as const;
    const seen = statesSeen(cancelled);
    assert.equal(await dropAllAnd(cancelled, 'cancelled', end), 2);
    assert.deepEqual(seen, ['preparing', 'cancelled']);

    const stopped = await begun(t);
    const seenOfStop = statesSeen(stopped);
    await dropAllAnd(stopped, 'stopped', { type: 'session-stopped' });
    assert.deepEqual(seenOfStop, ['preparing', 'stopped']);
  });
});
