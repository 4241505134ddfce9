/**
 * Git settings for an agent and everything it starts, through the environment: nothing is written into the repository,
 * and nobody else's git knows them. They follow those that are there, and win over every file.
 */
export function withGitSettings(
  env: Readonly<Record<string, string>>,
  settings: readonly (readonly [key: string, value: string])[],
): Record<string, string> {
  const before = settingsIn(env);
  const added = settings.flatMap(([key, value], index): [string, string][] => [
    [`GIT_CONFIG_KEY_${before + index}`, key],
    [`GIT_CONFIG_VALUE_${before + index}`, value],
  ]);
  return { ...env, ...Object.fromEntries(added), GIT_CONFIG_COUNT: String(before + settings.length) };
}

/** How many settings the environment holds already. */
export function settingsIn(env: Readonly<Record<string, string>>): number {
  const count = Number(env['GIT_CONFIG_COUNT'] ?? '0');
  return Number.isInteger(count) && count > 0 ? count : 0;
}
