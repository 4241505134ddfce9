import type { StepName, TaskEndCode } from '../session/events.ts';
import type { OpenTurn, EndedTurn } from '../session/fold/turns.ts';
import type { AwaitingPhase, PromptKind, TaskEnd } from '../session/words.ts';
import type { Question } from './questions.ts';

/**
 * The one thing a host does next. Everything follows from the journal, so a host that died is replaced by one that
 * reads the same journal and comes to the same answer.
 */
export type NextAction =
  /** The session was stopped: end the agent and leave. */
  | { readonly type: 'leave' }
  /** A turn of an earlier host has no end: nobody knows what the agent did with it. */
  | { readonly type: 'settle-interrupted'; readonly turn: OpenTurn }
  | { readonly type: 'prepare-worktree' }
  | { readonly type: 'set-up-worktree' }
  | { readonly type: 'hand'; readonly promptId: string }
  | { readonly type: 'route'; readonly turn: EndedTurn }
  /** The routed turn, or the verification of a plan, wants a prompt of our own. `key` makes it one prompt for ever. */
  | {
      readonly type: 'queue-own';
      readonly kind: OwnPromptKind;
      readonly key: string;
      readonly why: string;
      /** ISO time before which it is not queued. */
      readonly notBefore?: string;
    }
  /** The task waits before it goes on by itself. */
  | { readonly type: 'park'; readonly until: string; readonly reason: string }
  | { readonly type: 'park'; readonly forMs: number; readonly reason: string }
  | { readonly type: 'open-decision'; readonly question: Question }
  | { readonly type: 'plan'; readonly planId: string; readonly steps: readonly StepName[] }
  | { readonly type: 'step'; readonly planId: string; readonly step: StepName }
  /** The work is delivered; what the agent said it waits for comes as a prompt or a phase. */
  | { readonly type: 'await'; readonly phase: AwaitingPhase }
  | { readonly type: 'end'; readonly end: TaskEnd; readonly reason: string; readonly code?: TaskEndCode }
  /** People are told once about each decision and each end. */
  | { readonly type: 'notify'; readonly about: string }
  /** Nothing until a person says something. */
  | { readonly type: 'rest' };

export type OwnPromptKind = Extract<PromptKind, 'reminder' | 'fix' | 'recovery' | 'resume'>;
