import type { PermissionRequest } from '../backend/backend.ts';
import type { GuardFacts } from '../guard/facts.ts';
import { commandsIn, judgeRequest } from '../guard/request.ts';
import type { PermissionRule } from '../session/permission-rule.ts';
import type { PermissionMode } from '../session/words.ts';
import { commandIn, pathsIn } from './paths-in.ts';
import { decidePermission } from './policy.ts';
import { decideByRules } from './rules.ts';
import { kindOfTool } from './tool-kind.ts';

/** What a hook before a tool prints: Claude Code's own words, which codex takes as well. Empty: the agent decides. */
export interface HookAnswer {
  readonly hookSpecificOutput?: {
    readonly hookEventName: 'PreToolUse';
    readonly permissionDecision: 'allow' | 'deny' | 'ask';
    /** With `deny`, the agent reads it. */
    readonly permissionDecisionReason: string;
  };
}

export interface HookFacts {
  readonly guard: GuardFacts;
  readonly rules: readonly PermissionRule[];
  /** Null: the agent's own permission mode decides what neither guard nor rules do. */
  readonly mode: PermissionMode | null;
}

/**
 * Answers the payload of a `PreToolUse` hook by the same evaluation as a permission request over ACP. Never throws: a shell
 * command that cannot be made out is refused, any other payload that is not what it should be is left to the agent.
 */
export function answerPreToolUse(payload: unknown, { guard, rules, mode }: HookFacts): HookAnswer {
  const tool = textIn(payload, 'tool_name');
  if (tool === null) return {};
  const request = requestOf(tool, payload);
  if (request.kind === 'execute' && request.command === null && request.argv === undefined) {
    return answer('deny', 'The guard of conduxt refused this: it cannot read the command. Give it as text.');
  }
  const decision = decidePermission({
    // Without a mode, "ask" stands for "not decided here".
    mode: mode ?? 'ask',
    request,
    worktree: guard.worktree,
    guard: (asked) => judgeRequest(asked, guard),
    rules: (asked) =>
      decideByRules(rules, asked, {
        worktree: guard.worktree,
        home: guard.home ?? null,
        commands: commandsIn(asked, guard),
        tool,
      }),
  });
  if (mode === null && decision.by === 'mode') return {};
  const unseen = decision.unseen.length === 0 ? '' : ` (the guard cannot see ${decision.unseen.join(', ')})`;
  return answer(decision.type === 'reject' ? 'deny' : decision.type, `${decision.reason}${unseen}`);
}

const answer = (permissionDecision: 'allow' | 'deny' | 'ask', permissionDecisionReason: string): HookAnswer => ({
  hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision, permissionDecisionReason },
});

function requestOf(tool: string, payload: unknown): PermissionRequest {
  const input = fieldOf(payload, 'tool_input');
  const cwd = textIn(payload, 'cwd');
  const kind = kindOfTool(tool);
  return {
    toolCallId: textIn(payload, 'tool_use_id'),
    title: tool,
    kind,
    ...commandIn(input),
    ...(cwd === null ? {} : { cwd }),
    paths: pathsIn(input, { kind, name: tool }),
  };
}

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? new Map<string, unknown>(Object.entries(value)).get(key) : undefined;

function textIn(value: unknown, key: string): string | null {
  const found = fieldOf(value, key);
  return typeof found === 'string' ? found : null;
}
