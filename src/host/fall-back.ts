import { terminalFor } from '../agents/terminal/profiles.ts';
import type { ConduxtError } from '../errors.ts';
import { kindOf } from '../session/record.ts';
import type { BackendName } from '../session/words.ts';
import { oneLine } from '../text/sanitize.ts';
import { installedTmux, isRecent } from '../tmux/version.ts';
import type { AgentBackend } from './agent-backend.ts';
import type { AgentSeat } from './agent-seat.ts';
import type { HostContext } from './context.ts';

/** An adapter that dies in so many turns one after the other is not asked again. */
const MAX_DEATHS = 2;

/** What a terminal may mend. A missing login is missing there, too. */
const MENDABLE = new Set(['agent-not-started', 'agent-start-timeout', 'agent-protocol']);

/**
 * Under `--backend auto`, a session whose adapter fails goes on in a terminal: recorded, announced, and without
 * repeating a prompt that may have run (what was interrupted is recovered, as after any death).
 */
export class FallBack {
  readonly #context: HostContext;
  readonly #seat: AgentSeat;
  readonly #agentOver: (name: BackendName) => AgentBackend;

  constructor(context: HostContext, seat: AgentSeat, agentOver: (name: BackendName) => AgentBackend) {
    this.#context = context;
    this.#seat = seat;
    this.#agentOver = agentOver;
  }

  /** After the last try to start it. True when there is another way now. */
  async afterFailedStart(error: ConduxtError): Promise<boolean> {
    return MENDABLE.has(error.code) && this.#fallBack(`the adapter did not start: ${error.message}`);
  }

  /** Before a prompt is handed: the adapter may have died too often, or not speak the protocol. */
  async beforePrompt(): Promise<void> {
    const { turns, life } = this.#context.log.folded;
    const end = turns.last?.end;
    // A stop reason that we do not know is a newer agent's; none at all is no answer of this protocol.
    if (end?.failure === 'unknown-stop-reason' && end.stopReason === null) {
      await this.#fallBack('the adapter broke the protocol: it ended a turn without saying how');
    }
    if (end?.failure === 'agent-exited' && life.recoveriesUsed >= MAX_DEATHS) {
      await this.#fallBack(`the adapter died ${life.recoveriesUsed} times in the middle of a turn`);
    }
  }

  async #fallBack(why: string): Promise<boolean> {
    const { record, log, env, redact } = this.#context;
    const { terminal } = record;
    if (record.requestedBackend !== 'auto' || terminal === undefined || this.#seat.backendName === 'tmux') return false;
    const version = await installedTmux(env);
    if (version === null || !isRecent(version)) return false;
    const profile = terminalFor(kindOf(terminal.launch));
    const { nativeId } = log.folded.life.agent;
    const isKept = nativeId !== null && profile.nativeId === 'same' && profile.resumeArgs !== null;
    const reason = oneLine(redact(why), 300);
    const conversation = isKept ? 'kept' : 'lost';
    await log.appendPatiently({ type: 'backend-changed', from: 'acp', to: 'tmux', reason, conversation });
    await log.appendPatiently({ type: 'milestone', level: 'warn', text: `goes on in a terminal: ${reason}` });
    const { backend, spec } = this.#agentOver('tmux');
    await this.#seat.use(backend, spec);
    return true;
  }
}
