import { oneLine } from '../text/sanitize.ts';
import type { BackendName, SessionState } from '../session/words.ts';
import { isUnfinished, memoryStatus } from './memory-status.ts';
import { MEMORY_BEGIN, MEMORY_END } from './memory-markers.ts';

export { replaceSection } from './memory-markers.ts';

/** One task or session as the memory file tells it. Everything needed to make it again by hand. */
export interface MemoryEntry {
  readonly name: string;
  readonly sessionId: string;
  /** The task in one line; longer ones are cut in the heading. */
  readonly description: string;
  readonly state: SessionState;
  readonly agent: string;
  readonly backend: BackendName;
  readonly branch: string | null;
  readonly base: string | null;
  readonly baseCommit: string | null;
  /** Where the agent works: a worktree, or the checkout for a plain session. */
  readonly directory: string;
  /** True when somebody removed the worktree (`clean`). */
  readonly cleaned?: boolean;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly milestone: string | null;
  /** What the agent reported, or `none yet`. */
  readonly callback: string;
  /** Why it ended, or what it waits for. */
  readonly reason: string | null;
  readonly pullRequest: string | null;
  /** The agent's own session id. */
  readonly nativeId: string | null;
  /** Shell line that continues the agent's session without conduxt, or null. */
  readonly resumeByHand: string | null;
  /** Shell lines that follow and continue it with conduxt. */
  readonly commands: readonly string[];
  /** Of the host, while it lives. */
  readonly pid: number | null;
}

const MAX_HEADING_CHARS = 80;
const MAX_VALUE_CHARS = 400;
/** Finished tasks that stay listed; older ones are in their journals. */
const MAX_FINISHED = 20;

/**
 * The managed section with its two markers, without a newline at its end: unfinished tasks first, the newest of each
 * on top. Every value is one sanitized line.
 */
export function renderMemorySection(entries: readonly MemoryEntry[]): string {
  const shown = inOrder(entries);
  const body = shown.length === 0 ? ['No tasks in flight.'] : shown.map(renderEntry);
  const hidden = entries.length - shown.length;
  return [
    MEMORY_BEGIN,
    '## In-Flight Tasks',
    '',
    '<!-- Kept by conduxt from its journals: changes between the markers are overwritten. -->',
    '',
    body.join('\n\n'),
    ...(hidden > 0 ? ['', `_${hidden} older finished tasks are not listed._`] : []),
    '',
    MEMORY_END,
  ].join('\n');
}

function inOrder(entries: readonly MemoryEntry[]): MemoryEntry[] {
  const newestFirst = entries.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0));
  const { open = [], finished = [] } = Object.groupBy(newestFirst, ({ state }) =>
    isUnfinished(memoryStatus(state)) ? 'open' : 'finished',
  );
  return [...open, ...finished.slice(0, MAX_FINISHED)];
}

function renderEntry(entry: MemoryEntry): string {
  const status = memoryStatus(entry.state);
  const base = entry.base === null ? null : [entry.base, entry.baseCommit?.slice(0, 12)].filter(Boolean).join(' @ ');
  const lines: readonly (readonly [label: string, value: string | null])[] = [
    ['Status', status === entry.state ? status : `${status} (${entry.state})`],
    ['Branch', code(entry.branch)],
    ['Base', code(base)],
    ['Worktree', `${code(entry.directory)}${entry.cleaned === true ? ' (cleaned up)' : ''}`],
    ['Session', `${code(entry.name)} (${entry.sessionId})`],
    ['Backend', entry.backend],
    ['Agent', prose(entry.agent)],
    ['Native session', code(entry.nativeId)],
    ['Started', entry.startedAt ?? `not yet (created ${entry.createdAt})`],
    ['Ended', entry.endedAt],
    ['Latest milestone', prose(entry.milestone) ?? 'none yet'],
    ['Callback', prose(entry.callback)],
    ['Reason', prose(entry.reason)],
    ['Pull request', prose(entry.pullRequest)],
    ['Commands', entry.commands.map((command) => code(command)).join(' · ')],
    ['Without conduxt', code(entry.resumeByHand)],
  ];
  const title = `### ${prose(oneLine(`${entry.name}: ${entry.description}`, entry.name.length + 2 + MAX_HEADING_CHARS))}`;
  const present = lines.filter(([, value]) => value !== null && value !== '');
  return [title, ...present.map(([label, value]) => `- **${label}:** ${value}`)].join('\n');
}

/** One line that Markdown shows as it is: no comment, tag, link target or emphasis begins in it. */
function prose<T extends string | null>(text: T): T | string {
  return text === null
    ? text
    : oneLine(text, MAX_VALUE_CHARS)
        .replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;' })[character] ?? '&gt;')
        .replace(/[\\`*[\]]/g, String.raw`\$&`);
}

/** A code span whose fence is longer than any run of backticks in it. */
function code<T extends string | null>(text: T): T | string {
  if (text === null) return text;
  // An HTML comment is looked for before code spans by programs that only know our markers.
  const line = oneLine(text, MAX_VALUE_CHARS).replaceAll('<!--', '<! --');
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest > 0 ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}

/** `active-tasks.json`: the same facts for programs. One document, ended by a newline. */
export function activeTasksJson(entries: readonly MemoryEntry[]): string {
  const tasks = inOrder(entries).map((entry) => ({
    taskId: entry.name,
    session: entry.sessionId,
    description: oneLine(entry.description, MAX_VALUE_CHARS),
    status: memoryStatus(entry.state),
    state: entry.state,
    agent: entry.agent,
    backend: entry.backend,
    branch: entry.branch,
    base: entry.base,
    worktree: entry.directory,
    createdAt: entry.createdAt,
    startedAt: entry.startedAt,
    endedAt: entry.endedAt,
    nativeSession: entry.nativeId,
    pullRequest: entry.pullRequest,
    pid: entry.pid,
  }));
  return `${JSON.stringify({ schemaVersion: 1, tasks }, null, 2)}\n`;
}
