import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  PermissionOption,
  PromptResponse,
  RequestPermissionResponse,
  SessionUpdate,
  ToolCallUpdate,
  ToolKind,
} from '@agentclientprotocol/sdk';
import { commitFiles, currentBranch } from './rehearsal-git.ts';
import { runProgram } from './rehearsal-programs.ts';
import {
  countsIn,
  insidePath,
  readScript,
  taskMarks,
  type RehearsalScript,
  type TaskMarks,
} from './rehearsal-script.ts';

export interface TurnInput {
  readonly prompt: string;
  readonly cwd: string;
  /** Before each step: an agent that does everything at once shows nothing. */
  readonly delayMs: number;
  /** Ends the turn between two steps, and a running program at once. */
  readonly signal: AbortSignal;
  readonly update: (update: SessionUpdate) => Promise<void>;
  /** Null: does not ask. */
  readonly requestPermission:
    ((toolCall: ToolCallUpdate, options: PermissionOption[]) => Promise<RequestPermissionResponse>) | null;
  /** A complete message of ours, for the session's log. */
  readonly said: (message: string) => void;
}

/** What the work came to; the fields of the callback. */
interface Outcome {
  readonly status: 'completed' | 'failed';
  readonly summary: string;
  readonly files: readonly string[];
  readonly tests: { readonly passed: number; readonly failed: number; readonly skipped: number } | null;
}

/** Plays one turn. A second turn on the same task finds its edits done and only tests and reports again. */
export async function performTurn(input: TurnInput): Promise<PromptResponse> {
  const startedAt = performance.now();
  const turn = new Turn(input);
  try {
    const marks = taskMarks(input.prompt);
    if (marks === null) {
      await turn.say(`This is the rehearsal agent. I received ${describe(input.prompt)} and I only act on tasks.`);
      return { stopReason: 'end_turn' };
    }
    const outcome = await work(turn);
    const minutes = (performance.now() - startedAt) / 60_000;
    await turn.say(await closingMessage(input, marks, outcome, minutes));
    return { stopReason: 'end_turn' };
  } catch (error) {
    if (input.signal.aborted) return { stopReason: 'cancelled' };
    throw error;
  }
}

async function work(turn: Turn): Promise<Outcome> {
  const { input } = turn;
  await turn.think(`The task came with ${describe(input.prompt)}. Looking at the repository first.`);
  const script = readScript(input.cwd) ?? noteScript(input.cwd);
  const steps = ['Read the code', 'Make the change', ...(script.testCommand ? ['Run the tests'] : []), 'Commit'];
  await turn.plan(steps, 0);

  const files = [...new Set(script.edits.map(({ file }) => file))];
  for (const file of files) {
    await turn.tool(`Read ${file}`, 'read', { path: file }, async () => ({ ok: true, text: contentOf(turn, file) }));
  }
  await turn.plan(steps, 1);
  for (const edit of script.edits) {
    const problem = await applyEdit(turn, edit);
    if (problem !== null) return { status: 'failed', summary: problem, files: [], tests: null };
  }
  let tests: Outcome['tests'] = null;
  let passed = true;
  if (script.testCommand !== undefined) {
    const command = script.testCommand;
    await turn.plan(steps, 2);
    const end = await turn.tool(`Run ${command.join(' ')}`, 'execute', { command }, async () => {
      const { exitCode, output } = await runProgram(command, input.cwd, input.signal);
      return { ok: exitCode === 0, text: output };
    });
    tests = countsIn(end.text);
    passed = end.ok;
  }
  await turn.plan(steps, steps.length - 1);
  const committed = await turn.tool(
    'Commit',
    'execute',
    { command: ['git', 'commit', '-m', script.commitMessage] },
    () => commitFiles(input.cwd, files, script.commitMessage, input.signal),
  );
  await turn.plan(steps, steps.length);
  if (!committed.ok) {
    return { status: 'failed', summary: `The commit failed: ${firstLine(committed.text)}`, files: [], tests };
  }
  if (!passed && (tests === null || tests.failed === 0)) {
    return { status: 'failed', summary: 'The tests do not pass, and they do not say how many failed.', files, tests };
  }
  return { status: 'completed', summary: script.report, files, tests };
}

const PERMISSION_OPTIONS: PermissionOption[] = [
  { optionId: 'allow', name: 'Allow', kind: 'allow_once' },
  { optionId: 'allow-always', name: 'Always allow', kind: 'allow_always' },
  { optionId: 'reject', name: 'Reject', kind: 'reject_once' },
];

