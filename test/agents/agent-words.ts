/** What agents put into a user's message by themselves. */
const OWN =
  /<(system-reminder|environment_context|user_instructions|permissions instructions|collaboration_mode|skills_instructions|INSTRUCTIONS|local-command-[a-z]+|command-[a-z]+|apps_instructions|plugins_instructions|multi_agent_[a-z]+|session_context)\b[^>]*>[\s\S]*?<\/\1>/g;

/** What Claude Code notes in the conversation when it was interrupted. */
const INTERRUPTED = /^\[Request interrupted by user[^\]\n]*\]$/gm;

/** What the user said. */
export const real = (text: string): string => text.replace(OWN, '').replace(INTERRUPTED, '').trim();

/** Nothing that a user said. */
export const isSynthetic = (text: string): boolean => text === '' || text.startsWith('# AGENTS.md instructions');
