import type { ProcessIdentity } from '../session/events.ts';
import type { AwaitingPhase, BackendName, Phase, SessionState } from '../session/words.ts';

/** What one look at a session found. Times are wall clock, milliseconds since 1970. */
export interface SessionFacts {
  readonly name: string;
  readonly id: string;
  readonly agent: string;
  readonly backend: BackendName;
  readonly hasTask: boolean;
  /** As a reader of the files derives it, without asking the host. */
  readonly state: SessionState;
  /** True when a host would have something to do: work, or people to be told. */
  readonly isOwed: boolean;
  readonly isStopped: boolean;
  readonly host: HostFact;
  /** The agent's process by its recorded identity; `gone`: the journal believes it runs, and it does not. */
  readonly agentProcess: 'none' | 'alive' | 'gone';
  /** Processes that carry the session's marker although no host lives. */
  readonly orphans: readonly number[];
  readonly turn: TurnFact | null;
  readonly parkedUntilMs: number | null;
  /** A task that waits for a review or CI; null: it waits for neither. */
  readonly awaiting: AwaitingFact | null;
  readonly decisions: readonly DecisionFact[];
  /** When the last thing the agent did was to refuse us for want of a login. */
  readonly loginRefusedAtMs: number | null;
  /** When the last thing it did was to end a turn well. */
  readonly agentWorkedAtMs: number | null;
}

export type HostFact =
  /** None was ever started. */
  | { readonly type: 'never' }
  /** It left by itself, or was told to. */
  | { readonly type: 'left' }
  /** It died. `rebooted`: with the machine. */
  | { readonly type: 'dead'; readonly rebooted: boolean }
  | { readonly type: 'answers'; readonly process: ProcessIdentity }
  /** The process lives, takes connections and says nothing. */
  | { readonly type: 'silent'; readonly process: ProcessIdentity }
  /** The process lives, and nothing listens at its socket: it is leaving, or its socket was deleted. */
  | { readonly type: 'deaf'; readonly process: ProcessIdentity };

export interface TurnFact {
  readonly turnId: string;
  readonly startedAtMs: number;
  /** The newest sign of life in journal or transcript. */
  readonly lastSignAtMs: number;
  readonly cancelRequested: boolean;
  /** How long this turn may take by the session's own limits. */
  readonly turnTimeoutMs: number;
  readonly cancelTimeoutMs: number;
}

export interface AwaitingFact {
  readonly phase: AwaitingPhase;
  readonly sinceMs: number;
  /** Its phase file says something that no host has heard; null: nothing new. */
  readonly news: Phase | null;
}

export interface DecisionFact {
  readonly id: string;
  readonly question: string;
  /** ISO time. */
  readonly askedAt: string | null;
  readonly deadlineMs: number | null;
}
