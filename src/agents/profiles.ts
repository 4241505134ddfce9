import { usageError } from '../errors.ts';
import { DRIVEN } from './driven-profiles.ts';
import { UNVERIFIED } from './unverified-profiles.ts';
import { PROVIDER_VARIABLES } from './provider-variables.ts';
import type { AgentProfile } from './profile.ts';

/**
 * The bundled agent that needs no account: `conduxt rehearse`, the demo and the tests. Its program is part of
 * conduxt, so whoever starts it names it (`agents.rehearsal.acp`, or the override of `findAgent`).
 */
export const REHEARSAL: AgentProfile = {
  name: 'rehearsal',
  title: 'the bundled rehearsal agent',
  acp: { programs: [], packages: [], resume: 'load', preferredOptionIds: [], closePatienceMs: 2_000 },
  terminal: false,
  install: 'It comes with conduxt.',
  login: 'It needs no login.',
  environment: [],
  loginFiles: [],
  verified: null,
  knownFaults: [],
};

/** Every agent conduxt knows by itself, in the order in which `auto` prefers them. The rehearsal agent comes last. */
export const PROFILES: readonly AgentProfile[] = [...DRIVEN, ...UNVERIFIED, REHEARSAL];

/** What the configuration may say about an agent (`agents.<name>`), as far as profiles are concerned. */
export interface AgentOverride {
  readonly like?: string | undefined;
  readonly acp?: { readonly command: string } | undefined;
  readonly login?: string | undefined;
  readonly install?: string | undefined;
}

/**
 * The known profiles with the configuration's words, and one for each agent that only the configuration knows.
 * @throws `unknown-agent` (exit 2) when one is to be like an agent that is not known.
 */
export function profilesWith(overrides: Readonly<Record<string, AgentOverride>>): AgentProfile[] {
  const known = new Set(PROFILES.map(({ name }) => name));
  const added = Object.keys(overrides).filter((name) => !known.has(name));
  const made = added.map((name) => alikeProfile(name, overrides[name]?.like) ?? unknownProfile(name));
  return [...PROFILES, ...made].map((profile) => {
    const override = overrides[profile.name];
    return override === undefined
      ? profile
      : { ...profile, login: override.login ?? profile.login, install: override.install ?? profile.install };
  });
}

/** A known agent under another name: with a model of its own, say. */
function alikeProfile(name: string, like: string | undefined): AgentProfile | null {
  if (like === undefined) return null;
  const profile = PROFILES.find((known) => known.name === like);
  if (profile === undefined) {
    throw usageError('unknown-agent', `agents.${name}.like: there is no agent "${like}".`, {
      remedy: `Those that are known: ${PROFILES.map((known) => known.name).join(', ')}.`,
    });
  }
  return { ...profile, name, like, title: `${profile.title} as ${name}` };
}

/** The profile of that name; for an agent that came from a configuration, one with cautious values. */
export const profileFor = (name: string): AgentProfile =>
  PROFILES.find((profile) => profile.name === name) ?? unknownProfile(name);

const unknownProfile = (name: string): AgentProfile => ({
  name,
  title: name,
  acp: { programs: [], packages: [], resume: 'load', preferredOptionIds: [], closePatienceMs: 9_000 },
  terminal: false,
  install: `Check agents.${name}.acp.command in the configuration.`,
  login: `Log in with the program itself, or set agents.${name}.envFile.`,
  environment: PROVIDER_VARIABLES,
  loginFiles: [],
  verified: null,
  knownFaults: [],
});
