import { refused } from '../errors.ts';
import { ancestorsOf } from '../process/ancestors.ts';
import type { SessionView } from '../store/read-session.ts';
import { readSessionOrNull } from '../store/read-session.ts';
import type { VerbContext } from './context.ts';

/**
 * What a person, or another agent, decides about a session's work is not for its own agent: not the answers to its own
 * questions, not its tests, its pull request or its beginning. No sandbox: this keeps honest agents honest.
 * @throws `own-session` (exit 6).
 */
export function refuseFromInside({ io }: VerbContext, view: SessionView, verb: string): void {
  const { pids, sessions } = ancestorsOf(io.env);
  const { record, folded } = view;
  const agent = folded.life.agent.running ? folded.life.agent.process : null;
  if (!sessions.has(record.id) && (agent === null || !pids.has(agent.pid))) return;
  throw refused('own-session', `conduxt ${verb} ${record.name} was called from inside of ${record.name} itself.`, {
    remedy: 'That is for whoever gave the work: end the turn with what you have to say, and leave it to them.',
    facts: { session: record.name, sessionId: record.id },
  });
}

/** As `refuseFromInside`, for what concerns every session of a repository. */
export function refuseFromInsideRepository({ io, places }: VerbContext, repoKey: string, verb: string): void {
  for (const id of ancestorsOf(io.env).sessions) {
    const record = readSessionOrNull(places.home, places.runtimeDir, id)?.record;
    if (record?.repo?.key !== repoKey) continue;
    throw refused('own-session', `conduxt ${verb} was called by ${record.name}, an agent at work in this repository.`, {
      remedy: 'That is for a person: ask for it at the end of the turn.',
      facts: { session: record.name, sessionId: id },
    });
  }
}
