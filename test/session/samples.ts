import type { JournalRecord, SessionEvent } from '../../src/session/events.ts';
import type { SessionRecord, TaskSpec } from '../../src/session/record.ts';

/** Records with growing numbers, as one host would write them. */
export function journalOf(events: readonly SessionEvent[], epoch = 1, firstSeq = 1): JournalRecord[] {
  return events.map((event, index) => ({
    seq: firstSeq + index,
    epoch,
    at: new Date(1_700_000_000_000 + index).toISOString(),
    ...event,
  }));
}

export const taskSpec = (over: Partial<TaskSpec> = {}): TaskSpec => ({
  title: 'Pagination is off by one',
  words: 'fix issue #78',
  source: { type: 'issue', forge: 'local', number: 78, url: null },
  kind: 'fix',
  branch: 'fix/issue-78',
  base: 'main',
  baseCommit: 'b'.repeat(40),
  adopted: false,
  lent: false,
  verify: {
    type: 'command',
    command: { type: 'argv', argv: ['npm', 'test'] },
    from: 'detected',
    runner: 'npm',
    timeoutMs: 60_000,
  },
  setup: { commands: [], from: 'none', copy: [], link: [], timeoutMs: 60_000 },
  delivery: { forge: 'local', remote: 'origin', pullRequest: true, draft: false, pullRequestNumber: null },
  fixRounds: 3,
  reminders: 2,
  tags: [],
  priority: 0,
  after: [],
  checklist: [],
  ...over,
});

export const sessionRecord = (over: Partial<SessionRecord> = {}): SessionRecord => ({
  schemaVersion: 1,
  id: 's-01jd0000000000000000000000',
  name: 'issue-78',
  kind: 'task',
  repo: { key: 'demo-12345678', slug: 'demo', root: '/repo', commonDir: '/repo/.git' },
  agent: { name: 'rehearsal', command: '/usr/bin/node', args: ['agent.js'], env: {}, envFile: null, version: '1.0.0' },
  backend: 'acp',
  requestedBackend: 'auto',
  cwd: '/worktrees/demo/issue-78',
  permissions: 'approve-all',
  permissionsReason: 'the task is your own words',
  createdAt: '2026-01-01T00:00:00.000Z',
  task: taskSpec(),
  firstPrompt: { promptId: 'p-1', kind: 'task', bytes: 4, sha256: '0'.repeat(64) },
  limits: {
    startTimeoutMs: 60_000,
    firstSignTimeoutMs: 60_000,
    turnTimeoutMs: 60_000,
    cancelTimeoutMs: 5_000,
    silenceWarnMs: 60_000,
    reminderPauseMs: 50,
    permissionTimeoutMs: 60_000,
    hostIdleMs: 1_000,
    taskTimeoutMs: null,
    slotsPerUser: 4,
    slotsPerAgent: 4,
  },
  hooks: { notify: [], memoryFile: null },
  ...over,
});

/** A session without a task. */
export const plainRecord = (): SessionRecord =>
  sessionRecord({ kind: 'session', task: null, firstPrompt: null, name: 'helper' });

export const queued = (
  promptId: string,
  over: Partial<Extract<SessionEvent, { type: 'prompt-queued' }>> = {},
): SessionEvent => ({
  type: 'prompt-queued',
  promptId,
  key: `key/${promptId}`,
  kind: 'user',
  bytes: 1,
  sha256: '0'.repeat(64),
  ...over,
});
export const handed = (promptId: string, turnId = `t-${promptId}`): SessionEvent => ({
  type: 'prompt-handed',
  promptId,
  turnId,
  nonce: `n-${turnId}`,
});
export const ended = (
  promptId: string,
  over: Partial<Extract<SessionEvent, { type: 'turn-ended' }>> = {},
): SessionEvent => ({
  type: 'turn-ended',
  turnId: `t-${promptId}`,
  promptId,
  verdict: 'done',
  stopReason: 'end_turn',
  callback: { type: 'missing' },
  lastMessage: '',
  toolCalls: 0,
  ...over,
});
