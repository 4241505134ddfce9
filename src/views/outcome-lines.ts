import { oneLine } from '../text/sanitize.ts';
import { elapsedMs } from './elapsed.ts';
import { outcomeOf, type SessionFacts } from './outcome.ts';
import { answerHint, conflictLines } from './progress.ts';
import { formatDuration, formatUsage } from './quantities.ts';
import { isGreen, receiptLine } from './receipt.ts';
import { callbackSummary } from './said.ts';
import type { Line, Tone } from './tone.ts';

/** What a person reads when `run` or `wait` returns: outcome, receipt, pull request, and how to go on. */
export function outcomeLines(facts: SessionFacts, nowMs: number, options = { advice: true }): readonly Line[] {
  const { record, folded } = facts;
  const { delivery, life, turns } = folded;
  const outcome = outcomeOf(facts);
  const summary = callbackSummary(folded);
  const usage = formatUsage(turns.usage.usage);
  const spent = [formatDuration(elapsedMs(facts, nowMs)), ...(usage === null ? [] : [usage])].join(', ');
  return [
    [
      { text: `${record.name}: `, tone: 'strong' },
      { text: outcome.state, tone: outcome.tone },
      { text: ` (${spent}): ${outcome.reason}`, tone: 'plain' },
    ],
    ...(summary === null ? [] : [row('says', oneLine(summary, 400))]),
    ...(delivery.receipt === null
      ? []
      : [row('tests', receiptLine(delivery.receipt), isGreen(delivery.receipt.verdict) ? 'good' : 'bad')]),
    ...(delivery.pullRequest === null
      ? []
      : [
          row('pr', oneLine(delivery.pullRequest.url, 300), 'strong'),
          ...conflictLines(delivery.pullRequest.conflicts).map((text) => row('', text, 'warn')),
        ]),
    ...(delivery.blocked === null ? [] : [row('to go on', oneLine(delivery.blocked.remedy, 300), 'warn')]),
    ...(record.task === null
      ? []
      : [row('branch', oneLine(record.task.branch, 120)), row('worktree', oneLine(record.cwd, 300))]),
    ...[...life.decisions.values()].map((decision) => row('answer', answerHint(decision), 'strong')),
    ...(options.advice ? advice(facts) : []),
  ];
}

function advice({ record, folded, state }: SessionFacts): readonly Line[] {
  const { name } = record;
  // Who was never given the task cannot be told anything about it.
  const begun = record.task === null || folded.turns.count > 0;
  switch (state) {
    case 'failed':
      return [
        row('next', `conduxt log ${name}; then ${begun ? `conduxt tell ${name} "…" or ` : ''}conduxt retry ${name}`),
      ];
    case 'cancelled': {
      const on = begun ? `conduxt tell ${name} "…" goes on` : `conduxt retry ${name} begins again`;
      return [row('next', `${on}; conduxt clean ${name} removes the worktree`)];
    }
    case 'crashed':
      return [row('next', 'conduxt watchdog --once')];
    case 'completed':
    case 'delivered':
    case 'reported':
      // What is blocked says itself how it goes on.
      if (record.task === null || folded.delivery.blocked !== null) return [];
      return [row('next', `conduxt clean ${name} when the work is merged`)];
    default:
      return [];
  }
}

const row = (label: string, text: string, tone: Tone = 'plain'): Line => [
  { text: `  ${label.padEnd(9)}`, tone: 'dim' },
  { text, tone },
];
