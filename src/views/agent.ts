import { isUnverified } from '../agents/unverified-profiles.ts';
import type { AgentLaunch } from '../session/record.ts';
import { oneLine } from '../text/sanitize.ts';

/** The agent of a session, in documents. */
export interface AgentOfSessionJson {
  readonly name: string;
  readonly version: string | null;
  /** Nobody ever ran this agent with conduxt; absent where somebody did. */
  readonly unverified?: true;
}

export const agentJson = (agent: Pick<AgentLaunch, 'name' | 'like' | 'version'>): AgentOfSessionJson => ({
  name: agent.name,
  version: agent.version,
  ...(isUnverified(agent) ? { unverified: true } : {}),
});

/** The same for a person, in one line. */
export const agentWords = ({ name, version, unverified }: AgentOfSessionJson): string =>
  [name, ...(version === null ? [] : [oneLine(version, 60)]), ...(unverified === true ? ['(unverified)'] : [])].join(
    ' ',
  );
