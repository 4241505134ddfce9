import { ExitCode } from '../../errors.ts';
import type { StepOutcome } from '../../session/events.ts';
import { oneLine } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { conflictLines } from '../../views/progress.ts';
import { plain, toned, type Line } from '../../views/tone.ts';
import { requireTask } from '../clean/require-rest.ts';
import type { VerbContext } from '../context.ts';
import { askHost } from '../host-call.ts';
import { finishVerb } from '../options.ts';
import { refuseFromInside } from '../own-judge.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('<task>', 'a name, repo/name, or a session id')
      .action(context.act((name: string) => openPullRequest(context, name))),
    {
      examples: ['conduxt pr issue-78'],
      exits: '0, 4, 6 (the tests do not pass), 9 (still blocked; the work is safe), 75 (the agent is working)',
      notes: 'Pushes the branch and finds or opens its pull request. Only for a commit whose tests were seen to pass.',
    },
  );
}

async function openPullRequest(context: VerbContext, name: string): Promise<number> {
  const session = context.session(name);
  refuseFromInside(context, session, 'pr');
  requireTask(session);
  const { record } = session;
  const reply = await askHost(context, session, { op: 'step', step: 'pull-request' }, null);
  if (!('outcome' in reply)) throw new Error(`the pull request step answered with ${reply.step}`);
  const { outcome } = reply;
  if (context.json) {
    context.printer.document({
      schemaVersion: SCHEMA_VERSION,
      session: record.name,
      sessionId: record.id,
      step: reply.step,
      outcome,
    });
  } else context.printer.results(describe(record.name, outcome));
  return outcome.type === 'blocked' ? ExitCode.prBlocked : ExitCode.done;
}

function describe(name: string, outcome: StepOutcome): readonly Line[] {
  switch (outcome.type) {
    case 'pull-request':
      return [
        [
          { text: `${name}: ${outcome.created ? 'opened' : 'already open'} `, tone: 'plain' },
          { text: oneLine(outcome.url, 300), tone: 'strong' },
        ],
        ...conflictLines(outcome.conflicts).map((text) => toned('warn', `  ${text}`)),
      ];
    case 'blocked':
      return [
        toned('warn', `${name}: blocked: ${oneLine(outcome.why, 300)}`),
        plain(`  → ${oneLine(outcome.remedy, 300)}`),
      ];
    case 'pushed':
      return [plain(`${name}: pushed ${outcome.commit.slice(0, 10)} to ${oneLine(outcome.remote, 100)}`)];
    case 'skipped':
      return [plain(`${name}: skipped: ${oneLine(outcome.why, 300)}`)];
    case 'ok':
      return [plain(`${name}: done`)];
  }
}