/** Null when the file is as wanted now, else why it is not. */
async function applyEdit(turn: Turn, edit: RehearsalScript['edits'][number]): Promise<string | null> {
  const { input } = turn;
  const path = insidePath(input.cwd, edit.file);
  const before = contentOf(turn, edit.file);
  if (!before.includes(edit.find)) {
    return before.includes(edit.replace) ? null : `${edit.file} does not hold what was to be changed.`;
  }
  const after = before.replace(edit.find, () => edit.replace);
  const call = { toolCallId: randomUUID(), title: `Edit ${edit.file}`, kind: 'edit' as const };
  const diff = { type: 'diff' as const, path, oldText: before, newText: after };
  await turn.step({ sessionUpdate: 'tool_call', ...call, status: 'pending', content: [diff], locations: [{ path }] });
  if (input.requestPermission !== null) {
    const toolCall = { ...call, status: 'pending' as const, content: [diff], locations: [{ path }] };
    const { outcome } = await turn.untilCancelled(input.requestPermission(toolCall, PERMISSION_OPTIONS));
    if (outcome.outcome === 'cancelled' || outcome.optionId === 'reject') {
      await turn.step({ sessionUpdate: 'tool_call_update', toolCallId: call.toolCallId, status: 'failed' });
      return `Changing ${edit.file} was not permitted.`;
    }
  }
  await turn.step({ sessionUpdate: 'tool_call_update', toolCallId: call.toolCallId, status: 'in_progress' });
  writeFileSync(path, after);
  await turn.step({ sessionUpdate: 'tool_call_update', toolCallId: call.toolCallId, status: 'completed' });
  return null;
}

/** What is done where nobody prepared anything: a note, so that there is something to deliver. */
function noteScript(cwd: string): RehearsalScript {
  const path = insidePath(cwd, NOTE_FILE);
  writeFileSync(path, NOTE);
  return {
    edits: [{ file: NOTE_FILE, find: NOTE, replace: NOTE }],
    commitMessage: 'docs: note a rehearsal',
    report: `Wrote ${NOTE_FILE}. This repository has no rehearsal script, so nothing else was changed.`,
  };
}
const NOTE_FILE = 'REHEARSAL.md';
const NOTE =
  '# Rehearsal\n\nThe rehearsal agent of conduxt was here. It uses no model; this file only shows that a change made in a\n' +
  'worktree was committed, verified and delivered. It can be deleted.\n';

async function closingMessage(input: TurnInput, marks: TaskMarks, outcome: Outcome, minutes: number): Promise<string> {
  const callback = {
    task_id: marks.taskId,
    nonce: marks.nonce,
    status: outcome.status,
    branch: await currentBranch(input.cwd, input.signal),
    files_changed: outcome.files,
    ...(outcome.tests === null ? {} : { test_results: outcome.tests }),
    duration_minutes: Math.round(minutes * 100) / 100,
    summary: outcome.summary,
  };
  return `${outcome.summary}\n\n\`\`\`callback-json\n${JSON.stringify(callback, null, 2)}\n\`\`\`\n`;
}

/** Sends what an agent shows while it works, one step at a time. Every method throws once the turn is cancelled. */
class Turn {
  readonly input: TurnInput;

  constructor(input: TurnInput) {
    this.input = input;
  }

  async step(update: SessionUpdate): Promise<void> {
    await delay(this.input.delayMs, undefined, { signal: this.input.signal });
    await this.input.update(update);
  }

  /** In two pieces, as models stream. */
  async say(message: string): Promise<void> {
    const messageId = randomUUID();
    const half = message.indexOf(' ', message.length >> 2) + 1;
    for (const text of [message.slice(0, half), message.slice(half)]) {
      if (text === '') continue;
      await this.step({ sessionUpdate: 'agent_message_chunk', messageId, content: { type: 'text', text } });
    }
    this.input.said(message);
  }

  think(text: string): Promise<void> {
    return this.step({
      sessionUpdate: 'agent_thought_chunk',
      messageId: randomUUID(),
      content: { type: 'text', text },
    });
  }

  plan(steps: readonly string[], current: number): Promise<void> {
    const status = (index: number): 'completed' | 'in_progress' | 'pending' =>
      index < current ? 'completed' : index === current ? 'in_progress' : 'pending';
    const entries = steps.map((content, index) => ({ content, priority: 'medium' as const, status: status(index) }));
    return this.step({ sessionUpdate: 'plan', entries });
  }

  /** A tool call from its announcement to its end, with what it gave. */
  async tool(
    title: string,
    kind: ToolKind,
    rawInput: Readonly<Record<string, unknown>>,
    act: () => Promise<{ readonly ok: boolean; readonly text: string }>,
  ): Promise<{ readonly ok: boolean; readonly text: string }> {
    const toolCallId = randomUUID();
    await this.step({ sessionUpdate: 'tool_call', toolCallId, title, kind, status: 'in_progress', rawInput });
    const result = await act();
    this.input.signal.throwIfAborted();
    const text = result.text.slice(-MAX_SHOWN_CHARACTERS);
    const status = result.ok ? ('completed' as const) : ('failed' as const);
    const content = [{ type: 'content' as const, content: { type: 'text' as const, text } }];
    await this.input.update({ sessionUpdate: 'tool_call_update', toolCallId, status, content });
    return result;
  }

  /** A client that is gone never answers. */
  async untilCancelled<T>(answer: Promise<T>): Promise<T> {
    const { signal } = this.input;
    const cancelled = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('cancelled')), { once: true });
    });
    const result = await Promise.race([answer, cancelled]);
    signal.throwIfAborted();
    return result;
  }
}

const MAX_SHOWN_CHARACTERS = 4000;

const contentOf = (turn: Turn, file: string): string => readFileSync(insidePath(turn.input.cwd, file), 'utf8');

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';

const describe = (prompt: string): string => {
  const line = firstLine(prompt);
  return `${prompt.length} characters ("${line.length > 60 ? `${line.slice(0, 60)}…` : line}")`;
};
