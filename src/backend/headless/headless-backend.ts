import path from 'node:path';
import type { HeadlessProfile } from '../../agents/headless/profile.ts';
import { permissionSettings } from '../../agents/headless/permission-mode.ts';
import { systemClock } from '../../clock.ts';
import { unavailable } from '../../errors.ts';
import type { HookFacts } from '../../permission/pre-tool-use.ts';
import type { PermissionMode } from '../../session/words.ts';
import { makeRunDirectory, replaceJson } from '../../tmux/run-directory.ts';
import { AgentProcess } from '../acp/agent-process.ts';
import type { AgentListener, AgentSession, Backend, OpenSpec } from '../backend.ts';
import { headlessArguments } from './arguments.ts';
import { HeadlessSession } from './headless-session.ts';

/** How one session's agent is run without a terminal. */
export interface HeadlessPlace {
  /** The directory of the session's runs. */
  readonly runRoot: string;
  readonly profile: HeadlessProfile;
  readonly permissions: PermissionMode;
  readonly agentVersion: string | null;
  /** What the agent's hook before a tool decides by; null: it only tells. */
  readonly hookFacts: HookFacts | null;
}

/** Agents in their non-interactive mode: a process for each prompt, ended with its host. */
export function headlessBackend(place: HeadlessPlace): Backend {
  return { name: 'headless', open: (spec, listener) => open(place, spec, listener) };
}

/** Starts the process that takes the next prompt. Until then it waits at its stdin, and has done nothing. */
async function open(place: HeadlessPlace, spec: OpenSpec, listener: AgentListener): Promise<AgentSession> {
  const { profile, agentVersion: version } = place;
  const permissions = permissionSettings('the agent', place.permissions, profile);
  const { resume } = spec;
  if (resume !== null && (profile.resumeArgs === null || resume.startsWith('-'))) {
    throw unavailable('agent-session-lost', 'this agent cannot take a conversation up again');
  }
  const run = makeRunDirectory(place.runRoot, 'headless');
  const args = headlessArguments({ profile, own: spec.args, cwd: spec.cwd, permissions, run, version, resume });
  if (place.hookFacts !== null) replaceJson(path.join(run.dir, 'guard.json'), place.hookFacts);
  const env = {
    ...spec.env,
    ...permissions.env,
    CONDUXT_CALLBACK: run.callback,
    CONDUXT_PHASE: run.phase,
  };
  const agent = await AgentProcess.start({ ...spec, args, env }, (notice) => listener.notice(notice), systemClock);
  return new HeadlessSession({
    agent,
    profile,
    run,
    spec,
    listener,
    agentVersion: version,
    clock: systemClock,
  });
}
