import { chooseAgent, tokensIn, type ChosenAgent } from '../../agents/choose.ts';
import { findAgent, type FoundAgent } from '../../agents/find.ts';
import { findHeadlessAgent, findTerminalAgent } from '../../agents/find-own-program.ts';
import { permissionSettings } from '../../agents/headless/permission-mode.ts';
import { headlessFor } from '../../agents/headless/profiles.ts';
import type { AgentProfile } from '../../agents/profile.ts';
import { profileFor, profilesWith } from '../../agents/profiles.ts';
import type { Config } from '../../config/config.ts';
import { ConduxtError, usageError } from '../../errors.ts';
import {
  agentChoiceNames,
  kindOf,
  type AgentChoiceName,
  type AgentChoices,
  type AgentLaunch,
  type SessionRecord,
} from '../../session/record.ts';
import type { BackendName, PermissionMode } from '../../session/words.ts';
import { installedTmux, isRecent, requireTmux } from '../../tmux/version.ts';
import type { VerbContext } from '../context.ts';
import type { VerbCommand } from '../verb-command.ts';
import { REHEARSAL, rehearsalLaunch } from '../rehearsal-program.ts';

export interface ChosenLaunch {
  readonly launch: AgentLaunch;
  readonly backend: BackendName;
  /** How the same agent is started in a terminal; null when it cannot be, or is not to be. */
  readonly terminal: AgentLaunch | null;
  /** One clause: why this agent. */
  readonly why: string;
  readonly warnings: readonly string[];
}

export const backendWords = ['auto', 'acp', 'acpx', 'tmux', 'headless'] as const;
export type BackendWord = (typeof backendWords)[number];

/** `acpx` is another word for `acp`. */
export const requestedBackend = (word: BackendWord): SessionRecord['requestedBackend'] =>
  word === 'acpx' ? 'acp' : word;

/** Where agents are looked for: none is taken from inside the repository it will work on. */
export interface AgentPlace {
  readonly config: Config;
  readonly cwd: string;
  readonly repoRoot: string | null;
  /** How long the agent's first prompt is; absent: not long. */
  readonly taskBytes?: number;
}

/**
 * The agent that does the work, resolved to an absolute command, and how it is talked to: `auto` takes ACP where the
 * agent has it, otherwise a terminal, otherwise its headless mode.
 * @throws `unknown-agent` (exit 2); `agent-missing`, `no-agent`, `tmux-missing`, `tmux-too-old` (exit 5), each saying
 * how to go on.
 */
export async function launchFor(
  context: VerbContext,
  place: AgentPlace,
  flag: string | undefined,
  backend: SessionRecord['requestedBackend'],
  flags: ChoiceFlags = {},
): Promise<ChosenLaunch> {
  const requested = flag ?? place.config.agent;
  const chosen = await launchOver(context, place, requested, backend);
  // The bundled agent has no model; what is configured is meant for others.
  const configured = chosen.launch.name === REHEARSAL ? {} : chosenIn(place.config);
  const choices = { ...configured, ...chosenIn(flags) };
  const [first] = Object.keys(choices);
  if (first === undefined) return chosen;
  if (chosen.backend !== 'acp') {
    const key = chosen.backend === 'tmux' ? 'terminal' : 'headless';
    throw usageError(`choice-over-${chosen.backend}`, `--${first} needs an agent that is driven over ACP.`, {
      remedy: `Without it, its own arguments say so: agents.${chosen.launch.name}.${key}.args.`,
    });
  }
  // A terminal would not know of them, so there is no falling back to one.
  return { ...chosen, launch: { ...chosen.launch, choices }, terminal: null };
}

/** `--model`, `--mode`, `--effort`, as commander hands them over. */
export type ChoiceFlags = { readonly [name in AgentChoiceName]?: string | undefined };

/** What was really chosen. */
export const chosenIn = (flags: { readonly [name in AgentChoiceName]?: string | null | undefined }): AgentChoices =>
  Object.fromEntries(
    agentChoiceNames.flatMap((name) => {
      const value = flags[name] ?? '';
      return value === '' ? [] : [[name, value]];
    }),
  );

/** Adds the options that set them to a verb. */
export const choiceOptions = (command: VerbCommand): VerbCommand =>
  command
    .option('--model <id>', 'the model it uses, of those it offers')
    .option('--mode <id>', 'the mode it works in, of those it offers')
    .option('--effort <level>', 'how hard it thinks, of the levels it offers');

async function launchOver(
  context: VerbContext,
  place: AgentPlace,
  requested: string,
  backend: SessionRecord['requestedBackend'],
): Promise<ChosenLaunch> {
  switch (backend) {
    case 'acp':
      return overAcp(await choose(context, place, requested, findIn), null);
    case 'tmux':
      await requireTmux(context.io.env);
      return inTerminal(await choose(context, place, requested, findTerminalIn));
    case 'headless':
      return headless(await choose(context, place, requested, findHeadlessIn));
    case 'auto':
      return whicheverIsThere(context, place, requested);
  }
}

