/**
 * Said to the hook program by an agent whose hook can only refuse (codex): what is neither against the guard nor against a
 * rule is left to the agent's own questions.
 */
export const DENY_ONLY = 'deny-only';
