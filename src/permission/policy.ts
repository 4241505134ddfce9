import path from 'node:path';
import type { PermissionRequest } from '../backend/backend.ts';
import { unreachable } from '../errors.ts';
import type { Verdict } from '../guard/facts.ts';
import type { PermissionMode } from '../session/words.ts';
import { beginningOf } from '../text/cut.ts';
import { namedPath } from './named-path.ts';
import type { RuleDecision } from './rules.ts';

/** `reason` is a clause for people: in the milestone of a refusal, beside the question of an `ask`. */
export interface PermissionDecision {
  readonly type: 'allow' | 'reject' | 'ask';
  readonly reason: string;
  /** The guard's reason is for the agent as well. */
  readonly by: 'guard' | 'rule' | 'mode';
  /** Of the guard; only with its refusal. */
  readonly rule?: string;
  /** What the guard could not look into, as clauses. */
  readonly unseen: readonly string[];
}

export interface PermissionFacts {
  readonly mode: PermissionMode;
  readonly request: PermissionRequest;
  /** Absolute: where the agent may read under `approve-reads`. */
  readonly worktree: string;
  /** The rules no agent may break. They overrule every mode, `approve-all` too. */
  readonly guard: (request: PermissionRequest) => Verdict;
  /** What the user's own rules say, or null. They come before the mode and after the guard. */
  readonly rules?: (request: PermissionRequest) => RuleDecision | null;
}

/** ACP tool kinds that look and change nothing. `fetch` is not among them: it can carry data out. */
const READING = new Set(['read', 'search', 'think']);

/**
 * What the session's policy says to one request of the agent. Judged by structured fields only: a title is the agent's
 * own words. Paths are compared as text, so a symbolic link inside the worktree can lead a read out of it.
 */
export function decidePermission({ mode, request, worktree, guard, rules }: PermissionFacts): PermissionDecision {
  const verdict = guard(request);
  if (verdict.type === 'deny')
    return { type: 'reject', reason: verdict.reason, by: 'guard', rule: verdict.rule, unseen: [] };
  const ruled = rules?.(request) ?? null;
  if (ruled !== null) {
    const type = ruled.action === 'deny' ? 'reject' : ruled.action;
    return { type, reason: ruled.reason, by: 'rule', unseen: verdict.unseen };
  }
  return { ...byMode(mode, request, worktree), by: 'mode', unseen: verdict.unseen };
}

function byMode(
  mode: PermissionMode,
  request: PermissionRequest,
  worktree: string,
): Pick<PermissionDecision, 'type' | 'reason'> {
  switch (mode) {
    case 'approve-all':
      return { type: 'allow', reason: 'everything is approved' };
    case 'deny-all':
      return { type: 'reject', reason: 'everything is denied' };
    case 'ask':
      return { type: 'ask', reason: 'a person decides' };
    case 'approve-reads': {
      const objection = notARead(request, worktree);
      return objection === null
        ? { type: 'allow', reason: 'reading in the worktree is approved' }
        : { type: 'reject', reason: `only reading in the worktree is approved: ${objection}` };
    }
    default:
      return unreachable(mode, 'permission mode');
  }
}

/** In a sentence for people and for the agent. */
const MAX_PATH_CHARS = 1024;

function notARead(request: PermissionRequest, worktree: string): string | null {
  if (request.kind === null) return 'the request does not say what kind it is';
  if (!READING.has(request.kind)) return `this is of the kind "${request.kind}"`;
  // Some agents call a shell command that prints a file a read; a shell can do anything.
  if (request.command !== null) return 'it runs a command';
  const outside = request.paths.find((named) => !isInside(named, worktree));
  if (outside !== undefined) return `${beginningOf(outside, MAX_PATH_CHARS)} is outside of it`;
  if (request.isCut === true) return 'it names more than can be looked at';
  if (request.kind === 'read' && request.paths.length === 0) return 'it names no path';
  return null;
}

function isInside(named: string, worktree: string): boolean {
  const file = namedPath(named);
  if (file === null) return false;
  const relative = path.relative(worktree, path.resolve(worktree, file));
  return relative === '' || !(relative === '..' || relative.startsWith('../') || path.isAbsolute(relative));
}
