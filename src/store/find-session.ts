import { notFound, usageError } from '../errors.ts';
import { isSessionId } from '../session/ids.ts';
import { splitQualifiedName } from '../session/names.ts';
import { listNames, namedHere, type NamedSession } from './read-session.ts';

/**
 * The session a person means: a name of this repository, `repo/name` from anywhere, a bare name that is unique among
 * all repositories, or a session id.
 */
export function findSession(home: string, repoKey: string | null, text: string): NamedSession {
  if (isSessionId(text)) {
    const named = listNames(home, null).find((one) => one.id === text);
    return named ?? { repoKey: '', name: text, id: text };
  }
  const { repo, name } = splitQualifiedName(text);
  if (repo === undefined && repoKey !== null) {
    const here = namedHere(home, repoKey, name);
    if (here !== null) return here;
  }
  const everywhere = listNames(home, null);
  const matching = everywhere.filter((one) => one.name === name && (repo === undefined || isRepo(one.repoKey, repo)));
  const [only, another] = matching;
  if (only === undefined) throw noSuchSession(text, repoKey, everywhere);
  if (another !== undefined) {
    const choices = matching.map((one) => `${one.repoKey}/${one.name}`);
    throw usageError('ambiguous-name', `"${text}" names ${matching.length} sessions: ${choices.join(', ')}.`, {
      remedy: `Say which one, for example ${choices[0]}.`,
      facts: { choices },
    });
  }
  return only;
}

/** The key is the slug, a hyphen and eight hex digits; both forms are accepted. */
const isRepo = (key: string, text: string): boolean => key === text || key.replace(/-[0-9a-f]{8}$/, '') === text;

function noSuchSession(text: string, repoKey: string | null, everywhere: readonly NamedSession[]): Error {
  // Elsewhere a bare name could mean another session of the same name.
  const here =
    repoKey === null
      ? everywhere.map(({ repoKey: key, name }) => `${key.replace(/-[0-9a-f]{8}$/, '')}/${name}`)
      : everywhere.filter((one) => one.repoKey === repoKey).map(({ name }) => name);
  const known =
    here.length === 0
      ? 'There are none here.'
      : `There are: ${here.slice(0, 10).join(', ')}${here.length > 10 ? ', …' : ''}.`;
  return notFound('session-not-found', `There is no session named "${text.slice(0, 80)}". ${known}`, {
    remedy: 'See conduxt status --all for every session.',
    facts: { name: text },
  });
}
