import type { SessionFacts } from './facts.ts';

/** One refusal may be one session's own trouble; three are the agent's. */
const REFUSALS = 3;

/**
 * The agents that refuse everybody: so many sessions in a row were turned away for want of a login, and none has
 * worked since. Starting more would only fail more tasks. The first session that works again ends the halt.
 */
export function haltedAgents(sessions: readonly SessionFacts[]): Set<string> {
  const halted = new Set<string>();
  for (const agent of new Set(sessions.map((one) => one.agent))) {
    const own = sessions.filter((one) => one.agent === agent);
    const lastWorked = Math.max(0, ...own.map((one) => one.agentWorkedAtMs ?? 0));
    const refused = own.filter((one) => (one.loginRefusedAtMs ?? 0) > lastWorked);
    if (refused.length >= REFUSALS) halted.add(agent);
  }
  return halted;
}
