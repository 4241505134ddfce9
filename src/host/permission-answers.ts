import type { AgentListener, PermissionRequest } from '../backend/backend.ts';
import { commandsIn, judgeRequest } from '../guard/request.ts';
import { guardFacts } from '../guard/session-facts.ts';
import { decidePermission, type PermissionDecision } from '../permission/policy.ts';
import { decideByRules } from '../permission/rules.ts';
import { markedLine, oneLine } from '../text/sanitize.ts';
import type { AskingPlaces } from './asking-places.ts';
import type { HostContext } from './context.ts';
import type { DecisionDesk } from './decision-desk.ts';
import { permissionQuestion } from './permission-facts.ts';

/**
 * Answers an agent's permission requests: by the guard, then by the session's policy; under `ask` a person decides, until
 * a deadline. ACP's refusal carries no reason, so the guard's is given to `explain`, and again with the next prompt.
 */
export function permissionAnswers(
  context: HostContext,
  desk: DecisionDesk,
  places: AskingPlaces,
  explain: (reason: string) => void,
): AgentListener['permission'] {
  const { record, redact } = context;
  const facts = guardFacts(record, context.env['HOME']);
  const rules = record.permissionRules ?? [];
  const home = context.env['HOME'] ?? null;
  return async (request, signal) => {
    const policy = decidePermission({
      mode: record.permissions,
      request,
      worktree: record.cwd,
      guard: (asked) => judgeRequest(asked, facts),
      rules: (asked) => decideByRules(rules, asked, { worktree: record.cwd, home, commands: commandsIn(asked, facts) }),
    });
    if (policy.unseen.length > 0) context.note(redact(`guard: it cannot see ${policy.unseen.join(', ')}`));
    switch (policy.type) {
      case 'allow':
        // It may ask a person something else at the same time.
        await places.goOn(signal);
        return { type: 'allow', always: false };
      case 'reject':
        await places.goOn(signal);
        if (policy.by === 'guard') {
          await recordRefusal(context, request, policy);
          explain(policy.reason);
          return { type: 'reject' };
        }
        await context.log.appendPatiently({
          type: 'milestone',
          level: 'warn',
          text: markedLine(redact(`refused: ${request.title} (${policy.reason})`), 300),
        });
        return { type: 'reject' };
      case 'ask': {
        const question = {
          kind: 'permission',
          ...permissionQuestion(request, policy.unseen, { redact, cwd: record.cwd }),
          choices: ['allow', 'deny', 'always'],
          fallback: 'deny',
        } as const;
        const answer = await places.without(signal, () =>
          desk.ask(question, record.limits.permissionTimeoutMs, signal),
        );
        if (answer === null) return { type: 'cancelled' };
        return answer === 'deny' ? { type: 'reject' } : { type: 'allow', always: answer === 'always' };
      }
    }
  };
}

async function recordRefusal(
  { log, redact }: HostContext,
  request: PermissionRequest,
  { reason, rule }: PermissionDecision,
): Promise<void> {
  await log.appendPatiently({
    type: 'guard-refused',
    turnId: log.folded.turns.open?.turnId ?? null,
    rule: rule ?? 'guard',
    what: markedLine(redact(`refused: ${request.command ?? request.title}`), 200),
    reason: oneLine(redact(reason), 500),
  });
}
