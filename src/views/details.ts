import { agentWords } from './agent.ts';
import type { VerifyPlan } from '../session/record.ts';
import { oneLine, sanitize } from '../text/sanitize.ts';
import { BRIEFLY, factLines } from './decision-facts.ts';
import type { SessionDetailsJson } from './json-session.ts';
import { rulesText } from './permissions.ts';
import { REASON_CHARS } from './failure-words.ts';
import { answerHint, conflictLines, deadlineText } from './progress.ts';
import {
  formatBytes,
  formatContext,
  formatCount,
  formatCost,
  formatDuration,
  formatUsage,
  plural,
} from './quantities.ts';
import { excerptLines, isGreen, movedLines, receiptLine } from './receipt.ts';
import { withoutCallback } from './said.ts';
import { stateTone } from './state-tone.ts';
import type { Line, Tone } from './tone.ts';

const LABEL_WIDTH = 12;
const MILESTONES = 8;
const WORDS_LINES = 6;
const SAID_LINES = 12;

function sandboxText({ type, writable }: NonNullable<SessionDetailsJson['session']['sandbox']>): string {
  const more = writable.length === 0 ? '' : `; also ${oneLine(writable.join(', '), 200)}`;
  return `${type}: only the worktree, git and the agent's own state can be written${more}`;
}

/** `status <name>`: everything a person needs to know about one session. */
export function detailLines({ session }: SessionDetailsJson): readonly Line[] {
  const { task } = session;
  const usage = session.usage === null ? null : formatUsage(session.usage);
  const context = session.usage === null ? null : formatContext(session.usage);
  return [
    [
      { text: session.name, tone: 'strong' },
      { text: '  ', tone: 'plain' },
      { text: session.state, tone: stateTone(session.state) },
      { text: `  ${oneLine(session.doing, REASON_CHARS)}`, tone: 'plain' },
    ],
    ...(task === null ? [] : [field('task', oneLine(task.title, 120))]),
    ...(task === null ? [] : below(sanitize(task.words).trim().split('\n').slice(0, WORDS_LINES), 'dim', task.title)),
    field('session', `${session.id}${session.repo === null ? '' : `  in ${oneLine(session.repo.root, 200)}`}`),
    field('agent', agentText(session)),
    field('permissions', `${session.permissions.mode} (${oneLine(session.permissions.reason, 200)})`),
    ...(session.permissions.rules.length === 0 ? [] : [field('rules', rulesText(session.permissions.rules))]),
    ...(session.sandbox === null ? [] : [field('sandbox', sandboxText(session.sandbox))]),
    field(task === null ? 'directory' : 'worktree', oneLine(session.directory, 300)),
    ...(task === null
      ? []
      : [
          field(
            'branch',
            `${oneLine(task.branch, 120)} from ${oneLine(task.base, 80)} (${task.baseCommit.slice(0, 10)})`,
          ),
        ]),
    ...(task === null ? [] : [field('tests', verifyText(task.verify))]),
    field('time', `${formatDuration(session.elapsedMs)} since ${session.createdAt}`),
    field(
      'work',
      [
        plural(session.turns, 'turn'),
        ...(session.fixRounds === 0 ? [] : [plural(session.fixRounds, 'fix round')]),
        ...(usage === null ? [] : [usage]),
        ...(context === null ? [] : [context]),
        session.hostAlive ? 'host alive' : 'no host',
      ].join(', '),
    ),
    ...budgetLines(session),
    ...queueLines(session),
    ...taskExtras(session),
    ...receiptLines(session),
    ...(session.pullRequest === null
      ? []
      : [
          field('pr', oneLine(session.pullRequest.url, 300), 'strong'),
          ...below(conflictLines(session.pullRequest.conflicts), 'warn'),
        ]),
    ...(session.blocked === null
      ? []
      : [
          field('blocked', oneLine(session.blocked.why, 300), 'warn'),
          ...below([`to go on: ${oneLine(session.blocked.remedy, 300)}`]),
        ]),
    ...session.milestones
      .slice(-MILESTONES)
      .map((one) => field('milestone', `${one.at}  ${oneLine(one.text, 200)}`, one.level === 'warn' ? 'warn' : 'dim')),
    ...session.decisions.flatMap((one) => [
      field('question', oneLine(one.question, 400), 'warn'),
      ...factLines(one.facts, BRIEFLY).map((text) => indented(text)),
      ...below([answerHint(one), ...deadlineText(one)]),
    ]),
    ...saidLines(session),
    ...session.damaged.map((one) =>
      field('damaged', `${formatBytes(one.bytes)} at offset ${one.offset} of ${session.files.journal}`, 'bad'),
    ),
    field('next', oneLine(session.next.text, 300)),
    ...(session.next.command === null ? [] : below([session.next.command], 'strong')),
  ];
}

