import type { TaskKind } from '../session/words.ts';
import { oneLine, sanitize, stripAnsi } from '../text/sanitize.ts';
import { fenced } from './fence.ts';

/**
 * The texts that go to an agent. A task's body is durable and the same for ever; the contract carries the nonce of one
 * turn, so it is added when a prompt is handed over.
 */

export interface TaskFacts {
  /** The session's name. */
  readonly taskId: string;
  /** Absolute path of the worktree. */
  readonly worktree: string;
  readonly branch: string;
  readonly base: string;
  readonly kind: TaskKind;
  /** From `gatherTask`. */
  readonly brief: string;
}

/** The first prompt of a task, without the contract: what to do, where, and under which rules. */
export function taskBody({ taskId, worktree, branch, base, kind, brief }: TaskFacts): string {
  const rules = [
    'Work only in this directory, and stay on this branch: do not switch, rebase or merge branches.',
    'Commit your work on this branch, in steps that make sense, and leave nothing uncommitted.',
    'Run the tests of the project before the last commit. Do not weaken, skip or delete tests to make them pass.',
    'Do not push and do not open a pull request: conduxt runs the tests itself and then does both.',
    'Never write secrets into files, commits or messages.',
    'If something only the user can decide keeps you from going on, do not guess: ask, with the status "need_clarification".',
    ...(kind === 'chore'
      ? ['If the task asks for findings and not for a change, change nothing: the report is the result.']
      : []),
  ];
  return [
    `# Task ${taskId}`,
    brief,
    '# Where you work',
    `- Directory: ${worktree}\n- Branch: ${branch}, which began at ${base}`,
    '# Rules',
    rules.map((rule) => `- ${rule}`).join('\n'),
  ].join('\n\n');
}

export interface ContractFacts {
  readonly taskId: string;
  /** Of this turn: a callback with another one does not count. */
  readonly nonce: string;
  readonly branch: string;
  readonly kind: TaskKind;
  /** Where the callback is read from first, when the agent is driven in a terminal. */
  readonly callbackFile?: string;
}

/**
 * How the agent must end the turn. The example's status is not a valid one on purpose: an agent that only repeats the
 * example has not said that it is done.
 */
export function callbackContract({ taskId, nonce, branch, kind, callbackFile }: ContractFacts): string {
  const report = kind === 'chore';
  const example = {
    task_id: taskId,
    nonce,
    status: 'completed | failed | need_clarification',
    branch,
    files_changed: ['src/example.js'],
    test_results: { passed: 0, failed: 0, skipped: 0 },
    duration_minutes: 0,
    summary: report ? 'Your report.' : 'What you did and why, in a few sentences.',
  };
  return [
    '# How to end',
    report
      ? 'If you changed code, commit it and run the tests first. A report without a code change is fine: then files_changed is empty, test_results is left out, and the summary is the whole report.'
      : 'Commit and run the tests first. Then end your last message with exactly one fenced block like this, as the very last thing in it:',
    ...(report ? ['End your last message with exactly one fenced block like this, as the very last thing in it:'] : []),
    fenced(JSON.stringify(example, null, 2), 'callback-json'),
    [
      'The status is one word:',
      '- "completed": the task is done and committed, and the tests pass.',
      '- "failed": it cannot be done; the summary says why.',
      '- "need_clarification": only the user can answer what you need to know; the summary is your question.',
    ].join('\n'),
    ...(callbackFile === undefined
      ? []
      : [
          `You work in a terminal, where a drawn message can lose characters. So before that last message, write the same JSON, without the fence, into the file "${callbackFile}" (also in $CONDUXT_CALLBACK). Write it once, when everything else is done.`,
        ]),
    `Keep "task_id" and "nonce" exactly as they are here: this nonce is for this turn only. Put the real numbers of your test run into "test_results". Without this block the task does not end.`,
  ].join('\n\n');
}

/** Sent when a turn ended without a valid callback. `problem` is what was wrong with it. */
export function reminderText({ problem }: { readonly problem: string }): string {
  return [
    `The task has not ended: ${clause(problem)}.`,
    'If there is work left, finish it first: commit it and run the tests. Then end your message with the block described below, and nothing after it.',
  ].join('\n\n');
}

