import type { OpenReply, StepReply, StopReply } from '../control/protocol.ts';

/** What the spine does for the desk: it alone runs steps and leaves. */
export interface SpineControls {
  /** Ends what the spine is doing now (waiting for a slot, set-up, verification), not the turn. */
  interruptStep(): void;
  /** Starts the agent when the spine rests; resolves when it is ready. */
  openAgent(): Promise<OpenReply>;
  /** Runs a step when the spine rests. */
  runStep(step: 'verify' | 'pull-request'): Promise<StepReply>;
  /** Resolves when the session was stopped and its agent is gone. */
  left(): Promise<StopReply>;
}
