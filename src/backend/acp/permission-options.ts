import type { PermissionAnswer } from '../backend.ts';
import { textAt } from './json.ts';

/** The `outcome` of a permission request, as it goes on the wire. */
export type PermissionOutcome =
  { readonly outcome: 'selected'; readonly optionId: string } | { readonly outcome: 'cancelled' };

interface Option {
  readonly optionId: string;
  readonly kind: string;
}

/**
 * Chooses the option that says what was answered, by its kind and never by its position: gemini offers `allow_always`
 * first. `_always` is chosen only when it was asked for. Refusing takes only an option that refuses; an allowance that
 * the options cannot express becomes a refusal, never the other way round.
 * Without any fitting option the outcome is `cancelled`, which some agents take as the end of the turn.
 * @param options as received.
 * @param preferredIds decide among options of one kind, best first (codex: `decline` goes on, `cancel` ends the turn).
 */
export function chooseOption(
  answer: PermissionAnswer,
  options: readonly unknown[],
  preferredIds: readonly string[],
): PermissionOutcome {
  const usable = parseOptions(options);
  for (const kind of kindsFor(answer)) {
    const ofKind = usable.filter((option) => option.kind === kind);
    const preferred = preferredIds.find((id) => ofKind.some((option) => option.optionId === id));
    const optionId = preferred ?? ofKind[0]?.optionId;
    if (optionId !== undefined) return { outcome: 'selected', optionId };
  }
  return { outcome: 'cancelled' };
}

function kindsFor(answer: PermissionAnswer): readonly string[] {
  switch (answer.type) {
    case 'allow':
      return answer.always
        ? ['allow_always', 'allow_once', 'reject_once', 'reject_always']
        : ['allow_once', 'reject_once', 'reject_always'];
    case 'reject':
      return ['reject_once', 'reject_always'];
    case 'cancelled':
      return [];
  }
}

/** Options without id or kind cannot be chosen; an id that stands for two kinds says nothing. */
function parseOptions(options: readonly unknown[]): readonly Option[] {
  const parsed = options.flatMap((option) => {
    const [optionId, kind] = [textAt(option, 'optionId'), textAt(option, 'kind')];
    return optionId === null || kind === null ? [] : [{ optionId, kind }];
  });
  return parsed.filter(({ optionId, kind }) =>
    parsed.every((other) => other.optionId !== optionId || other.kind === kind),
  );
}
