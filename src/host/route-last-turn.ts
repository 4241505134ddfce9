import { onCrashOf } from '../session/crash.ts';
import type { EndedTurn } from '../session/fold/turns.ts';
import { MAX_RECOVERIES } from '../route/next-action.ts';
import { routeSessionTurn, routeTurn, type RouteBudget } from '../route/route-turn.ts';
import type { HostContext } from './context.ts';

/** What is left of the task's budgets. */
export function budgetOf({ log, record, clock }: HostContext): RouteBudget {
  const { life, prompts, delivery } = log.folded;
  // What the base branch broke costs the agent no round.
  const extra = delivery.baseline?.verdict.type === 'red' ? 1 : 0;
  return {
    fixRoundsLeft: (record.task?.fixRounds ?? 0) + extra - life.fixRoundsUsed,
    remindersLeft: (record.task?.reminders ?? 0) - life.remindersUsed,
    recoveriesLeft: MAX_RECOVERIES - (record.task === null ? life.recoveriesInARow : life.recoveriesUsed),
    reminderPauseMs: record.limits.reminderPauseMs * 2 ** life.remindersUsed,
    promptOwed: prompts.owed.length > 0,
    waits: life.waits,
    nowMs: clock.now(),
    onCrash: onCrashOf(record),
  };
}

export async function routeLastTurn(context: HostContext, turn: EndedTurn): Promise<void> {
  const route = context.record.task === null ? routeSessionTurn : routeTurn;
  await context.log.appendPatiently({
    type: 'turn-routed',
    turnId: turn.turnId,
    decision: route(turn, budgetOf(context)),
  });
}
