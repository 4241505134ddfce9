import { findAgent, type FindOptions, type FoundAgent } from './find.ts';
import type { AgentProfile } from './profile.ts';
import { TERMINALS } from './terminal/profiles.ts';

/** Finds how to start an agent's terminal program: by the same rules as `findAgent`, in other places. */
export async function findTerminalAgent(profile: AgentProfile, options: FindOptions): Promise<FoundAgent> {
  const terminal = TERMINALS[profile.name];
  const named = options.settings?.terminal;
  if (terminal === undefined && named === undefined) {
    const reason = 'it is not known how to drive it in a terminal';
    return { state: 'missing', reason, install: `Set agents.${profile.name}.terminal.command in the configuration.` };
  }
  const { companion: _, ...rest } = profile;
  const found = await findAgent(
    {
      ...rest,
      acp: {
        programs: (terminal?.programs ?? []).map((bin) => ({ bin, args: [] })),
        packages: terminal?.packages ?? [],
        resume: 'none',
        preferredOptionIds: [],
        closePatienceMs: 0,
      },
    },
    { ...options, settings: { ...options.settings, acp: named }, settingsKey: 'terminal' },
  );
  const install = terminal?.packages[0];
  if (found.state === 'found' || install === undefined) return found;
  return { ...found, install: `npm i -g ${install}` };
}