type Session = SessionDetailsJson['session'];

const field = (label: string, text: string, tone: Tone = 'plain'): Line => [
  { text: `  ${label.padEnd(LABEL_WIDTH)}`, tone: 'dim' },
  { text, tone },
];

/** Continuation lines under a field; those that only repeat `unless` are left out. */
const below = (lines: readonly string[], tone: Tone = 'plain', unless?: string): readonly Line[] =>
  lines.length === 1 && lines[0] === unless ? [] : lines.map((text) => indented(oneLine(text, 200), tone));

/** @param text sanitized */
const indented = (text: string, tone: Tone = 'plain'): Line => [{ text: ' '.repeat(LABEL_WIDTH + 2) + text, tone }];

function agentText({ agent, backend, requestedBackend, nativeSessionId }: Session): string {
  const asked = requestedBackend === backend || requestedBackend === 'auto' ? '' : ` (asked for ${requestedBackend})`;
  const native = nativeSessionId === null ? '' : `, its own session ${oneLine(nativeSessionId, 80)}`;
  return `${agentWords(agent)} over ${backend}${asked}${native}`;
}

/** The command that judges the work, and who chose it. */
export function verifyText(verify: VerifyPlan): string {
  switch (verify.type) {
    case 'command': {
      const { command } = verify;
      const text = command.type === 'shell' ? command.line : command.argv.join(' ');
      return `${oneLine(text, 200)} (${{ flag: 'as you said', config: 'from the configuration', detected: 'detected' }[verify.from]})`;
    }
    case 'missing':
      return 'no test command found: you will be asked before the work is delivered';
    case 'skipped':
      return 'skipped, as you said: the work is delivered unverified';
  }
}

function saidLines({ summary, lastMessage }: Session): readonly Line[] {
  const said = (summary ?? withoutCallback(lastMessage ?? '')).trim();
  if (said === '') return [];
  const [first = '', ...rest] = sanitize(said).split('\n').slice(-SAID_LINES);
  return [field(summary === null ? 'last words' : 'summary', oneLine(first, 200)), ...below(rest)];
}

/** What counts since the work began, or was last taken up again. */
function budgetLines({ budget, usage }: Session): readonly Line[] {
  if (budget === null) return [];
  const parts = [
    ...(budget.maxTokens === null ? [] : [`${formatCount(budget.tokens)} of ${formatCount(budget.maxTokens)} tokens`]),
    ...(budget.maxCost === null
      ? []
      : [`${formatCost(budget.cost, '')} of ${formatCost(budget.maxCost, usage?.costCurrency ?? '')}`]),
  ];
  return [field('budget', parts.join(', ') + (budget.usedUp ? ': used up' : ''), budget.usedUp ? 'warn' : 'plain')];
}

function queueLines({ queued }: Session): readonly Line[] {
  if (queued.length === 0) return [];
  const shown = queued
    .slice(0, 5)
    .map((one) => `${one.kind} ${one.id} (${formatBytes(one.bytes)}, since ${one.queuedAt})`);
  return [field('queue', plural(queued.length, 'prompt')), ...below(shown, 'dim')];
}

function taskExtras({ task }: Session): readonly Line[] {
  if (task === null) return [];
  return [
    ...(task.after.length === 0 ? [] : [field('after', task.after.join(', '))]),
    ...(task.tags.length === 0 ? [] : [field('tags', oneLine(task.tags.join(', '), 200))]),
    ...(task.priority === 0 ? [] : [field('priority', String(task.priority))]),
    ...(task.checklist.length === 0
      ? []
      : [field('checklist', plural(task.checklist.length, 'item')), ...below(task.checklist)]),
  ];
}

function receiptLines({ receipt }: Session): readonly Line[] {
  if (receipt === null) return [];
  const green = isGreen(receipt.verdict);
  return [
    field('verified', receiptLine(receipt), green ? 'good' : 'bad'),
    ...below(green ? [] : excerptLines(receipt), 'dim'),
    ...movedLines(receipt).map((text): Line => [{ text: `${' '.repeat(LABEL_WIDTH + 2)}${text}`, tone: 'warn' }]),
    ...below(
      receipt.changedJudges.slice(0, 10).map((file) => `changes what judges it: ${oneLine(file, 150)}`),
      'warn',
    ),
  ];
}
