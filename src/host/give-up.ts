import { endRecorded } from '../process/group.ts';
import { readMemory } from '../watchdog/memory.ts';
import { historyOfTries } from '../watchdog/history.ts';
import { isOwed } from '../session/derive-state.ts';
import { stepMarker } from './agent-seat.ts';
import type { HostContext } from './context.ts';
import { endTask } from './end-task.ts';
import { MemoryKeeper } from './memory-keeper.ts';
import { openQuestion } from './questions.ts';
import { tellPeople } from './tell-people.ts';

const PATIENCE = { patienceMs: 0, termPatienceMs: 2_000 };

/**
 * The errand of a host that is started to end a session which the watchdog could not bring back: what runs is ended,
 * an open turn is unknown, the task fails with the history of tries. A session without a task asks a person instead.
 * Does nothing when the session owes nothing any more.
 */
export async function giveUp(context: HostContext): Promise<void> {
  const { log, record, paths } = context;
  if (!isOwed(log.folded, record)) return;
  const { agent } = log.folded.life;
  await endRecorded(agent.process, { sessionId: record.id, ...PATIENCE });
  await endRecorded(null, { sessionId: stepMarker(record.id), ...PATIENCE });
  const { open } = log.folded.turns;
  if (open !== null) {
    await log.append({
      type: 'turn-ended',
      turnId: open.turnId,
      promptId: open.promptId,
      verdict: 'unknown',
      stopReason: null,
      failure: 'host-lost',
      callback: { type: 'missing' },
      lastMessage: '',
      toolCalls: 0,
    });
  }
  const reason = context.redact(`the watchdog could not bring it back: ${historyOfTries(readMemory(paths))}`);
  if (record.task !== null) {
    await endTask(context, { end: 'failed', reason, code: 'recovery-failed' });
    await tellPeople(context, `ended/${log.folded.seq}`);
  } else {
    const id = `recovery-${log.folded.seq}`;
    const choices = ['retry', 'drop'];
    await openQuestion(context, { id, kind: 'dialog', question: reason, facts: {}, choices, fallback: 'drop' });
    await tellPeople(context, `decision/${id}`);
  }
  await new MemoryKeeper(context).finish();
}
