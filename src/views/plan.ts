import { agentJson, agentWords, type AgentOfSessionJson } from './agent.ts';
import type { NotifyTarget, SessionRecord, SetupPlan, TaskSpec } from '../session/record.ts';
import { oneLine, sanitize } from '../text/sanitize.ts';
import { verifyText } from './details.ts';
import type { ExpectedDuration } from './expected-duration.ts';
import { permissionsJson, rulesText, type PermissionsJson } from './permissions.ts';
import { formatDuration, plural } from './quantities.ts';
import type { Line, Tone } from './tone.ts';

/** A task that is about to begin, or has just begun. */
export interface PlannedTask {
  readonly record: SessionRecord & { readonly task: TaskSpec };
  /** One clause: why this agent. */
  readonly agentWhy: string;
  readonly expected: ExpectedDuration | null;
  readonly warnings: readonly string[];
}

/** One task of `run --no-wait --json`, and each `task` line of `run --json`. */
export interface PlannedTaskJson {
  readonly session: string;
  readonly sessionId: string;
  readonly repo: string | null;
  readonly title: string;
  readonly kind: TaskSpec['kind'];
  readonly source: TaskSpec['source'];
  readonly worktree: string;
  readonly branch: string;
  readonly base: string;
  readonly baseCommit: string;
  readonly agent: AgentOfSessionJson & { readonly why: string };
  readonly backend: SessionRecord['backend'];
  readonly permissions: PermissionsJson;
  readonly sandbox: 'bwrap' | null;
  readonly verify: TaskSpec['verify'];
  readonly setup: TaskSpec['setup'];
  readonly delivery: TaskSpec['delivery'];
  readonly expectedDuration: ExpectedDuration | null;
  readonly notify: readonly NotifyTarget['type'][];
  readonly warnings: readonly string[];
  readonly commands: Readonly<Record<'status' | 'log' | 'wait' | 'tell' | 'cancel', string>>;
}

export function plannedTaskJson({ record, agentWhy, expected, warnings }: PlannedTask): PlannedTaskJson {
  const { task, name } = record;
  return {
    session: name,
    sessionId: record.id,
    repo: record.repo?.slug ?? null,
    title: task.title,
    kind: task.kind,
    source: task.source,
    worktree: record.cwd,
    branch: task.branch,
    base: task.base,
    baseCommit: task.baseCommit,
    agent: { ...agentJson(record.agent), why: agentWhy },
    backend: record.backend,
    permissions: permissionsJson(record),
    sandbox: record.sandbox?.type ?? null,
    verify: task.verify,
    setup: task.setup,
    delivery: task.delivery,
    expectedDuration: expected,
    notify: record.hooks.notify.map((target) => target.type),
    warnings,
    commands: nextCommands(name),
  };
}

/** What a caller types next. */
export const nextCommands = (name: string): PlannedTaskJson['commands'] => ({
  status: `conduxt status ${name}`,
  log: `conduxt log ${name} -f`,
  wait: `conduxt wait ${name}`,
  tell: `conduxt tell ${name} "…"`,
  cancel: `conduxt cancel ${name} --task`,
});

/** What `run` prints about a task: all that was decided, and why. */
export function plannedTaskLines(planned: PlannedTask): readonly Line[] {
  const { record, agentWhy, expected, warnings } = planned;
  const { task } = record;
  return [
    [
      { text: `${record.name}: `, tone: 'strong' },
      { text: oneLine(task.title, 100), tone: 'plain' },
    ],
    field('session', record.id),
    field('worktree', oneLine(record.cwd, 300)),
    field('branch', `${oneLine(task.branch, 120)} from ${oneLine(task.base, 80)} (${task.baseCommit.slice(0, 10)})`),
    field('agent', `${agentWords(agentJson(record.agent))} over ${record.backend} (${oneLine(agentWhy, 120)})`),
    field('permissions', `${record.permissions} (${oneLine(record.permissionsReason, 200)})`),
    ...(record.permissionRules === undefined ? [] : [field('rules', rulesText(record.permissionRules))]),
    ...(task.setup.commands.length === 0 ? [] : [field('set-up', setupText(task.setup))]),
    ...(record.sandbox === undefined
      ? []
      : [field('sandbox', `${record.sandbox.type}: only the worktree, git and the agent's own state can be written`)]),
    field('tests', verifyText(task.verify), task.verify.type === 'command' ? 'plain' : 'warn'),
    field('delivery', deliveryText(task)),
    ...(task.after.length === 0 ? [] : [field('after', task.after.join(', '))]),
    ...(expected === null ? [] : [field('expected', expectedText(expected))]),
    ...warnings.map((text) => field('note', oneLine(text, 300), 'warn')),
  ];
}

/** What a person types next, and how they will hear of the end. */
export function farewellLines({ record }: Pick<PlannedTask, 'record'>): readonly Line[] {
  const commands = nextCommands(record.name);
  const channels = record.hooks.notify.map((target) => target.type);
  const told =
    channels.length === 0
      ? `${commands.wait} returns when it is done ("notify" in the configuration tells you otherwise)`
      : `when it is done (${[...new Set(channels)].join(', ')})`;
  return [
    field('watch', `${commands.log}, ${commands.status}`),
    field('talk', commands.tell),
    field('end', commands.cancel),
    field('you hear', told),
  ];
}

function setupText({ commands, from }: SetupPlan): string {
  const lines = commands.map((command) => (command.type === 'shell' ? command.line : command.argv.join(' ')));
  return `${oneLine(lines.join('; '), 200)} (${from === 'config' ? 'from the configuration' : 'detected'})`;
}

function deliveryText({ delivery, base }: TaskSpec): string {
  const { forge, remote, pullRequest, draft, pullRequestNumber } = delivery;
  const push = remote === null ? 'no remote to push to' : `push to ${oneLine(remote, 60)}`;
  if (!pullRequest) return `${push}, no pull request`;
  if (pullRequestNumber !== null) return `${push}, which updates pull request #${pullRequestNumber}`;
  const what = forge === 'github' ? `${draft ? 'a draft ' : 'a '}pull request on GitHub` : 'a pull request as a file';
  return `${push}, then ${what} against ${oneLine(base, 80)}`;
}

const BASIS = {
  'kind-and-agent': 'tasks of this kind by this agent',
  kind: 'tasks of this kind',
  repository: 'tasks',
} as const;

const expectedText = ({ medianMs, samples, basis }: ExpectedDuration): string =>
  `about ${formatDuration(medianMs)} (median of the last ${samples} ${BASIS[basis]} here)`;

/** The exact text for the agent, as it would be sent. */
export function promptLines(text: string): readonly Line[] {
  const lines = sanitize(text).split('\n');
  return [
    [{ text: `prompt (${plural(lines.length, 'line')}):`, tone: 'strong' }],
    ...lines.map((line): Line => [{ text: `  | ${line}`, tone: 'plain' }]),
  ];
}

const field = (label: string, text: string, tone: Tone = 'plain'): Line => [
  { text: `  ${label.padEnd(12)}`, tone: 'dim' },
  { text, tone },
];
