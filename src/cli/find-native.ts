import { ConduxtError, notFound, usageError } from '../errors.ts';
import { isSessionId } from '../session/ids.ts';
import { namesIn } from '../store/names-in.ts';
import { readSession, readSessionOrNull, type SessionView } from '../store/read-session.ts';
import type { VerbContext } from './context.ts';

/**
 * The session a person means to take up again: by its name or id, or by the id that its agent's own conversation has,
 * exactly. Those that gave their name away are found as well.
 * @throws `session-not-found` (exit 4), `ambiguous-name`, `ambiguous-native-id` (exit 2), listing those that fit.
 */
export function findResumable(context: VerbContext, text: string): SessionView {
  const { home, runtimeDir } = context.places;
  if (isSessionId(text)) {
    const view = readSession(home, runtimeDir, text);
    if (view !== null) return view;
  }
  const named = namedOrNull(context, text);
  if (named !== null) return named;
  const found = allSessions(context).filter((view) => view.folded.life.agent.nativeId === text);
  const [only, another] = found;
  if (only === undefined) {
    throw notFound('session-not-found', `No session has the name or the native id "${text.slice(0, 80)}".`, {
      remedy: 'See conduxt status --all for every session, and conduxt status <name> for its native id.',
      facts: { name: text },
    });
  }
  if (another === undefined) return only;
  const choices = found.map(({ record }) => ({ sessionId: record.id, name: record.name, createdAt: record.createdAt }));
  const list = choices.map(({ sessionId, name, createdAt }) => `${sessionId} (${name}, of ${createdAt})`).join('; ');
  throw usageError(
    'ambiguous-native-id',
    `${found.length} sessions have the native id ${text.slice(0, 80)}: ${list}.`,
    {
      remedy: `Say which one by its id: conduxt resume ${only.record.id}`,
      facts: { choices },
    },
  );
}

function namedOrNull(context: VerbContext, text: string): SessionView | null {
  try {
    return context.session(text);
  } catch (error) {
    if (error instanceof ConduxtError && (error.code === 'session-not-found' || error.code === 'invalid-name'))
      return null;
    throw error;
  }
}

function allSessions({ places }: VerbContext): SessionView[] {
  const ids = namesIn(places.sessionsDir).filter(isSessionId);
  return ids.flatMap((id) => readSessionOrNull(places.home, places.runtimeDir, id) ?? []);
}
