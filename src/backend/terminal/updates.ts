import type { AgentUpdate } from '../backend.ts';
import { viewOf } from '../acp/view.ts';

/** Where an update was seen: the agent's own hook says it, it stood on the screen, or a headless agent printed it as an event. */
export type Seen = 'hook' | 'screen' | 'stream';

/**
 * What was seen, in the transcript's one vocabulary (ACP's), so that every reader can show it. `_meta` says that no
 * agent sent it so.
 */
export function updateOf(turnId: string | null, seen: Seen, update: Readonly<Record<string, unknown>>): AgentUpdate {
  const body = { ...update, _meta: { conduxt: { seen } } };
  const text = JSON.stringify({ jsonrpc: '2.0', method: 'session/update', params: { update: body } });
  return { turnId, raw: Buffer.from(text), text, view: viewOf(body) };
}

export const messageUpdate = (turnId: string | null, seen: Seen, text: string): AgentUpdate =>
  updateOf(turnId, seen, { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
