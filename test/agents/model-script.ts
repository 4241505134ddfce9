/**
 * What a scripted model answers. Pure, and without memory: the newest user text of a request picks the rule, and the
 * number of tool rounds after it picks the step. So agents may be killed, resumed and run side by side against one server.
 */

export interface Rule {
  /** Tried in order against the newest user text; the first that matches counts. */
  readonly match: RegExp;
  /** One per model call; the last one repeats. */
  readonly steps: readonly Step[];
}

/** One answer of the model: text and at most one tool call, or a failure. Texts may hold templates (`fill`). */
export interface Step {
  readonly text?: string;
  readonly use?: ToolUse;
  /** Ends the text with a `callback-json` block for the nonce and task of the prompt. */
  readonly callback?: { readonly status: string; readonly [field: string]: unknown };
  /** After its text the answer stays open until the agent hangs up or the server goes away. */
  readonly hang?: boolean;
  /** After its text the connection breaks. */
  readonly cut?: boolean;
  /** An HTTP error with this status instead of an answer. */
  readonly status?: number;
}

/** A tool by what it does; `callFor` finds what the agent calls it. */
export type ToolUse =
  /** `escalate`: out of the agent's sandbox, where it has one that can be left; it asks a person then. */
  | { readonly type: 'shell'; readonly command: string; readonly escalate?: true }
  | { readonly type: 'read'; readonly path: string }
  | { readonly type: 'write'; readonly path: string; readonly content: string }
  | { readonly type: 'edit'; readonly path: string; readonly oldText: string; readonly newText: string };

export interface Conversation {
  readonly turns: readonly Turn[];
  readonly tools: readonly ToolOffer[];
}
export type Turn =
  | { readonly role: 'user'; readonly text: string }
  /** An answer of the model; `calls` when it asked for tools. */
  | { readonly role: 'model'; readonly text: string; readonly calls: boolean }
  | { readonly role: 'tool'; readonly text: string };

/** A tool on offer. */
export interface ToolOffer {
  readonly name: string;
  readonly parameters: readonly string[];
}

export interface ToolCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What goes back to the agent. */
export type ModelAnswer =
  | {
      readonly type: 'message';
      readonly text: string;
      readonly call: ToolCall | null;
      readonly hang: boolean;
      readonly cut?: boolean;
    }
  | { readonly type: 'error'; readonly status: number };

export interface Picked {
  /** The newest user text. */
  readonly prompt: string;
  /** How many tool rounds came after it. */
  readonly round: number;
  /** How many user texts the agent sent along: after a resume, whether it remembers. */
  readonly userTexts: number;
  /** What the user said before, oldest first. */
  readonly earlier: readonly string[];
  readonly answer: ModelAnswer;
}

const ASIDE: Step = { text: 'A scripted title' };

/** The answer to a request. */
export function pick(rules: readonly Rule[], conversation: Conversation): Picked {
  const { turns } = conversation;
  const last = turns.findLastIndex((turn) => turn.role === 'user');
  const prompt = turns[last]?.text ?? '';
  const round = turns.slice(last + 1).filter((turn) => turn.role === 'model' && turn.calls).length;
  const steps = rules.find(({ match }) => match.test(prompt))?.steps ?? [];
  const due = steps[Math.min(round, steps.length - 1)] ?? { text: `No rule for: ${prompt.slice(0, 200)}` };
  // Without tools it is not the work but something about it: a title, a summary. Errors meet everything.
  const step = conversation.tools.length === 0 && due.status === undefined ? ASIDE : due;
  const texts = turns.flatMap((turn) => (turn.role === 'user' ? [turn.text] : []));
  const earlier = texts.slice(0, -1);
  return { prompt, round, userTexts: texts.length, earlier, answer: answerOf(step, conversation, prompt) };
}

