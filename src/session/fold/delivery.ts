import type { JournalRecord, RouteDecision, StepName, StepOutcome, SetupFinished, WorktreeReady } from '../events.ts';
import type { Receipt } from '../receipt.ts';

export interface PlannedStep {
  readonly name: StepName;
  readonly state: 'planned' | 'started' | 'finished';
  readonly outcome: StepOutcome | null;
}

export interface Plan {
  readonly planId: string;
  readonly steps: readonly PlannedStep[];
  /** What the verification of this plan causes, once there is one. */
  readonly verified: { readonly receipt: Receipt; readonly decision: RouteDecision | null } | null;
}

/** What became of the work: worktree, set-up, steps, receipt, push and pull request. */
export interface Delivery {
  worktree: WorktreeReady | null;
  setup: (SetupFinished & Pick<JournalRecord, 'at'>) | null;
  plan: Plan | null;
  receipt: Receipt | null;
  /** How often in a row the tests were red with nothing committed since they were red before. */
  redAgain: number;
  /** How the tests fared on the base commit; null until somebody had reason to ask. */
  baseline: Receipt | null;
  pushedCommit: string | null;
  pullRequest: Extract<StepOutcome, { type: 'pull-request' }> | null;
  blocked: Extract<StepOutcome, { type: 'blocked' }> | null;
}

export const noDelivery = (): Delivery => ({
  worktree: null,
  setup: null,
  plan: null,
  receipt: null,
  redAgain: 0,
  baseline: null,
  pushedCommit: null,
  pullRequest: null,
  blocked: null,
});

export function foldDelivery(delivery: Delivery, record: JournalRecord): void {
  switch (record.type) {
    case 'worktree-ready':
      delivery.worktree = record;
      return;
    case 'setup-finished':
      delivery.setup = record;
      return;
    case 'steps-planned':
      delivery.plan = {
        planId: record.planId,
        steps: record.steps.map((name) => ({ name, state: 'planned', outcome: null })),
        verified: null,
      };
      delivery.blocked = null;
      return;
    case 'step-started':
      setStep(delivery, record.planId, record.step, 'started', null);
      return;
    case 'step-finished':
      setStep(delivery, record.planId, record.step, 'finished', record.outcome);
      foldOutcome(delivery, record.outcome);
      return;
    case 'baseline-checked':
      delivery.baseline = record.receipt;
      return;
    case 'verification-finished':
      delivery.redAgain = isRedAgain(delivery.receipt, record.receipt) ? delivery.redAgain + 1 : 0;
      delivery.receipt = record.receipt;
      if (delivery.plan !== null && delivery.plan.planId === record.planId) {
        delivery.plan = { ...delivery.plan, verified: { receipt: record.receipt, decision: record.decision } };
      }
      return;
    default:
      return;
  }
}

/** The same commit failed the same tests before. */
export const isRedAgain = (before: Receipt | null, now: Receipt): boolean =>
  before?.verdict.type === 'red' && now.verdict.type === 'red' && before.commit === now.commit;

function setStep(
  delivery: Delivery,
  planId: string,
  name: StepName,
  state: PlannedStep['state'],
  outcome: StepOutcome | null,
): void {
  if (delivery.plan?.planId !== planId) return;
  delivery.plan = {
    ...delivery.plan,
    steps: delivery.plan.steps.map((step) => (step.name === name ? { name, state, outcome } : step)),
  };
}

function foldOutcome(delivery: Delivery, outcome: StepOutcome): void {
  if (outcome.type === 'pushed') delivery.pushedCommit = outcome.commit;
  if (outcome.type === 'pull-request') {
    delivery.pullRequest = outcome;
    delivery.blocked = null;
  }
  if (outcome.type === 'blocked') delivery.blocked = outcome;
}
