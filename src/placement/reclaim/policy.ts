import { unreachable } from '../../errors.ts';

export const scopes = ['agent-only', 'all-stale'] as const;
/** `agent-only`: what conduxt started. `all-stale`: also sessions of anybody, when nothing has happened in them for long. */
export type Scope = (typeof scopes)[number];

/** Whether the session that something belongs to is over. `none`: it belongs to none. */
export type OwnerState = 'none' | 'alive' | 'over';

/** What is known about one tmux session. */
export interface SessionFacts {
  readonly name: string;
  /** `terminal`: in our ledger. `agent`: of a session of conduxt. `other`: somebody else's. */
  readonly kind: 'terminal' | 'agent' | 'other';
  readonly state: 'running' | 'idle' | 'ended' | 'gone';
  /** What has the keyboard. */
  readonly foreground: string | null;
  /** Since it printed something last; null when that is not known. */
  readonly idleMs: number | null;
  readonly isWatched: boolean;
  readonly owner: OwnerState;
  /** This command runs in it. */
  readonly isOwnHome: boolean;
  /** On its screen a shell waits, with nothing typed. */
  readonly showsEmptyPrompt: boolean;
}

export interface Wish {
  readonly scope: Scope;
  /** Also what still runs. */
  readonly running: boolean;
  readonly staleMs: number;
}

export type Verdict =
  | { readonly type: 'end'; readonly reason: string }
  | { readonly type: 'propose'; readonly reason: string }
  | { readonly type: 'keep'; readonly reason: string };

const end = (reason: string): Verdict => ({ type: 'end', reason });
const keep = (reason: string): Verdict => ({ type: 'keep', reason });

/** What becomes of one session. What is not ours is proposed at most, and only when it is idle, old and seen to be so. */
export function judgeSession(facts: SessionFacts, wish: Wish): Verdict {
  if (facts.isOwnHome) return keep('this command runs in it');
  switch (facts.kind) {
    case 'terminal':
      return judgeTerminal(facts, wish);
    case 'agent':
      return facts.owner === 'over' ? end('its session is over') : keep('an agent works in it: conduxt stop ends it');
    case 'other':
      return judgeOther(facts, wish);
    default:
      return unreachable(facts.kind, 'kind');
  }
}

function judgeTerminal(facts: SessionFacts, { running }: Wish): Verdict {
  if (facts.state === 'ended' || facts.state === 'gone') return end('its command is over');
  if (facts.isWatched) return keep('somebody looks at it');
  if (facts.owner === 'over') return end('the session that started it is over');
  if (running) return end('it was asked for');
  if (facts.owner === 'alive') return keep('the session that started it goes on');
  if (facts.state === 'running') return keep(`${facts.foreground ?? 'a command'} runs in it: --running ends it`);
  return facts.showsEmptyPrompt ? end('only a shell waits in it') : keep('something is typed in its line');
}

function judgeOther({ state, idleMs, isWatched, showsEmptyPrompt }: SessionFacts, { scope, staleMs }: Wish): Verdict {
  if (scope === 'agent-only') return keep('it is not ours');
  if (state === 'running') return keep('a program runs in it');
  if (isWatched) return keep('somebody looks at it');
  if (idleMs === null || idleMs <= staleMs) return keep('it was used not long ago');
  if (!showsEmptyPrompt && state === 'idle') return keep('its screen shows more than a waiting shell');
  return { type: 'propose', reason: 'it is not ours; nothing runs in it, and nothing has happened in it for long' };
}
