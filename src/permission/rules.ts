import path from 'node:path';
import type { PermissionRequest } from '../backend/backend.ts';
import type { SeenCommands } from '../guard/seen.ts';
import { ruleText, type PermissionAction, type PermissionRule } from '../session/permission-rule.ts';
import { namedPath } from './named-path.ts';
import { fitsPath, fitsText } from './pattern.ts';

export interface RuleFacts {
  readonly worktree: string;
  /** For patterns and paths that begin with `~/`; null: none of them fits. */
  readonly home: string | null;
  /** The commands of the request, as the guard reads them; null when it names none. */
  readonly commands: SeenCommands | null;
  /** The agent's own name of the tool, when it is known. */
  readonly tool?: string;
}

export interface RuleDecision {
  readonly action: PermissionAction;
  /** The rule, as a clause for people. */
  readonly reason: string;
}

/**
 * What `permissions.rules` say to one request; null: nothing, so that the mode decides. The strictest rule that fits
 * counts, whatever the order: `deny`, then `ask`, then `allow`. To refuse, it is enough that a rule fits one of several
 * commands or paths; to allow, every one of them has to be allowed, and nothing may be hidden from the guard.
 */
export function decideByRules(
  rules: readonly PermissionRule[],
  request: PermissionRequest,
  facts: RuleFacts,
): RuleDecision | null {
  for (const action of ['deny', 'ask'] as const) {
    const found = rules.find((rule) => rule.action === action && fitsSome(rule, request, facts));
    if (found !== undefined) return { action, reason: `by the rule "${ruleText(found)}"` };
  }
  const allowing = rules.filter((rule) => rule.action === 'allow');
  const used = allowedBy(allowing, request, facts);
  return used === null ? null : { action: 'allow', reason: `by the rule "${ruleText(used)}"` };
}

function fitsSome(rule: PermissionRule, request: PermissionRequest, facts: RuleFacts): boolean {
  if (!fitsTool(rule, request, facts)) return false;
  if (rule.path !== undefined && !mayTouch(rule.path, request, facts)) return false;
  return rule.command === undefined || commandsOf(request, facts).some((line) => fitsText(rule.command ?? '', line));
}

/** A path of which nothing is known may be the one that is meant. */
const mayTouch = (pattern: string, request: PermissionRequest, facts: RuleFacts): boolean =>
  request.isCut === true || request.paths.some((named) => fitsNamed(pattern, named, facts));

/** Every command and every path by some rule; with neither, the tool alone by one that asks for no more. */
function allowedBy(
  rules: readonly PermissionRule[],
  request: PermissionRequest,
  facts: RuleFacts,
): PermissionRule | null {
  if (request.isCut === true) return null;
  const fitting = rules.filter((rule) => fitsTool(rule, request, facts));
  const { commands } = facts;
  if (request.command !== null || request.argv !== undefined) {
    if (commands === null || !commands.isComplete || commands.lines.length === 0) return null;
    const used = commands.lines.map((line) =>
      fitting.find((rule) => rule.path === undefined && (rule.command === undefined || fitsText(rule.command, line))),
    );
    return used.every((rule) => rule !== undefined) ? (used[0] ?? null) : null;
  }
  if (request.paths.length > 0) {
    const used = request.paths.map((named) =>
      fitting.find(
        (rule) => rule.command === undefined && (rule.path === undefined || fitsNamed(rule.path, named, facts)),
      ),
    );
    return used.every((rule) => rule !== undefined) ? (used[0] ?? null) : null;
  }
  return fitting.find((rule) => rule.command === undefined && rule.path === undefined) ?? null;
}

function fitsTool({ tool }: PermissionRule, request: PermissionRequest, facts: RuleFacts): boolean {
  if (tool === undefined) return true;
  const kind = request.kind ?? (request.command === null ? null : 'execute');
  return [kind, facts.tool ?? null].some((name) => name !== null && fitsText(tool.toLowerCase(), name.toLowerCase()));
}

/**
 * Also the command as it came, and the title of one that is not named (gemini): a rule that refuses is better tried than
 * not. Only those ask here.
 */
const commandsOf = (request: PermissionRequest, { commands }: RuleFacts): readonly string[] => [
  ...(commands?.lines ?? []),
  ...(request.command === null ? [] : [request.command.trim()]),
  ...(request.command === null && request.kind === 'execute' ? [request.title.replaceAll('`', '').trim()] : []),
];

/** A pattern without a slash fits at any depth in the worktree, as in `.gitignore`. */
function fitsNamed(pattern: string | undefined, named: string, { worktree, home }: RuleFacts): boolean {
  const file = absolute(namedPath(named, home), worktree);
  if (pattern === undefined || file === null) return false;
  if (pattern.startsWith('~/')) return home !== null && fitsPath(path.posix.join(home, pattern.slice(2)), file);
  if (pattern.startsWith('/')) return fitsPath(pattern, file);
  const plain = pattern.replace(/^\.\//, '');
  const isName = !plain.replace(/\/$/, '').includes('/');
  return fitsPath(`${worktree}/${isName ? '**/' : ''}${plain}`, file);
}

const absolute = (file: string | null, worktree: string): string | null =>
  file === null ? null : path.posix.resolve(worktree, file);
