import type { AgentListener, PermissionRequest } from '../backend/backend.ts';
import { decidePermission } from '../permission/policy.ts';
import { oneLine } from '../text/sanitize.ts';
import type { HostContext } from './context.ts';
import type { DecisionDesk } from './decision-desk.ts';
import type { SlotHolder } from './slot-holder.ts';

/** No guard rules yet: every request goes to the policy. */
const NO_GUARD = (): string | null => null;

/** Answers an agent's permission requests by the session's policy; under `ask` a person decides, until a deadline. */
export function permissionAnswers(
  context: HostContext,
  desk: DecisionDesk,
  slot: SlotHolder,
): AgentListener['permission'] {
  const { record, redact } = context;
  return async (request, signal) => {
    const policy = decidePermission({ mode: record.permissions, request, worktree: record.cwd, guard: NO_GUARD });
    switch (policy.type) {
      case 'allow':
        return { type: 'allow', always: false };
      case 'reject':
        await context.log.appendPatiently({
          type: 'milestone',
          level: 'warn',
          text: oneLine(redact(`refused: ${request.title} (${policy.reason})`), 300),
        });
        return { type: 'reject' };
      case 'ask': {
        const question = {
          kind: 'permission',
          question: oneLine(redact(`May the agent do this: ${request.title}?`), 300),
          facts: factsOf(request, redact),
          choices: ['allow', 'deny', 'always'],
          fallback: 'deny',
        } as const;
        const answer = await slot.without(signal, () => desk.ask(question, record.limits.permissionTimeoutMs, signal));
        if (answer === null) return { type: 'cancelled' };
        return answer === 'deny' ? { type: 'reject' } : { type: 'allow', always: answer === 'always' };
      }
    }
  };
}

/** From the structured fields: a title may be misleading. */
function factsOf(request: PermissionRequest, redact: (text: string) => string): Record<string, string> {
  return {
    ...(request.kind === null ? {} : { kind: request.kind }),
    ...(request.command === null ? {} : { command: oneLine(redact(request.command), 1000) }),
    ...(request.paths.length === 0 ? {} : { paths: oneLine(redact(request.paths.join(' ')), 1000) }),
  };
}
