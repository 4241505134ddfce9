import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeTranscript } from '../../src/journal/transcript.ts';
import { nextAction } from '../../src/route/next-action.ts';
import { listArchived, listNames, readSession, type SessionView } from '../../src/store/read-session.ts';

/** Where the machine's scratch directory was, in every recorded file. */
export const FIXTURE_HOME = '/fixture';

/** What a reader makes of every session of a state directory, but for what depends on the clock. */
export function describeState(home: string): Record<string, object> {
  const named = listNames(home, null);
  const archived = named.flatMap(({ repoKey, name }) =>
    listArchived(home, repoKey, name).map((id) => ({ name: `${name} (archived)`, id })),
  );
  return Object.fromEntries(
    [...named, ...archived].map(({ name, id }) => {
      const view = readSession(home, path.join(home, 'run'), id);
      if (view === null) throw new Error(`there is no ${name}`);
      return [name, describe(view)];
    }),
  );
}

function describe({ record, folded, state, damaged, paths }: SessionView): object {
  const { life, prompts, turns, delivery, awaiting, gitConfig } = folded;
  return {
    kind: record.kind,
    agent: record.agent.name,
    backend: record.backend,
    state,
    next: nextAction(folded, record).type,
    damaged: damaged.length,
    epoch: folded.epoch,
    prompts: [...prompts.byId.values()].map(({ kind, state: stands }) => `${kind} ${stands}`),
    turns: turns.count,
    lastTurn: turns.last === null ? null : `${turns.last.end.verdict} ${turns.last.end.failure ?? ''}`.trim(),
    openTurn: turns.open !== null,
    usage: turns.usage,
    nativeId: life.agent.nativeId !== null,
    decisions: [...life.decisions.values()].map(({ kind, choices }) => `${kind} ${choices.join('|')}`.trim()),
    answers: [...life.endedDecisions.values()]
      .map((end) => ('answer' in end ? `${end.type} ${end.answer}` : end.type))
      .map((text) => text.replace(/p-[0-9a-z]+/, 'p-…')),
    milestones: life.milestones.map(({ level, text }) => `${level} ${text.slice(0, 60)}`),
    parked: life.parked?.reason ?? null,
    awaiting: awaiting.now?.phase ?? null,
    waitsFor: life.waitsFor,
    ended: life.ended === null ? null : `${life.ended.end} ${life.ended.code ?? ''}`.trim(),
    stopped: life.stopped,
    notified: [...life.notified].map((about) => about.replace(/\/.*/, '/…')),
    worktree: delivery.worktree?.created ?? null,
    receipt:
      delivery.receipt === null ? null : `${delivery.receipt.verdict.type} ${JSON.stringify(delivery.receipt.counts)}`,
    pushed: delivery.pushedCommit !== null,
    pullRequest: delivery.pullRequest !== null,
    gitConfig: gitConfig.accepted !== null,
    transcript: transcriptOf(paths.transcript),
  };
}

function transcriptOf(file: string): { readonly lines: number; readonly whole: number } {
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch {
    return { lines: 0, whole: 0 };
  }
  const lines = text.toString('latin1').split('\n').slice(0, -1);
  return {
    lines: lines.length,
    whole: lines.filter((line) => decodeTranscript(Buffer.from(line, 'latin1')) !== null).length,
  };
}
