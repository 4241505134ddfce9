import type { SessionRecord } from '../session/record.ts';
import { notify, type NotifyFacts } from '../notify/notify.ts';
import type { HostContext } from './context.ts';
import { lastLines } from './dialog-answers.ts';

/** What `about` begins with when a turn has shown nothing for long; its turn's id comes behind it. */
export const SILENCE = 'silent/';

/**
 * Tells people about one end or one open decision, once. At most once: it is recorded before the notifiers run would
 * be to lose it, after would be to repeat it; a repeat after a crash is the smaller harm.
 * @param screen of an agent that is silent.
 */
export async function tellPeople(context: HostContext, about: string, screen = ''): Promise<void> {
  const { log, record, env } = context;
  const results = await notify(record.hooks.notify, factsFor(context, about, screen), {
    env,
    cwd: record.repo?.root ?? context.home,
  });
  const problems = results.flatMap((result) => (result.ok ? [] : [context.redact(result.problem)]));
  await log.appendPatiently({ type: 'notified', about, problems });
}

function factsFor({ log, record, redact }: HostContext, about: string, screen: string): NotifyFacts {
  const { life, delivery, turns, awaiting } = log.folded;
  const base = {
    session: record.name,
    sessionId: record.id,
    task: titleOf(record),
    repo: record.repo?.slug ?? '',
    agent: record.agent.name,
    prUrl: delivery.pullRequest?.url ?? null,
    summary: summaryOf(turns.last?.end),
    phaseAt: awaiting.lastPhaseAt,
  };
  if (about.startsWith(SILENCE)) {
    const reason = `nothing has changed on its screen: ${redact(lastLines(screen))}`;
    return { ...base, outcome: 'silent', reason, decisionId: null };
  }
  if (about.startsWith('awaiting/')) {
    const outcome = awaiting.now?.phase === 'awaiting_ci' ? 'awaiting-ci' : 'awaiting-review';
    return { ...base, outcome, reason: 'the work is delivered', decisionId: null };
  }
  const decision = life.decisions.get(about.slice('decision/'.length));
  if (decision !== undefined)
    return { ...base, outcome: 'needs-person', reason: decision.question, decisionId: decision.id };
  return { ...base, outcome: life.ended?.end ?? 'failed', reason: life.ended?.reason ?? '', decisionId: null };
}

const titleOf = (record: SessionRecord): string => record.task?.title ?? record.name;

function summaryOf(end: { readonly callback: { readonly type: string } } | undefined): string {
  const callback = end?.callback as
    { readonly type: string; readonly callback?: { readonly summary: string } } | undefined;
  return callback?.callback?.summary ?? '';
}
