import * as z from 'zod';
import type { JournalRecord } from '../../../src/session/events.ts';
import { foldSession, type FoldedSession } from '../../../src/session/fold/session-fold.ts';

/** What somebody asked of one session, in order, and whether they were told that it is so (exit code 0). */
export type Asked =
  | { readonly verb: 'tell'; readonly key: string; readonly acknowledged: boolean }
  | { readonly verb: 'cancel'; readonly acknowledged: boolean }
  | { readonly verb: 'answer'; readonly decisionId: string; readonly answer: string; readonly acknowledged: boolean }
  | { readonly verb: 'stop' | 'resume'; readonly acknowledged: boolean };

/** A prompt as the agent logged it. */
export interface Seen {
  readonly key: string;
  /** It came while the agent was still at another one. */
  readonly busy: boolean;
}

export interface History {
  readonly asked: readonly Asked[];
  readonly seen: readonly Seen[];
  readonly journal: readonly JournalRecord[];
  readonly damaged: number;
}

/** What became of a task, and what the world outside of its journal holds of it. */
export interface TaskHistory {
  readonly journal: readonly JournalRecord[];
  readonly damaged: number;
  readonly prompts: readonly Prompt[];
  /** The commit that its branch stands at, at the remote; '' for none. */
  readonly pushed: string;
  readonly pullRequests: number;
}

const FINAL = ['done', 'failed', 'cancelled', 'unknown', 'dropped'];

/** Every promise that this history breaks, as a sentence. Nothing of the session may go on while it is checked. */
export function brokenPromises({ asked, seen, journal, damaged }: History): string[] {
  const folded = foldSession(journal);
  return [
    ...(damaged > 0 ? [`${damaged} damaged records`] : []),
    ...recordsOutOfOrder(journal),
    ...brokenTells(asked, seen, folded, journal),
    ...brokenAnswers(asked, journal),
    ...workWhileStopped(journal),
  ];
}

/** The same of a task. One that faults have made fail is no broken promise; a red one that is called completed is. */
export function brokenTask({ journal, damaged, prompts, pushed, pullRequests }: TaskHistory): string[] {
  const { delivery, life, turns } = foldSession(journal);
  const ends = journal.filter(({ type }) => type === 'task-ended').length;
  const given = prompts.filter(({ text }) => text.startsWith('Make the sum 4.')).length;
  const { receipt } = delivery;
  const isVerified = receipt?.verdict.type === 'green' && receipt.commit === pushed && pullRequests === 1;
  return [
    ...(damaged > 0 ? [`${damaged} damaged records`] : []),
    ...recordsOutOfOrder(journal),
    ...(ends === 1 ? [] : [`it ended ${ends} times`]),
    ...(turns.open === null ? [] : ['a turn is still open']),
    ...(given <= 1 ? [] : [`its agent was given it ${given} times`]),
    ...(prompts.some(({ busy }) => busy) ? ['its agent was asked while it was at another prompt'] : []),
    ...(pullRequests <= 1 ? [] : [`it has ${pullRequests} pull requests`]),
    ...(life.ended?.end === 'completed' && !isVerified
      ? [
          `it is completed: ${receipt?.verdict.type} at ${receipt?.commit}, ${pushed} pushed, ${pullRequests} pull requests`,
        ]
      : []),
  ];
}

function recordsOutOfOrder(journal: readonly JournalRecord[]): string[] {
  const wrong: string[] = [];
  const hosts = new Map<number, number>();
  for (const [index, { seq, epoch, type }] of journal.entries()) {
    const before = journal[index - 1];
    if (before !== undefined && seq <= before.seq) wrong.push(`the sequence number ${seq} comes after ${before.seq}`);
    if (before !== undefined && epoch < before.epoch) wrong.push(`epoch ${epoch} wrote after epoch ${before.epoch}`);
    if (type === 'host-started') hosts.set(epoch, (hosts.get(epoch) ?? 0) + 1);
  }
  for (const [epoch, times] of hosts) if (times > 1) wrong.push(`epoch ${epoch} had ${times} hosts`);
  return wrong;
}

