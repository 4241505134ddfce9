import type { StepReply } from '../control/protocol.ts';
import { heldElsewhere } from '../errors.ts';
import { configChanged, isConfigChanged } from '../git/config-guard.ts';
import type { Bell } from './bell.ts';
import type { HostContext } from './context.ts';
import { runStepByHand } from './deliver.ts';
import { inspectGitConfig, tryInspectGitConfig } from './git-config.ts';
import { requireWorktree } from './worktree-gone.ts';

export type ManualStep = 'verify' | 'pull-request';

interface Asked {
  readonly step: ManualStep;
  readonly resolve: (reply: StepReply) => void;
  readonly reject: (error: unknown) => void;
}

/** Steps that a person asks for; they wait for a moment in which nothing else is done. */
export class ManualSteps {
  readonly #context: HostContext;
  readonly #bell: Bell;
  readonly #asked: Asked[] = [];

  constructor(context: HostContext, bell: Bell) {
    this.#context = context;
    this.#bell = bell;
  }

  /** @throws `agent-working` (exit 75) while a turn is open or owed, and where the worktree is gone. */
  ask(step: ManualStep): Promise<StepReply> {
    const { record, log } = this.#context;
    requireWorktree(record, log.folded);
    const { turns, prompts } = log.folded;
    if (turns.open !== null || prompts.owed.length > 0) {
      throw heldElsewhere('agent-working', 'The agent is working; its tests are run when the turn is over.', {
        remedy: `Wait with conduxt wait ${record.name}, then try again.`,
      });
    }
    return new Promise((resolve, reject) => {
      this.#asked.push({ step, resolve, reject });
      this.#bell.ring();
    });
  }

  /** False when nobody asked for anything. */
  async runNext(signal: AbortSignal): Promise<boolean> {
    const asked = this.#asked.shift();
    if (asked === undefined) return false;
    try {
      await inspectGitConfig(this.#context);
      const { pending } = this.#context.log.folded.gitConfig;
      if (pending !== null) throw configChanged(pending.changes);
      asked.resolve(await runStepByHand(this.#context, asked.step, signal));
    } catch (error) {
      asked.reject(error);
      if (isConfigChanged(error)) await tryInspectGitConfig(this.#context);
    }
    return true;
  }

  /** The host leaves. */
  refuse(): void {
    for (const { reject } of this.#asked.splice(0))
      reject(heldElsewhere('host-leaving', 'The host of this session is leaving.'));
  }
}
