import type { ScreenState } from '../../agents/terminal/screen-state.ts';
import { messageOf } from '../../errors.ts';
import type { AgentPane, Look } from './agent-pane.ts';
import { accept, type RunningTurn } from './running-turn.ts';

type Asked = Extract<ScreenState, { type: 'permission' }>;

/** Asks for an answer to what stands on the screen, and presses its key: Enter for its chosen "yes", else Escape. */
export async function answerPermission(
  agent: AgentPane,
  running: RunningTurn,
  state: Asked,
  look: Look,
): Promise<void> {
  const { listener, pane } = agent.parts;
  await accept(agent, running);
  if (running.asking !== null || running.turn.intent !== null) return;
  const asking = new AbortController();
  running.asking = asking;
  const { command, question } = state;
  const kind = command === null ? null : 'execute';
  const request = { toolCallId: null, title: command ?? question, kind, command, paths: [] };
  void listener
    .permission(request, asking.signal)
    .then(async (answer) => {
      const now = await agent.state();
      // A key goes only to the very question that was answered.
      const same = now?.type === 'permission' && now.command === command && now.question === question;
      if (answer.type === 'cancelled' || !same) return;
      if (answer.type === 'reject') await pane.press(['Escape']);
      else if (now.yesIsChosen) await pane.press(['Enter']);
      else agent.tellAsks(look.screen);
    })
    .catch((error: unknown) => listener.notice({ type: 'protocol-oddity', what: messageOf(error) }))
    .finally(() => {
      if (running.asking === asking) running.asking = null;
      agent.wake.ring();
    });
}
