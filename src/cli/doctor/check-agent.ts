import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { knownProfile } from '../../agents/choose.ts';
import { isUnverified } from '../../agents/unverified-profiles.ts';
import { profilesWith } from '../../agents/profiles.ts';
import type { AgentProfile } from '../../agents/profile.ts';
import { acpBackend } from '../../backend/acp/acp-backend.ts';
import type { AgentListener, OpenSpec } from '../../backend/backend.ts';
import { monotonicMs } from '../../clock.ts';
import { ConduxtError } from '../../errors.ts';
import type { AgentLaunch } from '../../session/record.ts';
import type { VerbContext } from '../context.ts';
import { findHeadlessIn, findIn, findTerminalIn, launchFor } from '../run/launch-agent.ts';
import { sessionPlace } from '../session-plan.ts';
import { agentSpec } from './agent-spec.ts';
import { checkHeadless } from './check-headless.ts';
import { checkTerminal } from './check-terminal.ts';
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
  const others = [
    ...(await checkTerminal(context, place, profile)),
    ...(await checkHeadless(context, place, profile)),
    ...(isUnverified(profile)
      ? [note('agent', 'unverified: this profile comes from its manual, nobody ran it here', null)]
      : []),
  ];
  if (profile.acp === null && loaded.config.agents[name]?.acp === undefined) return others;
  // Found only as a program of another way: then that is what there is to say.
  const over = await findIn(context, place, profile);
  if (over.state === 'missing' && others.some(({ state }) => state !== 'note')) {
    return [...others, note('agent', `${profile.title} over ACP: ${over.reason}`, over.install)];
  }
  const { launch, warnings } = await launchFor(context, place, name, 'acp');
  const found = [
    ...others,
    good('agent', `${profile.title}: ${[launch.command, ...launch.args].join(' ')}`),
    ...warnings.map((text) => note('agent', text, null)),
    ...profile.knownFaults.map((fault) => note('known fault', `${fault.seenIn}: ${fault.what}`, null)),
  ];
  const directory = await mkdtemp(path.join(os.tmpdir(), 'conduxt-doctor-'));
  try {
    return [...found, ...(await greet(await agentSpec(context, profile, launch, directory), profile))];
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    return [...found, bad('start', error.message, error.remedy ?? profile.install)];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Starts every agent that is installed, one after the other, over ACP and headless, in one line each. */
export async function checkFoundAgents(context: VerbContext): Promise<Check[]> {
  const { loaded, cwd, ref } = await sessionPlace(context, 'optional');
  const place = { config: loaded.config, cwd, repoRoot: ref?.root ?? null };
  const checks: Check[] = [];
  for (const profile of profilesWith(loaded.config.agents)) {
    // The scripted agent says nothing about this machine; conduxt rehearse tries it.
    if (profile.name === 'rehearsal') continue;
    const found = await findIn(context, place, profile);
    if (found.state === 'found') checks.push(await greetInOneLine(context, profile, found.launch));
    // What is not there is no news: conduxt agents --all says how to get it.
    const named = (check: Check): Check => ({ ...check, name: `${check.name} ${profile.name}` });
    if ((await findTerminalIn(context, place, profile)).state === 'found')
      checks.push(...(await checkTerminal(context, place, profile)).map(named));
    if ((await findHeadlessIn(context, place, profile)).state === 'found')
      checks.push(...(await checkHeadless(context, place, profile)).map(named).map(asNote));
  }
  return checks;
}

/** One of several that does not start is no reason to call the machine bad; a process that is left is. */
const asNote = (check: Check): Check =>
  check.state === 'bad' && !check.text.startsWith('these processes') ? { ...check, state: 'note' } : check;

async function greetInOneLine(context: VerbContext, profile: AgentProfile, launch: AgentLaunch): Promise<Check> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'conduxt-doctor-'));
  const name = `agent ${profile.name}`;
  try {
    const said = await greet(await agentSpec(context, profile, launch, directory), profile);
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

async function greet(spec: OpenSpec, profile: AgentProfile): Promise<Check[]> {
  const started = monotonicMs();
  const session = await acpBackend.open(spec, listener);
  const tookMs = Math.round(monotonicMs() - started);
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
