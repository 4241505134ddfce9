import { viewOfMessage } from '../../backend/acp/view.ts';
import type { AgentNews } from '../../session/agent-news.ts';

/** What conduxt reads of one message of an agent; null when it is not a session update. */
export function newsOf(message: Buffer | null): AgentNews | null {
  return readMessage(message)?.news ?? null;
}

/** A message as it came, and what conduxt reads of it; null when it was too long to hold or is not JSON. */
export function readMessage(message: Buffer | null): { readonly text: string; readonly news: AgentNews | null } | null {
  if (message === null) return null;
  const text = message.toString('utf8');
  try {
    return { text, news: viewOfMessage(JSON.parse(text)) };
  } catch {
    return null;
  }
}
