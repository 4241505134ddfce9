import { chooseAgent } from '../../agents/choose.ts';
import { findAgent, type FoundAgent } from '../../agents/find.ts';
import type { AgentProfile } from '../../agents/profile.ts';
import { profilesWith } from '../../agents/profiles.ts';
import type { Config } from '../../config/config.ts';
import { unavailable } from '../../errors.ts';
import type { AgentLaunch, SessionRecord } from '../../session/record.ts';
import type { VerbContext } from '../context.ts';
import { REHEARSAL, rehearsalLaunch } from '../rehearsal-program.ts';

export interface ChosenLaunch {
  readonly launch: AgentLaunch;
  /** One clause: why this agent. */
  readonly why: string;
  readonly warnings: readonly string[];
}

export const backendWords = ['auto', 'acp', 'acpx', 'tmux'] as const;
export type BackendWord = (typeof backendWords)[number];

/** `acpx` is another word for `acp`. @throws `backend-not-available` (exit 5) for tmux. */
export function requestedBackend(word: BackendWord): SessionRecord['requestedBackend'] {
  if (word === 'tmux') {
    throw unavailable('backend-not-available', 'The tmux backend is not available yet.', {
      remedy: 'Leave --backend out, or use --backend acp.',
      facts: { backend: 'tmux' },
    });
  }
  return word === 'acpx' ? 'acp' : word;
}

/** Where agents are looked for: none is taken from inside the repository it will work on. */
export interface AgentPlace {
  readonly config: Config;
  readonly cwd: string;
  readonly repoRoot: string | null;
}

/**
 * The agent that does the work, resolved to an absolute command.
 * @throws `unknown-agent` (exit 2), `agent-missing` and `no-agent` (exit 5), each saying how to go on.
 */
export async function launchFor(
  context: VerbContext,
  place: AgentPlace,
  flag: string | undefined,
): Promise<ChosenLaunch> {
  const { config } = place;
  const profiles = profilesWith(config.agents);
  const requested = flag ?? config.agent;
  const wanted = requested === 'auto' ? profiles : profiles.filter((profile) => profile.name === requested);
  const found = new Map(
    await Promise.all(
      wanted.map(async (profile): Promise<[string, FoundAgent]> => [
        profile.name,
        await findIn(context, place, profile),
      ]),
    ),
  );
  const chosen = chooseAgent({ requested, order: config.agentOrder, profiles, found });
  const login =
    chosen.found.login === 'no'
      ? [`${chosen.profile.title} does not seem to be logged in. ${chosen.profile.login}`]
      : [];
  return { launch: chosen.found.launch, why: chosen.why, warnings: [...chosen.found.warnings, ...login] };
}

/** One agent on this machine. The rehearsal agent is part of this program, unless the configuration names another. */
export async function findIn(context: VerbContext, place: AgentPlace, profile: AgentProfile): Promise<FoundAgent> {
  const settings = place.config.agents[profile.name];
  if (profile.name === REHEARSAL && settings?.acp === undefined) {
    return { state: 'found', launch: rehearsalLaunch(context.io.env, context.places.home), login: 'yes', warnings: [] };
  }
  return findAgent(profile, { env: context.io.env, cwd: place.cwd, repoRoot: place.repoRoot, settings });
}
