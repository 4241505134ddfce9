import { newsIn } from '../callback/phase.ts';
import type { Phase } from '../session/words.ts';
import { newestPhase, watchPhase } from '../tmux/phase-file.ts';
import type { Bell } from './bell.ts';
import type { HostContext } from './context.ts';

/**
 * A waiting task hears of its review or CI by a prompt, by `conduxt phase`, or by the phase file of its agent. True when
 * the file says something new, which is then in the journal.
 */
export async function hearPhase(context: HostContext): Promise<boolean> {
  const { now } = context.log.folded.awaiting;
  if (now === null) return false;
  const news = newsIn(newestPhase(context.paths.run), now.said);
  if (news === null) return false;
  await reportPhase(context, news.phase, news.words, 'agent');
  return true;
}

export async function reportPhase(
  { log, redact }: HostContext,
  phase: Phase,
  words: string,
  by: 'agent' | 'person',
): Promise<void> {
  await log.appendPatiently({ type: 'phase-reported', phase, words: redact(words), by });
}

/** Rings when the phase file of a waiting task changes. The returned function ends it. */
export function ringOnPhase({ log, paths }: HostContext, bell: Bell): () => void {
  return log.folded.awaiting.now === null ? () => {} : watchPhase(paths.run, () => bell.ring());
}
