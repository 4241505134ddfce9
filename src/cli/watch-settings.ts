import { loadConfig } from '../config/load.ts';
import { watchSettings, type WatchSettings } from '../watchdog/settings.ts';
import type { VerbContext } from './context.ts';

/** From the user's own configuration: the watchdog looks after all repositories. */
export async function loadWatchSettings({ io, places }: VerbContext): Promise<WatchSettings> {
  const { config } = await loadConfig({
    env: io.env,
    places,
    repoConfigText: null,
    repoConfigLabel: 'conduxt.json',
    repoKey: null,
  });
  return watchSettings(config);
}
