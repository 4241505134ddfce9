import type { ChangedFile } from '../git/changes.ts';
import { titlePrefix } from '../naming/task-kind.ts';
import type { Receipt } from '../session/receipt.ts';
import type { TaskSource } from '../session/record.ts';
import type { BackendName, TaskKind } from '../session/words.ts';
import { oneLine } from '../text/sanitize.ts';
import { formatDuration } from '../views/quantities.ts';
import { verdictText } from '../views/receipt.ts';
import { codeSpan, inertMarkdown } from './inert-markdown.ts';
import { markOwnPart } from './own-part.ts';

export interface PullRequestFacts {
  /** Name of the task. */
  readonly task: string;
  /** The agent's own words; may be empty. */
  readonly summary: string;
  readonly source: TaskSource;
  /** Null: the user switched verification off. */
  readonly receipt: Receipt | null;
  readonly files: readonly ChangedFile[];
  /** Files that the branches of other running tasks touch, too, by task. */
  readonly conflicts: Readonly<Record<string, readonly string[]>>;
  readonly agent: string;
  readonly agentVersion: string | null;
  readonly backend: BackendName;
  /** Of conduxt. */
  readonly version: string;
  /** Takes secrets out. */
  readonly redact: (text: string) => string;
}

const MAX_TITLE_CHARS = 120;
/** GitHub refuses more than 65,536 characters. */
const MAX_BODY_BYTES = 59_900;
const MAX_FILES = 150;

/** `fix: The last page is empty`. A title that begins with a kind of its own keeps it. */
export function pullRequestTitle(kind: TaskKind, title: string): string {
  // A squash merge makes the title a commit message, where "fixes #12" would close issue 12.
  const words = oneLine(title, MAX_TITLE_CHARS).replace(/(?:(?:[\w.-]+\/[\w.-]+)?#|\bGH-)(\d+)\b/gi, 'issue $1');
  const hasPrefix = /^[a-z]+(\([^)]*\))?!?: \S/.test(words);
  return hasPrefix ? words : `${titlePrefix(kind)}${words === '' ? 'untitled task' : words}`;
}

/** The text a reviewer reads, marked as ours. Everything from outside is sanitized, made inert and redacted; at most 60 kB. */
export function pullRequestBody(facts: PullRequestFacts): string {
  const sections = [
    section('Summary', summary(facts)),
    section('Verification', verification(facts.receipt)),
    section('Changed files', fileList(facts.files)),
    changedByTests(facts.receipt),
    judges(facts.receipt),
    moved(facts.receipt),
    conflicts(facts.conflicts),
    section('How it was made', making(facts)),
  ];
  return markOwnPart(bounded(facts.redact(`${sections.filter((text) => text !== '').join('\n\n')}\n`)));
}

const section = (title: string, text: string): string => `## ${title}\n\n${text}`;

function summary({ summary: words, source }: PullRequestFacts): string {
  const text = words.trim() === '' ? 'The agent gave no summary.' : quoted(inertMarkdown(words.trim()));
  const reference = referenceTo(source);
  return reference === '' ? text : `${text}\n\n${reference}`;
}

/** As a quotation: headings, tables and unclosed code in the agent's words cannot pass for sections of ours. */
const quoted = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? '>' : `> ${line}`))
    .join('\n');

/** Only what the user named as the task is linked and closed. */
function referenceTo(source: TaskSource): string {
  switch (source.type) {
    case 'issue':
      return `Fixes #${source.number}`;
    case 'review':
      return `Answers the review of #${source.number}.`;
    case 'url':
      return `Asked for at ${codeSpan(source.url)}.`;
    case 'file':
      return `Asked for in ${codeSpan(source.path)}.`;
    case 'text':
    case 'stdin':
      return '';
  }
}

function verification(receipt: Receipt | null): string {
  if (receipt === null) return '**Not verified:** verification was switched off for this task.';
  const rows = [
    ['Result', oneLine(verdictText(receipt), 600)],
    ['Command', codeSpan(receipt.command)],
    ['Commit', codeSpan(receipt.commit)],
    ['Exit code', receipt.exitCode === null ? (receipt.signal ?? 'none') : String(receipt.exitCode)],
    ['Duration', formatDuration(receipt.durationMs)],
    ['SHA-256 of the log', codeSpan(receipt.logSha256)],
  ] as const;
  // A table's cells end at a bar, also inside of code.
  const table = rows.map(([name, value]) => `| ${name} | ${value.replaceAll('|', '\\|')} |`).join('\n');
  return `conduxt ran this itself, at the committed state, with the settings of the base commit.\n\n| | |\n| --- | --- |\n${table}`;
}

