import { alternatives, UNKNOWN } from './value.ts';

/** What a shell knows while it goes through a script: every place and value it may have by then. */
export interface ShellState {
  /** Absolute, or beginning with an unknown. */
  readonly places: readonly string[];
  readonly variables: ReadonlyMap<string, readonly string[]>;
  /** Of the shell and of git (`git config alias.x`, `gh alias set`), by `sh x`, `git x`, `gh x`. */
  readonly aliases: ReadonlyMap<string, string>;
  /** `$1`, `$2`, …; null when not known. */
  readonly parameters: readonly string[] | null;
}

export const withVariable = (state: ShellState, name: string, values: readonly string[]): ShellState => ({
  ...state,
  variables: new Map([...state.variables, [name, alternatives(values)]]),
});

export const withPlaces = (state: ShellState, places: readonly string[]): ShellState => ({
  ...state,
  places: alternatives(places),
});

export const withAlias = (state: ShellState, key: string, value: string): ShellState => ({
  ...state,
  aliases: new Map([...state.aliases, [key, value]]),
});

/** What may be true after either of two ways. A variable that only one of them knows may also be unset or inherited. */
export function either(one: ShellState, other: ShellState): ShellState {
  const names = new Set([...one.variables.keys(), ...other.variables.keys()]);
  const variables = [...names].map(
    (name) =>
      [
        name,
        alternatives([...(one.variables.get(name) ?? [UNKNOWN]), ...(other.variables.get(name) ?? [UNKNOWN])]),
      ] as const,
  );
  return {
    places: alternatives([...one.places, ...other.places]),
    variables: new Map(variables),
    aliases: new Map([...one.aliases, ...other.aliases]),
    parameters: one.parameters === other.parameters ? one.parameters : null,
  };
}