function answerOf(step: Step, conversation: Conversation, prompt: string): ModelAnswer {
  if (step.status !== undefined) return { type: 'error', status: step.status };
  const values = valuesOf(conversation, prompt);
  const parts = [step.text ?? '', step.callback === undefined ? '' : callbackBlock(step.callback, values)];
  const call = step.use === undefined ? null : callFor(step.use, conversation.tools);
  if (call === undefined) parts.push(`No tool for "${step.use?.type ?? ''}".`);
  const text = fill(parts.filter((part) => part !== '').join('\n\n'), values);
  return {
    type: 'message',
    text,
    call: call ?? null,
    hang: step.hang === true || step.cut === true,
    ...(step.cut === true ? { cut: true } : {}),
  };
}

/** What templates stand for: `nonce`, `taskId`, `cwd` (as far as the prompt names them), `userTexts`, `lastResult`. */
function valuesOf({ turns }: Conversation, prompt: string): Readonly<Record<string, string>> {
  // The contract is at the end of a prompt; what stands before may quote an older one.
  const lastOf = (pattern: RegExp): string => [...prompt.matchAll(pattern)].at(-1)?.[1] ?? '';
  return {
    nonce: lastOf(/"nonce":\s*"([^"]*)"/g),
    taskId: lastOf(/"task_id":\s*"([^"]*)"/g),
    cwd: lastOf(/^- Directory: (.+)$/gm),
    userTexts: String(turns.filter((turn) => turn.role === 'user').length),
    lastResult: turns.findLast((turn) => turn.role === 'tool')?.text.slice(0, 1000) ?? '',
  };
}

/** `{{name}}` becomes its value; an unknown name stays as it is. */
export const fill = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);

function callbackBlock(fields: Readonly<Record<string, unknown>>, values: Readonly<Record<string, string>>): string {
  const block = { task_id: values['taskId'], nonce: values['nonce'], ...fields };
  return `\`\`\`callback-json\n${JSON.stringify(block, null, 2)}\n\`\`\``;
}

/** Names that agents give to a tool, and to the parameters of it. */
const NAMES: Readonly<Record<ToolUse['type'], readonly string[]>> = {
  shell: ['bash', 'Bash', 'shell', 'shell_command', 'exec_command', 'run_shell_command'],
  read: ['read', 'Read', 'read_file', 'view'],
  write: ['write', 'Write', 'write_file', 'create_file'],
  edit: ['edit', 'Edit', 'replace', 'str_replace'],
};
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  command: ['command', 'cmd'],
  path: ['path', 'file_path', 'filePath', 'absolute_path'],
  content: ['content', 'contents', 'file_text'],
  oldText: ['oldText', 'old_string', 'old_str'],
  newText: ['newText', 'new_string', 'new_str'],
};

/** The call of whatever tool the agent offers for it; undefined when there is none. */
export function callFor(use: ToolUse, tools: readonly ToolOffer[]): ToolCall | undefined {
  const tool = NAMES[use.type].flatMap((name) => tools.filter((offer) => offer.name === name))[0];
  if (tool === undefined) return undefined;
  if (use.type === 'shell') {
    const asks = use.escalate === true && tool.parameters.includes('sandbox_permissions');
    const leave = asks ? { sandbox_permissions: 'require_escalated', justification: 'The test asks for it.' } : {};
    return { name: tool.name, args: { ...named({ command: use.command }, tool), ...leave } };
  }
  const { type: _type, ...wanted } = use;
  if (use.type === 'edit' && tool.parameters.includes('edits')) {
    const { path, oldText, newText } = use;
    return { name: tool.name, args: { ...named({ path }, tool), edits: [{ oldText, newText }] } };
  }
  return { name: tool.name, args: named(wanted, tool) };
}

/** Our parameter names exchanged for the tool's. */
const named = (wanted: Readonly<Record<string, string>>, tool: ToolOffer): Record<string, string> =>
  Object.fromEntries(
    Object.entries(wanted).map(([name, value]) => [
      PARAMETERS[name]?.find((candidate) => tool.parameters.includes(candidate)) ?? name,
      value,
    ]),
  );
