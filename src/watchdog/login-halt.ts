import type { SessionFacts } from './facts.ts';

/** One refusal may be one session's own trouble; three are the agent's. */
const REFUSALS = 3;

/** The last that one session knows of its agent's login. */
export type LoginFacts = Pick<SessionFacts, 'name' | 'agent' | 'loginRefusedAtMs' | 'agentWorkedAtMs'>;

/**
 * The agents that refuse everybody, and whom they refused: so many sessions in a row were turned away for want of a login,
 * and none has worked since. Starting more would only fail more tasks. The first session that works again ends the halt.
 */
export function loginHalts(sessions: readonly LoginFacts[]): ReadonlyMap<string, readonly LoginFacts[]> {
  const halts = new Map<string, readonly LoginFacts[]>();
  for (const agent of new Set(sessions.map((one) => one.agent))) {
    const own = sessions.filter((one) => one.agent === agent);
    const lastWorked = Math.max(0, ...own.map((one) => one.agentWorkedAtMs ?? 0));
    const refused = own.filter((one) => (one.loginRefusedAtMs ?? 0) > lastWorked);
    if (refused.length >= REFUSALS) halts.set(agent, refused);
  }
  return halts;
}
