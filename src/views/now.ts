import { unreachable } from '../errors.ts';
import { oneLine } from '../text/sanitize.ts';
import { outcomeOf, type SessionFacts } from './outcome.ts';
import { failureWords } from './failure-words.ts';

/** What a session is doing now, in a few words. */
export function doingNow(facts: SessionFacts): string {
  const { folded, state } = facts;
  const { life, turns, prompts, delivery } = folded;
  switch (state) {
    case 'completed':
    case 'delivered':
    case 'reported':
    case 'failed':
    case 'cancelled':
    case 'needs-person':
    case 'stopped':
    case 'crashed':
      return outcomeOf(facts).reason;
    case 'prepared':
    case 'awaiting-review':
    case 'awaiting-ci':
      return outcomeOf(facts).reason;
    case 'idle':
      return turns.last === null ? 'waits for instructions' : lastTurnText(facts);
    case 'waiting':
      if (life.lock === 'waiting') return "waits for the agents' lock";
      return life.waitsFor.length > 0 ? `waits for ${life.waitsFor.join(', ')}` : 'waits for a free place';
    case 'preparing':
      return delivery.worktree === null ? 'makes its worktree' : 'makes the worktree runnable';
    case 'parked':
      return `parked until ${life.parked?.until ?? 'later'}: ${oneLine(life.parked?.reason ?? '', 120)}`;
    case 'verifying':
      return 'runs the tests';
    case 'delivering':
      return delivery.plan?.steps.find((step) => step.state !== 'finished')?.name === 'push'
        ? 'pushes the branch'
        : 'opens the pull request';
    case 'running': {
      if (turns.open === null) return 'starts the agent';
      const kind = prompts.byId.get(turns.open.promptId)?.kind;
      const round = kind === 'fix' ? `fix round ${life.fixRoundsUsed}` : `turn ${turns.count}`;
      const note = life.milestones.at(-1);
      const recent = note !== undefined && note.at >= turns.open.startedAt ? `: ${oneLine(note.text, 80)}` : '';
      return `${turns.open.cancelRequested ? 'cancelling ' : ''}${round}${recent}`;
    }
    default:
      return unreachable(state, 'session state');
  }
}

function lastTurnText({ folded }: SessionFacts): string {
  const end = folded.turns.last?.end;
  if (end?.failure !== undefined) return failureWords[end.failure];
  const said = oneLine(end?.lastMessage ?? '', 80);
  return said === '' ? 'waits for instructions' : said;
}
