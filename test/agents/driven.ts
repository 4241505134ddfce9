import { claudeHome, codexHome, geminiHome, opencodeHome, piHome, qwenHome, type AgentHome } from './agent-homes.ts';
import { CLAUDE, CODEX, GEMINI, OPENCODE, PI, QWEN, type PinnedAgent } from './pinned-agents.ts';

/** A real agent with everything it needs to reach a scripted model on the loopback, and what it is known to do. */
export interface DrivenAgent {
  readonly pinned: PinnedAgent;
  readonly home: AgentHome;
  /** False: it never asks before it runs a command. */
  readonly asks: boolean;
  /** False: a conversation that was broken off is not to be continued (its profile says why). */
  readonly resumes: boolean;
}

const ordinary = { asks: true, resumes: true } as const;

/** The lightest first. */
export const DRIVEN_AGENTS: readonly DrivenAgent[] = [
  { ...ordinary, pinned: PI, home: piHome(), asks: false },
  { ...ordinary, pinned: OPENCODE, home: opencodeHome },
  { ...ordinary, pinned: CODEX, home: codexHome(CODEX) },
  { ...ordinary, pinned: CLAUDE, home: claudeHome(CLAUDE) },
  { ...ordinary, pinned: GEMINI, home: geminiHome, resumes: false },
  { ...ordinary, pinned: QWEN, home: qwenHome },
];

/** @throws when there is none of that name. */
export function drivenAgent(name: string): DrivenAgent {
  const agent = DRIVEN_AGENTS.find(({ pinned }) => pinned.name === name);
  if (agent === undefined) throw new Error(`no driven agent ${name}`);
  return agent;
}
