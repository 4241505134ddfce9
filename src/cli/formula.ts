import { ConduxtError, usageError } from '../errors.ts';
import { closest } from '../text/closest.ts';
import { oneLine } from '../text/sanitize.ts';
import type { VerbContext } from './context.ts';
import { sessionPlace } from './session-plan.ts';

/**
 * The prompt that the configuration of a session's repository keeps under a name; of this directory's, when there is no
 * such session yet. @throws `unknown-formula` (exit 2), listing those that are there.
 */
export async function formulaText(context: VerbContext, session: string, name: string): Promise<string> {
  const root = rootOf(context, session) ?? context.io.cwd;
  const { loaded } = await sessionPlace(context.at(root), 'optional');
  const { formulas } = loaded.config;
  const text = Object.hasOwn(formulas, name) ? formulas[name] : undefined;
  if (text !== undefined) return text;
  const names = Object.keys(formulas).toSorted();
  const near = closest(name, names);
  const known =
    names.length === 0 ? 'None is configured.' : `There ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ')}.`;
  throw usageError('unknown-formula', `There is no formula "${oneLine(name, 60)}". ${known}`, {
    remedy:
      near === undefined
        ? 'Add it to the configuration: {"formulas": {"name": "what to say"}}.'
        : `Did you mean --formula ${near}?`,
    facts: { name, formulas: names },
  });
}

function rootOf(context: VerbContext, session: string): string | null {
  try {
    return context.session(session).record.repo?.root ?? null;
  } catch (error) {
    if (error instanceof ConduxtError && error.code === 'session-not-found') return null;
    throw error;
  }
}
