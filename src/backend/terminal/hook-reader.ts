import type { AgentPane } from './agent-pane.ts';
import { isOfEarlierTurn, isOurs, readHookLine, type HookEvent } from './hook-events.ts';
import { accept, type RunningTurn } from './running-turn.ts';
import { updateOf } from './updates.ts';

/** Takes in what the agent's hooks told since the last look. */
export async function readHooks(agent: AgentPane, running: RunningTurn): Promise<void> {
  const { lines, end } = await agent.parts.pane.hookLines(running.hookBytes);
  running.hookBytes = end;
  for (const line of lines) {
    const event = readHookLine(line);
    if (event !== null) await onHook(agent, running, event);
  }
}

async function onHook(agent: AgentPane, running: RunningTurn, event: HookEvent): Promise<void> {
  const { listener, clock } = agent.parts;
  const { turn } = running;
  if (isLate(agent, running, event)) return;
  turn.touch();
  switch (event.type) {
    case 'prompt':
      running.isPrompted = true;
      return accept(agent, running);
    case 'tool': {
      await accept(agent, running);
      const update = updateOf(turn.turnId, 'hook', {
        sessionUpdate: event.status === 'completed' ? 'tool_call_update' : 'tool_call',
        toolCallId: event.id,
        title: event.title,
        status: event.status,
      });
      turn.see(update.view);
      return listener.update(update);
    }
    case 'stop':
      if (!isOurs(event, { thread: agent.thread, ...running.file })) return;
      if (event.nativeId !== null) agent.learn(event.nativeId);
      running.stopped = { message: event.message, at: clock.monotonic() };
      return;
    case 'refused':
      listener.notice(event);
      return;
    case 'failed':
      running.failed = event.message;
      return;
    case 'session':
    case 'other':
      return listener.update(updateOf(turn.turnId, 'hook', { sessionUpdate: 'agent_event', event }));
  }
}

/** Of the turn before. Claude's hooks run one after the other: what comes before its word that it has the prompt is old. */
function isLate({ parts }: AgentPane, running: RunningTurn, event: HookEvent): boolean {
  const isTurns = event.type === 'tool' || event.type === 'stop' || event.type === 'failed';
  if (isTurns && parts.profile.hooks === 'claude-settings' && !running.isPrompted) return true;
  return event.type === 'tool' && isOfEarlierTurn(event.startedMs, running.file.pastedAtMs);
}