function fileList(files: readonly ChangedFile[]): string {
  if (files.length === 0) return 'None.';
  const shown = files.slice(0, MAX_FILES).map(({ path, change, from }) => {
    const before = from === null ? '' : ` (from ${codeSpan(from)})`;
    return `- ${codeSpan(path)} ${change}${before}`;
  });
  return [...shown, ...more(files.length - MAX_FILES, 'files')].join('\n');
}

const more = (count: number, what: string): string[] => (count > 0 ? [`- and ${count} more ${what}`] : []);

function changedByTests(receipt: Receipt | null): string {
  const changed = receipt?.changedByTests ?? [];
  if (changed.length === 0) return '';
  const list = changed.slice(0, MAX_FILES).map((path) => `- ${codeSpan(path)}`);
  const why = 'The tests changed these tracked files while they ran; the changes are not part of this pull request:';
  return section(
    'Changed by the tests',
    [`${why}\n`, ...list, ...more(changed.length - MAX_FILES, 'files')].join('\n'),
  );
}

function moved(receipt: Receipt | null): string {
  const branches = receipt?.movedBranches ?? [];
  if (branches.length === 0) return '';
  const lines = branches.slice(0, MAX_FILES).map(({ branch, from, to }) => {
    const back = codeSpan(`git update-ref refs/heads/${branch} ${from} ${to}`);
    return `- ${codeSpan(branch)} from ${codeSpan(from.slice(0, 10))} to ${codeSpan(to.slice(0, 10))}. Back: ${back}`;
  });
  const why = 'In the repository it worked in, the agent moved these other branches to commits of its own:';
  return section('Moved branches', [`${why}\n`, ...lines, ...more(branches.length - MAX_FILES, 'branches')].join('\n'));
}

function judges(receipt: Receipt | null): string {
  const changed = receipt?.changedJudges ?? [];
  if (changed.length === 0) return '';
  const list = changed.slice(0, MAX_FILES).map((path) => `- ${codeSpan(path)}`);
  const why = 'These tests, scripts and settings decide whether the tests pass, and were changed along with the code:';
  return section('Changed judges', [`${why}\n`, ...list, ...more(changed.length - MAX_FILES, 'files')].join('\n'));
}

function conflicts(byTask: PullRequestFacts['conflicts']): string {
  const tasks = Object.entries(byTask).filter(([, files]) => files.length > 0);
  if (tasks.length === 0) return '';
  const lines = tasks.slice(0, 20).map(([task, files]) => {
    const rest = files.length > 20 ? ` and ${files.length - 20} more` : '';
    return `- ${codeSpan(task)}: ${files
      .slice(0, 20)
      .map((file) => codeSpan(file))
      .join(', ')}${rest}`;
  });
  return section('Also touched by other running tasks', [...lines, ...more(tasks.length - 20, 'tasks')].join('\n'));
}

const HOW: Readonly<Record<BackendName, string>> = {
  acp: 'over the Agent Client Protocol',
  tmux: 'in a terminal',
  headless: 'run headless',
};

function making({ task, agent, agentVersion, backend, version }: PullRequestFacts): string {
  const who = agentVersion === null ? codeSpan(agent) : `${codeSpan(agent)} (${codeSpan(agentVersion, 60)})`;
  return `Written by ${who} ${HOW[backend]}, in a worktree of its own, as task ${codeSpan(task)} of conduxt ${codeSpan(version, 40)}.`;
}

const CUT = '\n\n(cut here: too long for a pull request)\n';

function bounded(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= MAX_BODY_BYTES) return text;
  // A character that is cut in two decodes to a replacement character at the end.
  return (
    bytes
      .subarray(0, MAX_BODY_BYTES - CUT.length)
      .toString('utf8')
      .replace(/\ufffd+$/, '') + CUT
  );
}
