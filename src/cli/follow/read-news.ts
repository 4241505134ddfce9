import { viewOf } from '../../backend/acp/view.ts';
import type { AgentNews } from '../../views/progress-update.ts';

/** What conduxt reads of one message of an agent; null when it is not a session update. */
export function newsOf(message: Buffer | null): AgentNews | null {
  const value = messageValue(message);
  if (typeof value !== 'object' || value === null || !('params' in value)) return null;
  const { params } = value;
  if (typeof params !== 'object' || params === null || !('update' in params)) return null;
  return viewOf(params.update);
}

/** The message as it came; undefined when it was too long to hold or is not JSON. */
export function messageValue(message: Buffer | null): unknown {
  if (message === null) return undefined;
  try {
    return JSON.parse(message.toString('utf8'));
  } catch {
    return undefined;
  }
}
