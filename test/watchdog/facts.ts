import type { ProcessIdentity } from '../../src/session/events.ts';
import type { SessionFacts, TurnFact } from '../../src/watchdog/facts.ts';
import type { WatchSettings } from '../../src/watchdog/settings.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const NOW = Date.parse('2026-01-01T12:00:00.000Z');

export const settings: WatchSettings = {
  intervalMs: 3 * MINUTE,
  stallMs: 30 * MINUTE,
  restartStalled: false,
  giveUpMs: 5 * HOUR,
  spacingMs: 0,
  helloMs: 2000,
};

export const processOf = (pid: number): ProcessIdentity => ({ pid, startTime: '1', bootId: 'b' });

export const turn = (over: Partial<TurnFact> = {}): TurnFact => ({
  turnId: 't-1',
  startedAtMs: NOW - MINUTE,
  lastSignAtMs: NOW - 1000,
  cancelRequested: false,
  turnTimeoutMs: 2 * HOUR,
  cancelTimeoutMs: 10_000,
  ...over,
});

/** A session at work whose host died. */
export const facts = (over: Partial<SessionFacts> = {}): SessionFacts => ({
  name: 'issue-78',
  id: 's-1',
  agent: 'claude',
  backend: 'acp',
  hasTask: true,
  state: 'crashed',
  isOwed: true,
  isStopped: false,
  host: { type: 'dead', rebooted: false },
  agentProcess: 'none',
  orphans: [],
  turn: null,
  parkedUntilMs: null,
  awaiting: null,
  decisions: [],
  loginRefusedAtMs: null,
  agentWorkedAtMs: null,
  ...over,
});

export const living = (over: Partial<SessionFacts> = {}): SessionFacts =>
  facts({ state: 'running', host: { type: 'answers', process: processOf(42) }, agentProcess: 'alive', ...over });
