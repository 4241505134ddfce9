import type { JournalRecord } from '../events.ts';
import type { PromptKind, PromptState } from '../words.ts';

/** One prompt as the journal knows it. The fold owns the entry and changes it in place. */
export interface PromptEntry {
  readonly id: string;
  readonly key: string;
  readonly kind: PromptKind;
  readonly bytes: number;
  readonly sha256: string;
  readonly urgent: boolean;
  readonly queuedSeq: number;
  readonly queuedAt: string;
  state: PromptState;
  turnId: string | null;
  endedAt: string | null;
  /** How often it was handed over and never reached the agent. */
  returns: number;
  /** The turn that it was taken back from, until it is handed over again. */
  returnedFrom: string | null;
}

/** Prompts in the order they were acknowledged, and the same by id and by key. */
export interface Prompts {
  readonly byId: Map<string, PromptEntry>;
  readonly byKey: Map<string, PromptEntry>;
  /** Only those in state `queued`, urgent ones first. Short: what is settled leaves it. */
  owed: PromptEntry[];
}

export const noPrompts = (): Prompts => ({ byId: new Map(), byKey: new Map(), owed: [] });

/**
 *     queued → handed → accepted → done | failed | cancelled | unknown
 *     queued → dropped
 *     queued → handed → done          (steered into a running turn; declined: back to queued)
 *     queued → handed → queued        (the agent never had it, as its own history shows)
 *     queued → handed → dropped       (the same, where somebody ended its turn, its task or the session, before or right after)
 * @param isOver whether somebody has: then nobody wants what this turn gives back.
 */
export function foldPrompts(prompts: Prompts, record: JournalRecord, isOver: (turnId: string) => boolean): void {
  switch (record.type) {
    case 'prompt-queued': {
      if (prompts.byKey.has(record.key)) return;
      const entry: PromptEntry = {
        id: record.promptId,
        key: record.key,
        kind: record.kind,
        bytes: record.bytes,
        sha256: record.sha256,
        urgent: record.urgent === true,
        queuedSeq: record.seq,
        queuedAt: record.at,
        state: 'queued',
        turnId: null,
        endedAt: null,
        returns: 0,
        returnedFrom: null,
      };
      prompts.byId.set(entry.id, entry);
      prompts.byKey.set(entry.key, entry);
      insertOwed(prompts, entry);
      return;
    }
    case 'prompt-dropped':
      settle(prompts, record.promptId, 'dropped', record.at);
      return;
    case 'prompt-handed': {
      const entry = prompts.byId.get(record.promptId);
      if (entry === undefined) return;
      entry.state = 'handed';
      entry.turnId = record.turnId;
      entry.returnedFrom = null;
      prompts.owed = prompts.owed.filter((owed) => owed !== entry);
      return;
    }
    case 'prompt-accepted': {
      const entry = prompts.byId.get(record.promptId);
      if (entry?.state === 'handed') entry.state = 'accepted';
      return;
    }
    case 'prompt-returned': {
      const entry = prompts.byId.get(record.promptId);
      if (entry === undefined) return;
      entry.turnId = null;
      entry.returns += 1;
      if (isOver(record.turnId)) {
        settle(prompts, record.promptId, 'dropped', record.at);
        return;
      }
      entry.state = 'queued';
      entry.returnedFrom = record.turnId;
      prompts.owed.unshift(entry);
      return;
    }
    case 'cancel-requested':
      // Its turn was open when somebody asked for its end.
      dropReturned(prompts, record.at, ({ returnedFrom }) => returnedFrom === record.turnId);
      return;
    case 'task-ended':
    case 'session-stopped':
      // What was owed was dropped before this record; this one was with the agent then, and came back since.
      dropReturned(prompts, record.at, ({ returnedFrom }) => returnedFrom !== null);
      return;
    case 'prompt-steered':
      foldSteered(prompts, record);
      return;
    case 'turn-ended':
      settle(prompts, record.promptId, record.verdict, record.at);
      return;
    default:
      return;
  }
}

function foldSteered(prompts: Prompts, record: Extract<JournalRecord, { type: 'prompt-steered' }>): void {
  const entry = prompts.byId.get(record.promptId);
  if (entry === undefined) return;
  switch (record.outcome) {
    case 'attempted':
      entry.state = 'handed';
      entry.turnId = record.turnId;
      prompts.owed = prompts.owed.filter((owed) => owed !== entry);
      return;
    case 'declined':
      entry.state = 'queued';
      entry.turnId = null;
      insertOwed(prompts, entry);
      return;
    case 'injected':
    case 'started-turn':
      settle(prompts, entry.id, 'done', record.at);
      return;
    case 'unknown':
      settle(prompts, entry.id, 'unknown', record.at);
      return;
  }
}

function dropReturned(prompts: Prompts, at: string, isMeant: (entry: PromptEntry) => boolean): void {
  for (const { id } of prompts.owed.filter(isMeant)) settle(prompts, id, 'dropped', at);
}

/** Several urgent prompts keep their own order: each goes after the urgent ones before it. */
function insertOwed(prompts: Prompts, entry: PromptEntry): void {
  if (!entry.urgent) {
    prompts.owed.push(entry);
    return;
  }
  const firstPatient = prompts.owed.findIndex((owed) => !owed.urgent);
  prompts.owed.splice(firstPatient < 0 ? prompts.owed.length : firstPatient, 0, entry);
}

function settle(prompts: Prompts, promptId: string, state: PromptState, at: string): void {
  const entry = prompts.byId.get(promptId);
  if (entry === undefined) return;
  entry.state = state;
  entry.endedAt = at;
  prompts.owed = prompts.owed.filter((owed) => owed !== entry);
}