async function whicheverIsThere(context: VerbContext, place: AgentPlace, requested: string): Promise<ChosenLaunch> {
  let chosen: ChosenAgent;
  try {
    chosen = await choose(context, place, requested, findIn);
  } catch (error) {
    const isMissing = error instanceof ConduxtError && (error.code === 'agent-missing' || error.code === 'no-agent');
    const instead = isMissing ? await withoutAcp(context, place, requested) : null;
    if (instead === null) throw error;
    return instead;
  }
  const terminal = await findTerminalIn(context, place, chosen.profile);
  return overAcp(chosen, terminal.state === 'found' && (await hasTmux(context)) ? terminal.launch : null);
}

async function hasTmux({ io }: VerbContext): Promise<boolean> {
  const version = await installedTmux(io.env);
  return version !== null && isRecent(version);
}

/** For an agent without a program that speaks ACP: a terminal, or else a run without one. Null: nothing of it is there. */
async function withoutAcp(context: VerbContext, place: AgentPlace, requested: string): Promise<ChosenLaunch | null> {
  const terminal = (await hasTmux(context)) ? await orNull(choose(context, place, requested, findTerminalIn)) : null;
  const chosen = terminal ?? (await orNull(choose(context, place, requested, findHeadlessIn)));
  if (chosen === null) return null;
  const launch = terminal === null ? headless(chosen) : inTerminal(chosen);
  const how = terminal === null ? 'runs headless' : 'is driven in a terminal';
  const note = `${chosen.profile.title} ${how}: no program that speaks ACP was found for it`;
  return { ...launch, warnings: [...launch.warnings, note] };
}

type Finder = (context: VerbContext, place: AgentPlace, profile: AgentProfile) => Promise<FoundAgent>;

async function choose(context: VerbContext, place: AgentPlace, requested: string, find: Finder): Promise<ChosenAgent> {
  const { config } = place;
  const profiles = profilesWith(config.agents);
  const wanted = requested === 'auto' ? profiles : profiles.filter((profile) => profile.name === requested);
  const found = new Map(
    await Promise.all(
      wanted.map(async (profile): Promise<[string, FoundAgent]> => [profile.name, await find(context, place, profile)]),
    ),
  );
  return chooseAgent({
    requested,
    order: config.agentOrder,
    profiles,
    found,
    taskTokens: tokensIn(place.taskBytes ?? 0),
  });
}

const overAcp = (chosen: ChosenAgent, terminal: AgentLaunch | null): ChosenLaunch => ({
  ...told(chosen),
  backend: 'acp',
  terminal,
});
const inTerminal = (chosen: ChosenAgent): ChosenLaunch => ({
  ...told(chosen),
  backend: 'tmux',
  terminal: chosen.found.launch,
});

const headless = (chosen: ChosenAgent): ChosenLaunch => ({ ...told(chosen), backend: 'headless', terminal: null });

function told({ profile, found, why }: ChosenAgent): Pick<ChosenLaunch, 'launch' | 'why' | 'warnings'> {
  const login = found.login === 'no' ? [`${profile.title} does not seem to be logged in. ${profile.login}`] : [];
  return { launch: found.launch, why, warnings: [...found.warnings, ...login] };
}

async function orNull(chosen: Promise<ChosenAgent>): Promise<ChosenAgent | null> {
  try {
    return await chosen;
  } catch (error) {
    if (error instanceof ConduxtError) return null;
    throw error;
  }
}

/** @throws `mode-not-headless` (exit 6): it says so before anything is made, instead of failing at its first prompt. */
export function requireMode({ backend, launch }: ChosenLaunch, mode: PermissionMode): void {
  if (backend === 'headless') permissionSettings(profileFor(kindOf(launch)).title, mode, headlessFor(kindOf(launch)));
}

/** What the session's record says about its backend. */
export function backendFields(
  { backend, terminal }: ChosenLaunch,
  { prefix, repoKey, name }: { readonly prefix: string; readonly repoKey: string | null; readonly name: string },
): Pick<SessionRecord, 'backend' | 'terminal'> {
  if (terminal === null) return { backend };
  const repo = repoKey === null ? '' : `${repoKey.slice(-8)}-`;
  return { backend, terminal: { launch: terminal, sessionName: `${prefix}${repo}${terminal.name}-${name}` } };
}

const whereToLook = ({ io }: VerbContext, { cwd, repoRoot, config }: AgentPlace, { name }: AgentProfile) => ({
  env: io.env,
  cwd,
  repoRoot,
  settings: config.agents[name],
});

/** One agent on this machine. The rehearsal agent is part of this program, unless the configuration names another. */
export async function findIn(context: VerbContext, place: AgentPlace, profile: AgentProfile): Promise<FoundAgent> {
  if (profile.name === REHEARSAL && place.config.agents[REHEARSAL]?.acp === undefined) {
    return { state: 'found', launch: rehearsalLaunch(context.io.env, context.places.home), login: 'yes', warnings: [] };
  }
  return findAgent(profile, whereToLook(context, place, profile));
}

/** The same agent's program for a terminal. */
export async function findTerminalIn(
  context: VerbContext,
  place: AgentPlace,
  profile: AgentProfile,
): Promise<FoundAgent> {
  return findTerminalAgent(profile, whereToLook(context, place, profile));
}

/** The same agent's program for a run without a terminal. */
export async function findHeadlessIn(
  context: VerbContext,
  place: AgentPlace,
  profile: AgentProfile,
): Promise<FoundAgent> {
  return findHeadlessAgent(profile, whereToLook(context, place, profile));
}
