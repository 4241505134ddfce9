import type { Turn } from '../acp/turn.ts';
import type { AgentPane } from './agent-pane.ts';
import type { AskedQuestion } from './questions.ts';
import type { TurnFile } from './turn-file.ts';

/** The one turn that runs. */
export interface RunningTurn {
  readonly turn: Turn;
  file: TurnFile;
  /** Up to here the hook file was read. */
  hookBytes: number;
  /** The agent's own hook said that it has the prompt. */
  isPrompted: boolean;
  /** The agent's last message, by its hook. */
  stopped: { readonly message: string; readonly at: number } | null;
  /** What its hook says went wrong. */
  failed: string | null;
  /** What stands on its screen and wants an answer. */
  question: AskedQuestion | null;
  /** Somebody was asked, and has not answered yet. */
  asking: AbortController | null;
  /** A question stood on its screen after the prompt was pasted. */
  wasAsked: boolean;
  /** How often Enter was pressed again for a prompt that stood in the box once more. */
  entersAgain: number;
}

export const newTurn = (turn: Turn, file: TurnFile): RunningTurn => ({
  turn,
  file,
  hookBytes: file.hookBytes,
  isPrompted: false,
  stopped: null,
  failed: null,
  question: null,
  asking: null,
  wasAsked: false,
  entersAgain: 0,
});

export function settle(running: RunningTurn, answer: Parameters<Turn['settle']>[0]): void {
  running.asking?.abort();
  running.turn.settle(answer);
}

/** The first sign of life is told once. */
export async function accept({ parts }: AgentPane, { turn }: RunningTurn): Promise<void> {
  if (turn.accept()) await parts.listener.accepted(turn.turnId);
}
