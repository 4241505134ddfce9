import { kindOf } from '../session/record.ts';
import { findAgent, type AgentSettings, type FindOptions, type FoundAgent } from './find.ts';
import { HEADLESS } from './headless/profiles.ts';
import type { AgentProfile } from './profile.ts';
import { TERMINALS } from './terminal/profiles.ts';

/** Finds how to start an agent's terminal program: by the same rules as `findAgent`, in other places. */
export const findTerminalAgent = (profile: AgentProfile, options: FindOptions): Promise<FoundAgent> =>
  findOwnProgram(profile, options, {
    key: 'terminal',
    program: TERMINALS[kindOf(profile)],
    unknown: 'it is not known how to drive it in a terminal',
  });

/** The same for a run without a terminal: mostly the same program, which is started in another way. */
export const findHeadlessAgent = (profile: AgentProfile, options: FindOptions): Promise<FoundAgent> =>
  findOwnProgram(profile, options, {
    key: 'headless',
    program: HEADLESS[kindOf(profile)],
    unknown: 'it is not known to have a headless mode',
  });

interface OwnProgram {
  readonly key: 'terminal' | 'headless';
  readonly program: { readonly programs: readonly string[]; readonly packages: readonly string[] } | undefined;
  /** Why there is none, as a clause. */
  readonly unknown: string;
}

async function findOwnProgram(
  profile: AgentProfile,
  options: FindOptions,
  { key, program, unknown }: OwnProgram,
): Promise<FoundAgent> {
  const named: AgentSettings['acp'] = options.settings?.[key];
  if (program === undefined && named === undefined) {
    const install = `Set agents.${profile.name}.${key}.command in the configuration.`;
    return { state: 'missing', reason: unknown, install };
  }
  const { companion: _, ...rest } = profile;
  const found = await findAgent(
    {
      ...rest,
      acp: {
        programs: (program?.programs ?? []).map((bin) => ({ bin, args: [] })),
        packages: program?.packages ?? [],
        resume: 'none',
        preferredOptionIds: [],
        closePatienceMs: 0,
      },
    },
    { ...options, settings: { ...options.settings, acp: named }, settingsKey: key },
  );
  const install = program?.packages[0];
  if (found.state === 'found' || install === undefined) return found;
  return { ...found, install: `npm i -g ${install}` };
}
