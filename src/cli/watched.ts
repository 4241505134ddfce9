import { unreachable } from '../errors.ts';
import { oneLine } from '../text/sanitize.ts';
import { toned, type Line, type Tone } from '../views/tone.ts';
import type { Watched } from '../watchdog/patrol.ts';
import type { Action, Rule, Verdict } from '../watchdog/verdict.ts';

/** Rules by which a session is as it should be. */
const ORDINARY: ReadonlySet<Rule> = new Set([
  'over',
  'nothing-owed',
  'waits-for-person',
  'healthy',
  'parked',
  'awaiting',
]);

/** True for what a person would want to read about after a pass. */
export const isNews = ({ verdict, done, problem }: Watched): boolean =>
  problem !== null || done.length > 0 || (verdict !== null && !ORDINARY.has(verdict.rule));

/** What was done, in a word: for programs. */
export type Did =
  'nothing' | 'started' | 'replaced' | 'woken' | 'renewed' | 'expired' | 'told' | 'gave-up' | 'failed' | 'unreadable';

export function didOf({ verdict, done, problem }: Watched): Did {
  if (verdict === null) return problem === null ? 'nothing' : 'unreadable';
  if (problem !== null || done.some((one) => one.problem !== null)) return 'failed';
  const [first] = done;
  return first === undefined ? 'nothing' : wordFor(first.action);
}

function wordFor(action: Action): Did {
  switch (action.type) {
    case 'start-host':
      return action.endFirst !== null ? 'replaced' : 'started';
    case 'wake':
      return 'woken';
    case 'renew-agent':
      return 'renewed';
    case 'expire':
      return 'expired';
    case 'milestone':
    case 'tell':
      return 'told';
    case 'give-up':
      return 'gave-up';
    default:
      return unreachable(action, 'action');
  }
}

const problemOf = ({ done, problem }: Watched): string | null =>
  problem ?? done.find((one) => one.problem !== null)?.problem ?? null;

export const watchedJson = (watched: Watched): object => ({
  session: watched.session,
  sessionId: watched.sessionId,
  rule: watched.verdict?.rule ?? null,
  because: watched.verdict?.because ?? null,
  did: didOf(watched),
  problem: problemOf(watched),
  nextAt: nextAtOf(watched.verdict),
});

export const nextAtOf = (verdict: Verdict | null): string | null =>
  verdict === null || verdict.nextAtMs === null ? null : new Date(verdict.nextAtMs).toISOString();

const WORDS: Readonly<Record<Did, string>> = {
  nothing: 'left as it is',
  started: 'a new host goes on',
  replaced: 'the host was ended, and a new one goes on',
  woken: 'woken',
  renewed: 'the agent was ended, so that its work is taken up anew',
  expired: 'the question was closed',
  told: 'people were told',
  'gave-up': 'given up: it ends as failed',
  failed: 'could not be mended',
  unreadable: 'cannot be read',
};

export function watchedLine(watched: Watched): Line {
  const did = didOf(watched);
  const bad = did === 'failed' || did === 'unreadable' || did === 'gave-up';
  const tone: Tone = bad ? 'bad' : did === 'nothing' ? 'plain' : 'warn';
  const because = watched.verdict === null ? '' : `${oneLine(watched.verdict.because, 200)}: `;
  const problem = problemOf(watched);
  const nextAt = did === 'nothing' || did === 'failed' ? nextAtOf(watched.verdict) : null;
  const details = [
    ...(problem === null ? [] : [oneLine(problem, 300)]),
    ...(nextAt === null ? [] : [`next try ${nextAt}`]),
  ];
  const rest = details.length === 0 ? '' : ` (${details.join('; ')})`;
  return toned(tone, `${watched.session}: ${because}${WORDS[did]}${rest}`);
}
