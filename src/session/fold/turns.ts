import type { JournalRecord, RouteDecision, TurnEnded } from '../events.ts';
import { BUDGET_DECISION, type Spent } from '../budget.ts';
import { addTurn, leastTokens, noUsage, ownUsage, type UsageSum } from '../usage.ts';
import type { PromptKind } from '../words.ts';
import type { Prompts } from './prompts.ts';

export interface OpenTurn {
  readonly turnId: string;
  readonly promptId: string;
  readonly nonce: string;
  readonly startedAt: string;
  /** Of the record that handed it over. */
  readonly seq: number;
  /** The epoch whose host handed the prompt: another epoch's turn was interrupted. */
  readonly epoch: number;
  readonly cancelRequested: boolean;
}

export interface EndedTurn {
  readonly turnId: string;
  readonly promptKind: PromptKind;
  readonly nonce: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly end: TurnEnded;
  /** Somebody asked for its end before it was recorded: whatever the agent said, it counts as cancelled. */
  readonly cancelRequested: boolean;
  readonly routed: RouteDecision | null;
}

export interface Turns {
  open: OpenTurn | null;
  last: EndedTurn | null;
  count: number;
  usage: UsageSum;
  /** What counts against the session's budget. */
  spent: Spent;
  /** Its task has ended: a person's next word begins a new budget. */
  isOver: boolean;
  /** What the guard refused since the last prompt was handed over, as the agent is told. */
  refusals: readonly string[];
}

const NOTHING: Spent = { tokens: 0, cost: 0 };

export const noTurns = (): Turns => ({
  open: null,
  last: null,
  count: 0,
  usage: noUsage(),
  spent: NOTHING,
  isOver: false,
  refusals: [],
});

/** An agent that tries for ever is not told for ever. */
const KEPT_REFUSALS = 10;

/** `prompts` must not have seen `record` yet or may have: only the prompt's kind is read from it. */
export function foldTurns(turns: Turns, record: JournalRecord, prompts: Prompts): void {
  switch (record.type) {
    case 'prompt-handed':
      turns.count += 1;
      turns.refusals = [];
      turns.open = {
        turnId: record.turnId,
        promptId: record.promptId,
        nonce: record.nonce,
        startedAt: record.at,
        seq: record.seq,
        epoch: record.epoch,
        cancelRequested: false,
      };
      return;
    case 'cancel-requested':
      if (turns.open?.turnId === record.turnId) turns.open = { ...turns.open, cancelRequested: true };
      return;
    case 'prompt-returned':
      // It was no turn: the agent was never asked.
      if (turns.open?.turnId === record.turnId) turns.open = null;
      return;
    case 'turn-ended':
      turns.last = {
        turnId: record.turnId,
        promptKind: prompts.byId.get(record.promptId)?.kind ?? 'user',
        nonce: turns.open?.nonce ?? '',
        startedAt: turns.open?.startedAt ?? record.at,
        endedAt: record.at,
        end: record,
        cancelRequested: turns.open?.cancelRequested === true,
        routed: null,
      };
      turns.open = null;
      if (record.usage !== undefined) {
        const own = ownUsage(record.usage, turns.usage.lastCost);
        const { tokens, cost } = turns.spent;
        turns.spent = { tokens: tokens + leastTokens(own), cost: cost + (own.costAmount ?? 0) };
        turns.usage = addTurn(turns.usage, record.usage);
      }
      return;
    case 'task-ended':
      turns.isOver = true;
      return;
    case 'prompt-queued':
      if (!turns.isOver || !isPersons(record.kind)) return;
      turns.isOver = false;
      turns.spent = NOTHING;
      return;
    case 'decision-ended':
      if (!record.decisionId.startsWith(BUDGET_DECISION)) return;
      if (record.end.type === 'answered' && record.end.answer === 'more') turns.spent = NOTHING;
      return;
    case 'guard-refused':
      turns.refusals = [...turns.refusals, `${record.what}: ${record.reason}`].slice(-KEPT_REFUSALS);
      return;
    case 'turn-routed':
      if (turns.last?.turnId === record.turnId) turns.last = { ...turns.last, routed: record.decision };
      return;
    default:
      return;
  }
}

const isPersons = (kind: PromptKind): boolean => kind === 'task' || kind === 'user' || kind === 'answer';
