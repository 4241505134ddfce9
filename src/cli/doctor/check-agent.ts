import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { agentEnvironment } from '../../agents/environment.ts';
import { readEnvFile } from '../../agents/env-file.ts';
import { knownProfile } from '../../agents/choose.ts';
import { UNVERIFIED } from '../../agents/unverified-profiles.ts';
import { profilesWith } from '../../agents/profiles.ts';
import type { AgentProfile } from '../../agents/profile.ts';
import { acpBackend } from '../../backend/acp/acp-backend.ts';
import type { AgentListener, OpenSpec } from '../../backend/backend.ts';
import { ConduxtError } from '../../errors.ts';
import { newSessionId } from '../../session/ids.ts';
import type { AgentLaunch } from '../../session/record.ts';
import type { VerbContext } from '../context.ts';
import { findIn, findTerminalIn, launchFor, type AgentPlace } from '../run/launch-agent.ts';
import { installedTmux, isRecent } from '../../tmux/version.ts';
import { sessionPlace } from '../session-plan.ts';
import { bad, good, note, type Check } from './check.ts';

const listener: AgentListener = {
  update: () => {},
  accepted: () => {},
  permission: async () => ({ type: 'reject' }),
  notice: () => {},
};

/** Starts the agent in an empty directory, opens a session, ends it. Nothing is sent to a model, nothing is left. */
export async function checkAgent(context: VerbContext, name: string): Promise<Check[]> {
  const { loaded, cwd, ref } = await sessionPlace(context, 'optional');
  const profile = knownProfile(name, profilesWith(loaded.config.agents));
  const place = { config: loaded.config, cwd, repoRoot: ref?.root ?? null };
  const terminal = await checkTerminal(context, place, profile);
  if (profile.acp === null && loaded.config.agents[name]?.acp === undefined) return terminal;
  const { launch, warnings } = await launchFor(context, place, name, 'acp');
  const found = [
    ...terminal,
    good('agent', `${profile.title}: ${[launch.command, ...launch.args].join(' ')}`),
    ...(isUnverified(profile)
      ? [note('agent', 'unverified: this profile comes from its manual, nobody ran it here', null)]
      : []),
    ...warnings.map((text) => note('agent', text, null)),
    ...profile.knownFaults.map((fault) => note('known fault', `${fault.seenIn}: ${fault.what}`, null)),
  ];
  const directory = await mkdtemp(path.join(os.tmpdir(), 'conduxt-doctor-'));
  try {
    return [...found, ...(await greet(await openSpec(context, profile, launch, directory), profile))];
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    return [...found, bad('start', error.message, error.remedy ?? profile.install)];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const isUnverified = (profile: AgentProfile): boolean =>
  profile.verified === null && UNVERIFIED.some(({ name }) => name === profile.name);

/** Starts every agent that is installed, one after the other, in one line each. */
export async function checkFoundAgents(context: VerbContext): Promise<Check[]> {
  const { loaded, cwd, ref } = await sessionPlace(context, 'optional');
  const place = { config: loaded.config, cwd, repoRoot: ref?.root ?? null };
  const checks: Check[] = [];
  for (const profile of profilesWith(loaded.config.agents)) {
    // The scripted agent says nothing about this machine; conduxt rehearse tries it.
    if (profile.name === 'rehearsal') continue;
    const found = await findIn(context, place, profile);
    if (found.state === 'found') checks.push(await greetInOneLine(context, profile, found.launch));
  }
  return checks;
}

async function greetInOneLine(context: VerbContext, profile: AgentProfile, launch: AgentLaunch): Promise<Check> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'conduxt-doctor-'));
  const name = `agent ${profile.name}`;
  try {
    const said = await greet(await openSpec(context, profile, launch, directory), profile);
    const worst = said.find(({ state }) => state === 'bad');
    const text = [...(isUnverified(profile) ? ['unverified'] : []), ...said.map((check) => check.text)].join('; ');
    return worst === undefined ? good(name, text) : bad(name, worst.text, worst.remedy ?? profile.install);
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    // One of several that does not start is no reason to call the machine bad.
    return note(name, error.message, error.code === 'agent-login-required' ? profile.login : (error.remedy ?? null));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Whether it could be driven in a terminal. Nothing is started: many of these programs ask before they begin. */
async function checkTerminal(context: VerbContext, place: AgentPlace, profile: AgentProfile): Promise<Check[]> {
  const found = await findTerminalIn(context, place, profile);
  if (found.state === 'missing') {
    return profile.terminal ? [note('terminal', `${profile.title}: ${found.reason}`, found.install)] : [];
  }
  const { command, args } = found.launch;
  const tmux = await installedTmux(context.io.env);
  const words = `${profile.title} in tmux: ${[command, ...args].join(' ')}`;
  return tmux !== null && isRecent(tmux)
    ? [good('terminal', `${words} (tmux ${tmux.text})`)]
    : [note('terminal', `${words}, but there is no tmux 3.3 or newer`, 'Install tmux.')];
}

async function greet(spec: OpenSpec, profile: AgentProfile): Promise<Check[]> {
  const started = performance.now();
  const session = await acpBackend.open(spec, listener);
  const tookMs = Math.round(performance.now() - started);
  const { capabilities, agentVersion } = session;
  const exit = await session.close();
  const version = agentVersion ?? 'unknown';
  const can = [
    `resume: ${capabilities.resume}`,
    ...(capabilities.steer ? ['can be steered'] : []),
    ...(capabilities.usage ? ['reports usage'] : []),
  ].join(', ');
  return [
    good('start', `speaks ACP, answered after ${tookMs} ms`),
    profile.verified === null || profile.verified === version
      ? good('version', version)
      : note('version', `${version}; conduxt was tested with ${profile.verified}`, null),
    good('abilities', can),
    exit.left.length === 0
      ? good('end', 'left nothing behind')
      : bad('end', `these processes could not be ended: ${exit.left.join(', ')}`, 'End them by hand.'),
  ];
}

async function openSpec(
  context: VerbContext,
  profile: AgentProfile,
  launch: AgentLaunch,
  cwd: string,
): Promise<OpenSpec> {
  // What an agent writes outside of its directory is its own affair; the bundled one's goes with it.
  const bundled = launch.env['CONDUXT_REHEARSAL_STATE'] === undefined ? {} : { CONDUXT_REHEARSAL_STATE: cwd };
  const secrets = launch.envFile === null ? {} : await readEnvFile(launch.envFile);
  return {
    sessionId: newSessionId(),
    cwd,
    command: launch.command,
    args: launch.args,
    env: agentEnvironment({
      processEnv: context.io.env,
      profile,
      extra: { ...launch.env, ...bundled, ...secrets },
      cwd,
    }),
    resume: null,
    startTimeoutMs: 60_000,
    firstSignTimeoutMs: 60_000,
    turnTimeoutMs: 60_000,
    cancelTimeoutMs: 10_000,
    silenceWarnMs: 60_000,
    closePatienceMs: profile.acp?.closePatienceMs ?? 8_000,
    termPatienceMs: 5_000,
    preferredOptionIds: [],
  };
}