/** With the mark of the cut still below 4 KiB. */
const MAX_EXCERPT_BYTES = 4000;

/** Sent when the work was not accepted: the reason, and the end of what the tests said (at most 4 KiB). */
export function fixText({ reason, excerpt }: { readonly reason: string; readonly excerpt: string }): string {
  const output = lastBytes(sanitize(stripAnsi(excerpt)).trim(), MAX_EXCERPT_BYTES);
  return [
    `The work is not accepted yet: ${clause(reason)}.`,
    ...(output === '' ? [] : ['The end of the output:', fenced(output)]),
    'Please find the cause and fix it in the code, not in the tests unless they are wrong. Commit, run the tests again, and end with a new block as described below.',
  ].join('\n\n');
}

const MAX_INTERRUPTED_CHARS = 32_000;

/** Sent after a crash, when nobody knows how far the last turn came. `interrupted` is its prompt; may be empty. */
export function recoveryText({
  branch,
  interrupted,
}: {
  readonly branch: string;
  readonly interrupted: string;
}): string {
  const earlier = interrupted.trim();
  const shown =
    earlier.length <= MAX_INTERRUPTED_CHARS
      ? earlier
      : `${earlier.slice(0, MAX_INTERRUPTED_CHARS).toWellFormed()}\n… (cut)`;
  return [
    'conduxt was interrupted while you worked, so part of your work may be done already and part of it lost.',
    `Before anything else look at the worktree and at what is committed: \`git status\`, and \`git log\` of ${branch}. Continue with what is missing, do not repeat what is finished, and end as described below.`,
    ...(shown === '' ? [] : ['What you were asked last, for reference; you may have seen it, or not:', fenced(shown)]),
  ].join('\n\n');
}

/** Sent when the agent's model should answer again. Its last prompt may have been taken in, or not. */
export function resumeText({ reason, interrupted }: { readonly reason: string; readonly interrupted: string }): string {
  const earlier = interrupted.trim().slice(0, MAX_INTERRUPTED_CHARS).toWellFormed();
  return [
    `Your last turn could not be finished (${oneLine(reason, 300)}). That should be over now.`,
    'Look at the worktree first: part of the work may be done. Continue with what is missing, and end as described below.',
    ...(earlier === '' ? [] : ['What you were asked last, for reference:', fenced(earlier)]),
  ].join('\n\n');
}

/** The same for a session without a task, after a crash as well. */
export function sessionGoesOnText({ because, last }: { readonly because: string; readonly last: string }): string {
  const earlier = last.trim().slice(0, MAX_INTERRUPTED_CHARS).toWellFormed();
  return [
    `Your last turn did not come to its end: ${because}. Part of it may be done.`,
    'Look at what is there first, then go on with what is missing. Do not repeat what is done.',
    ...(earlier === ''
      ? []
      : ['What you were asked last, for reference; you may have seen it, or not:', fenced(earlier)]),
  ].join('\n\n');
}

/** The answer of a person to a question the agent ended its turn with. */
export function answerText({ question, answer }: { readonly question: string; readonly answer: string }): string {
  return [
    'The user answers your question.',
    ...(question.trim() === '' ? [] : [`Your question was: ${oneLine(question, 1000)}`]),
    `The answer:\n\n${answer.trim()}`,
    'Go on with the task.',
  ].join('\n\n');
}

/** The beginning of a session without a task: the user's words, or an invitation to wait for them. */
export function sessionPrompt({ words, directory }: { readonly words: string; readonly directory: string }): string {
  if (words.trim() !== '') return words;
  return `You are my assistant in ${directory}. Change nothing yet: say in one sentence that you are ready, and wait for instructions.`;
}

/** One line without the full stop at its end: it becomes part of a sentence of ours. */
const clause = (text: string): string => oneLine(text, 500).replace(/[.\s]+$/, '');

/** The end of `text`, whole lines where possible. */
function lastBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  // A character that is cut in two decodes to a replacement character at the beginning.
  const tail = Buffer.from(text)
    .subarray(-maxBytes)
    .toString('utf8')
    .replace(/^\ufffd+/, '');
  const lineEnd = tail.indexOf('\n');
  return `…\n${lineEnd >= 0 && lineEnd < 400 ? tail.slice(lineEnd + 1) : tail}`;
}