function brokenTells(
  asked: readonly Asked[],
  seen: readonly Seen[],
  { prompts, turns }: FoldedSession,
  journal: readonly JournalRecord[],
): string[] {
  const wrong: string[] = [];
  const times = new Map<string, number>();
  for (const { key, busy } of seen) {
    times.set(key, (times.get(key) ?? 0) + 1);
    if (busy) wrong.push(`the agent was asked ${key} while it was at another prompt`);
  }
  for (const [key, count] of times) if (count > 1) wrong.push(`the agent saw ${key} ${count} times`);
  if (turns.open !== null) wrong.push('a turn is still open');
  const endings = asked.filter(({ verb }) => verb === 'cancel' || verb === 'stop').length;
  let cancelled = 0;
  const acknowledged: { readonly key: string; readonly seq: number }[] = [];
  for (const [index, one] of asked.entries()) {
    if (one.verb !== 'tell' || !one.acknowledged) continue;
    const { key } = one;
    const entry = prompts.byKey.get(key);
    if (entry === undefined) {
      wrong.push(`${key} was acknowledged and is lost`);
      continue;
    }
    acknowledged.push({ key, seq: entry.queuedSeq });
    const queued = journal.filter((record) => record.type === 'prompt-queued' && record.key === key).length;
    if (queued > 1) wrong.push(`${key} was queued ${queued} times`);
    if (!FINAL.includes(entry.state)) wrong.push(`${key} is still ${entry.state}`);
    const count = times.get(key) ?? 0;
    if (entry.state === 'done' && count === 0) wrong.push(`${key} is called done, and the agent never saw it`);
    if (entry.state === 'dropped') {
      if (count > 0) wrong.push(`${key} is called dropped, and the agent saw it`);
      if (!asked.slice(index).some(({ verb }) => verb === 'stop')) wrong.push(`${key} was dropped unasked`);
    }
    if (entry.state === 'cancelled') cancelled += 1;
  }
  if (cancelled > endings)
    wrong.push(`${cancelled} turns are cancelled, and ${endings} cancels and stops were asked for`);
  return [...wrong, ...outOfOrder(acknowledged, seen)];
}

/** Recorded in the order of the acknowledgements, and seen by the agent in that order. */
function outOfOrder(acknowledged: readonly { key: string; seq: number }[], seen: readonly Seen[]): string[] {
  const wrong: string[] = [];
  for (const [index, { key, seq }] of acknowledged.entries())
    if (seq <= (acknowledged[index - 1]?.seq ?? 0))
      wrong.push(`${key} was acknowledged in another order than recorded`);
  const places = new Map(acknowledged.map(({ key }, index) => [key, index]));
  let last = -1;
  for (const { key } of seen) {
    const place = places.get(key);
    if (place === undefined) continue;
    if (place < last) wrong.push(`the agent saw ${key} after a later one`);
    last = Math.max(last, place);
  }
  return wrong;
}

function brokenAnswers(asked: readonly Asked[], journal: readonly JournalRecord[]): string[] {
  const wrong: string[] = [];
  for (const one of asked) {
    if (one.verb !== 'answer' || !one.acknowledged) continue;
    const ends = journal.flatMap((record) =>
      record.type === 'decision-ended' && record.decisionId === one.decisionId ? [record.end] : [],
    );
    const [end] = ends;
    if (ends.length !== 1 || end?.type !== 'answered' || end.answer !== one.answer)
      wrong.push(`the answer to ${one.decisionId} was taken, and it ended as ${JSON.stringify(ends)}`);
  }
  return wrong;
}

/**
 * Between a recorded stop and the next resumption nothing is handed over, and no agent starts but one that was on its way:
 * the host that recorded the stop says so, and ends it.
 */
function workWhileStopped(journal: readonly JournalRecord[]): string[] {
  let stoppedBy: number | null = null;
  return journal.flatMap(({ type, seq, epoch }) => {
    if (type === 'session-stopped') stoppedBy = epoch;
    if (type === 'session-resumed') stoppedBy = null;
    const works = type === 'prompt-handed' || (type === 'agent-started' && epoch !== stoppedBy);
    return stoppedBy !== null && works ? [`${type} (${seq}) in a stopped session`] : [];
  });
}

const logLine = z.object({ event: z.literal('prompt'), text: z.string(), busy: z.boolean() });

export interface Prompt {
  readonly text: string;
  readonly busy: boolean;
}

/** What the agent was asked, from its log. */
export const promptsIn = (log: string): Prompt[] =>
  log.split('\n').flatMap((line) => logLine.safeParse(parseJson(line)).data ?? []);

/** The same by their keys: the last line of each prompt is `say <key>` or `ask <key>`. */
export const promptsSeen = (log: string): Seen[] =>
  promptsIn(log).flatMap(({ text, busy }) => {
    const key = /^(?:say|ask) (\S+)$/.exec(text.split('\n').at(-1) ?? '')?.[1];
    return key === undefined ? [] : [{ key, busy }];
  });

/** Null for a line that is torn because the agent was killed in it. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
