import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { HEADLESS, headlessFor } from '../../agents/headless/profiles.ts';
import type { HeadlessProfile } from '../../agents/headless/profile.ts';
import type { AgentProfile } from '../../agents/profile.ts';
import { headlessBackend } from '../../backend/headless/headless-backend.ts';
import type { AgentExit, AgentListener, OpenSpec } from '../../backend/backend.ts';
import { ConduxtError } from '../../errors.ts';
import { kindOf } from '../../session/record.ts';
import type { PermissionMode } from '../../session/words.ts';
import { oneLine } from '../../text/sanitize.ts';
import type { VerbContext } from '../context.ts';
import { findHeadlessIn, type AgentPlace } from '../run/launch-agent.ts';
import { agentSpec } from './agent-spec.ts';
import { bad, good, note, type Check } from './check.ts';

/** A program that refuses its arguments has said so by then; one that is fine waits for its prompt for ever. */
const WAITS_FOR_MS = 3000;

const listener: AgentListener = {
  update: () => {},
  accepted: () => {},
  permission: async () => ({ type: 'reject' }),
  notice: () => {},
};

/**
 * Starts the agent's headless mode, sees that it waits for a prompt, and ends it without one: nothing is sent to a model,
 * no process is left. Nothing is said about an agent that is not known to have one.
 */
export async function checkHeadless(context: VerbContext, place: AgentPlace, profile: AgentProfile): Promise<Check[]> {
  const found = await findHeadlessIn(context, place, profile);
  if (found.state === 'missing') {
    const isKnown = HEADLESS[kindOf(profile)] !== undefined;
    return isKnown ? [note('headless', `${profile.title}: ${found.reason}`, found.install)] : [];
  }
  const headless = headlessFor(kindOf(profile));
  const { command, args } = found.launch;
  const words = [command, ...args, ...headless.args].join(' ');
  const directory = await mkdtemp(path.join(os.tmpdir(), 'conduxt-doctor-'));
  try {
    const exit = await startAndEnd(await agentSpec(context, profile, found.launch, directory), headless);
    if (exit.left.length > 0) {
      return [bad('headless', `these processes could not be ended: ${exit.left.join(', ')}`, 'End them by hand.')];
    }
    if (exit.waited) {
      const can = abilities(headless);
      return [good('headless', `${profile.title}: waits for a prompt, left nothing behind; ${can} (${words})`)];
    }
    const said = oneLine(exit.stderrTail, 200);
    const how = `ended before it had a prompt (${exit.signal ?? `exit code ${exit.exitCode ?? 'unknown'}`})`;
    return [
      bad(
        'headless',
        `${profile.title} ${how}${said === '' ? '' : `: ${said}`} (${words})`,
        'Run it by hand and see what it says.',
      ),
    ];
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    return [bad('headless', error.message, error.remedy ?? profile.install)];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function startAndEnd(
  spec: OpenSpec,
  profile: HeadlessProfile,
): Promise<AgentExit & { readonly waited: boolean }> {
  const [permissions = 'approve-all'] = modesOf(profile).toReversed();
  const place = { runRoot: spec.cwd, profile, permissions, agentVersion: null, hookFacts: null };
  const session = await headlessBackend(place).open(spec, listener);
  let stop = (): void => {};
  const patience = new Promise<'waits'>((resolve) => {
    const timer = setTimeout(() => resolve('waits'), WAITS_FOR_MS);
    stop = () => clearTimeout(timer);
  });
  const first = await Promise.race([patience, session.exited]);
  stop();
  const exit = await session.close();
  return { ...exit, waited: first === 'waits' };
}

/** From the freest to the strictest. */
const modesOf = ({ permissions }: HeadlessProfile): readonly PermissionMode[] =>
  (['approve-all', 'approve-reads', 'deny-all'] as const).filter((mode) => permissions[mode] !== undefined);

const abilities = (profile: HeadlessProfile): string =>
  [
    profile.resumeArgs === null ? 'a new conversation each time' : 'resumes its conversations',
    ...(profile.hooks === null ? [] : ['asks the guard before a tool']),
    modesOf(profile).join(', '),
  ].join('; ');
