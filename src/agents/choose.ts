import { unavailable, usageError } from '../errors.ts';
import { closest } from '../text/closest.ts';
import { oneLine } from '../text/sanitize.ts';
import type { FoundAgent } from './find.ts';
import type { AgentProfile } from './profile.ts';

export interface ChooseFacts {
  /** A name, or `auto`. */
  readonly requested: string;
  /** Preferred by `auto`, best first; the profiles' own order comes after it. */
  readonly order: readonly string[];
  readonly profiles: readonly AgentProfile[];
  /** By name. For a requested agent its own entry is enough. */
  readonly found: ReadonlyMap<string, FoundAgent>;
  /** How long what it is to read at once is, in tokens, roughly. Absent: not long. */
  readonly taskTokens?: number;
}

/**
 * Beyond this a task leaves an ordinary context (200,000 tokens) too little room for the work on it.
 */
export const LONG_TASK_TOKENS = 100_000;

/** Four bytes of text are a token, roughly. */
export const tokensIn = (bytes: number): number => Math.round(bytes / 4);

export interface ChosenAgent {
  readonly profile: AgentProfile;
  readonly found: Extract<FoundAgent, { state: 'found' }>;
  /** One clause: why this one. */
  readonly why: string;
}

/**
 * Which agent does the work: the one that was asked for, or the first of the order that is installed and logged in.
 * @throws `unknown-agent` (exit 2), `agent-missing` and `no-agent` (exit 5), each saying how to go on.
 */
export function chooseAgent(facts: ChooseFacts): ChosenAgent {
  return facts.requested === 'auto' ? chooseByOrder(facts) : chooseByName(facts);
}

/** The profile of `name`. @throws `unknown-agent` listing those known, and how to add one. */
export function knownProfile(name: string, profiles: readonly AgentProfile[]): AgentProfile {
  const profile = profiles.find((known) => known.name === name);
  if (profile !== undefined) return profile;
  const names = profiles.map((known) => known.name);
  const near = closest(name, names);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  throw usageError(
    'unknown-agent',
    `There is no agent named "${oneLine(name, 40)}".${hint} Known: ${names.join(', ')}.`,
    {
      remedy: 'To add one, put its command into the configuration: {"agents": {"<name>": {"acp": {"command": "..."}}}}',
      facts: { name, known: names, ...(near === undefined ? {} : { near }) },
    },
  );
}

function chooseByName({ requested, profiles, found }: ChooseFacts): ChosenAgent {
  const profile = knownProfile(requested, profiles);
  const agent = found.get(requested);
  if (agent?.state === 'found') return { profile, found: agent, why: 'it was asked for' };
  const reason = agent?.reason ?? 'it was not looked for';
  const install = agent?.install ?? profile.install;
  throw unavailable('agent-missing', `${profile.title} cannot be started: ${reason}.`, {
    remedy: asRemedy(install),
    facts: { agent: requested, reason, install },
  });
}

function chooseByOrder({ order, profiles, found, taskTokens = 0 }: ChooseFacts): ChosenAgent {
  const preferred = order.map((name) => knownProfile(name, profiles));
  // The rehearsal agent plays a script: it is never the answer to "whatever is there".
  const others = profiles.filter((profile) => !preferred.includes(profile) && profile.name !== 'rehearsal');
  const candidates = [...preferred, ...others].flatMap((profile) => {
    const agent = found.get(profile.name);
    return agent?.state === 'found' ? [{ profile, found: agent }] : [];
  });
  // An order that somebody wrote down is a choice of theirs.
  const isLong = taskTokens >= LONG_TASK_TOKENS && order.length === 0;
  const roomy = candidates.find(({ profile, found: { login } }) => profile.longContext === true && login !== 'no');
  if (isLong && roomy !== undefined) {
    const size = `about ${Math.round(taskTokens / 1000)}k tokens`;
    return { ...roomy, why: `the task is very long (${size}), and its context is the longest of those installed` };
  }
  const ready = candidates.find((candidate) => candidate.found.login === 'yes');
  const chosen = ready ?? candidates.find((candidate) => candidate.found.login === 'unknown') ?? candidates[0];
  if (chosen === undefined) throw noAgent(others);
  const first = candidates[0] === chosen;
  const only = candidates.length === 1;
  const listed = preferred.includes(chosen.profile) ? 'in agentOrder' : 'in the built-in order';
  const rank = only
    ? 'the only one installed'
    : first
      ? `the first one installed, ${listed}`
      : `the first one logged in, ${listed}`;
  return { ...chosen, why: chosen.found.login === 'no' ? `${rank}, but it may need a login` : rank };
}

function noAgent(profiles: readonly AgentProfile[]): Error {
  const [first, second] = profiles;
  return unavailable('no-agent', 'No coding agent that speaks ACP was found on PATH.', {
    remedy:
      first === undefined || second === undefined
        ? 'Put the command of one into the configuration: agents.<name>.acp.'
        : `Install one, for example: ${first.install} (${first.title}), or: ${second.install} (${second.title}). To try conduxt without one: conduxt rehearse`,
  });
}

/** Commands are shown as something to type, sentences as they are. */
const asRemedy = (install: string): string => (/^[a-z][\w-]* [^.]*$|^npm /.test(install) ? `Run: ${install}` : install);
