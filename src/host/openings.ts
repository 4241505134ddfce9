import type { OpenReply } from '../control/protocol.ts';
import { heldElsewhere } from '../errors.ts';
import type { AgentSeat } from './agent-seat.ts';
import type { Bell } from './bell.ts';
import type { HostContext } from './context.ts';
import { acceptGitConfig } from './git-config.ts';
import { requireWorktree } from './worktree-gone.ts';

interface Asked {
  readonly resolve: (reply: OpenReply) => void;
  readonly reject: (error: unknown) => void;
}

/** Starts of the agent without a prompt; they wait for a moment in which nothing else is done. */
export class Openings {
  readonly #context: HostContext;
  readonly #seat: AgentSeat;
  readonly #bell: Bell;
  readonly #asked: Asked[] = [];

  constructor(context: HostContext, seat: AgentSeat, bell: Bell) {
    this.#context = context;
    this.#seat = seat;
    this.#bell = bell;
  }

  /** Resolves when the agent is ready for a prompt; rejects as `Backend.open` does. */
  ask(): Promise<OpenReply> {
    requireWorktree(this.#context.record, this.#context.log.folded);
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      this.#bell.ring();
    });
  }

  /** False when nobody asked for one. */
  async runNext(): Promise<boolean> {
    const asked = this.#asked.shift();
    if (asked === undefined) return false;
    try {
      // As before the first prompt: what changes from now on is the agent's own doing.
      if (this.#context.log.folded.turns.count === 0) await acceptGitConfig(this.#context);
      const { nativeId } = await this.#seat.open();
      asked.resolve({ nativeSessionId: nativeId });
    } catch (error) {
      asked.reject(error);
    }
    return true;
  }

  /** The host leaves. */
  refuse(): void {
    for (const { reject } of this.#asked.splice(0))
      reject(heldElsewhere('host-leaving', 'The host of this session is leaving.'));
  }
}
