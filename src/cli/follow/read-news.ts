import { viewOfMessage } from '../../backend/acp/view.ts';
import type { AgentNews } from '../../session/agent-news.ts';

/** What conduxt reads of one message of an agent; null when it is not a session update. */
export function newsOf(message: Buffer | null): AgentNews | null {
  return readMessage(message)?.news ?? null;
}

/** What conduxt reads of a message of an agent; null when it was too long to hold or is not JSON. */
export function readMessage(message: Buffer | null): { readonly news: AgentNews | null } | null {
  if (message === null) return null;
  try {
    return { news: viewOfMessage(JSON.parse(message.toString('utf8'))) };
  } catch {
    return null;
  }
}
