import { askingMode } from '../agents/asking-mode.ts';
import { agentEnvironment } from '../agents/environment.ts';
import { profileFor } from '../agents/profiles.ts';
import { headlessFor } from '../agents/headless/profiles.ts';
import { terminalFor } from '../agents/terminal/profiles.ts';
import { acpBackend } from '../backend/acp/acp-backend.ts';
import type { Backend, OpenSpec } from '../backend/backend.ts';
import { headlessBackend } from '../backend/headless/headless-backend.ts';
import { terminalBackend } from '../backend/terminal/terminal-backend.ts';
import { guardFacts } from '../guard/session-facts.ts';
import { withTrustedPath } from '../process/find-program.ts';
import { kindOf, type AgentLaunch } from '../session/record.ts';
import type { BackendName } from '../session/words.ts';
import { TmuxServer } from '../tmux/server.ts';
import type { HostContext } from './context.ts';
import { sandboxOf } from './sandbox.ts';

export interface AgentBackend {
  readonly backend: Backend;
  readonly spec: Omit<OpenSpec, 'resume'>;
}

/** How this session's agent is talked to and started. @param secrets from the agent's `envFile`. */
export function agentBackend(
  context: HostContext,
  name: BackendName,
  secrets: Readonly<Record<string, string>>,
): AgentBackend {
  const { record } = context;
  if (name === 'acp') return { backend: acpBackend, spec: openSpec(context, record.agent, secrets) };
  const hookFacts = {
    guard: guardFacts(record, context.env['HOME']),
    rules: record.permissionRules ?? [],
    mode: record.permissions,
  };
  if (name === 'headless') {
    const { agent, permissions } = record;
    const profile = headlessFor(kindOf(agent));
    const runRoot = context.paths.run;
    const backend = headlessBackend({ runRoot, profile, permissions, agentVersion: agent.version, hookFacts });
    return { backend, spec: openSpec(context, agent, secrets) };
  }
  const { launch, sessionName } = record.terminal ?? { launch: record.agent, sessionName: `oc-${record.name}` };
  const backend = terminalBackend({
    server: new TmuxServer(context.home, withTrustedPath(context.env, record.cwd)),
    env: context.env,
    runRoot: context.paths.run,
    sessionName,
    profile: terminalFor(kindOf(launch)),
    permissions: record.permissions,
    agentVersion: launch.version,
    hookFacts,
  });
  return { backend, spec: openSpec(context, launch, secrets) };
}

function openSpec(
  context: HostContext,
  launch: AgentLaunch,
  secrets: Readonly<Record<string, string>>,
): Omit<OpenSpec, 'resume'> {
  const { record, env } = context;
  const profile = profileFor(kindOf(launch));
  const mode = askingMode(profile, record.permissions);
  const argv: readonly [string, ...string[]] = [launch.command, ...launch.args];
  // Both backends add their own arguments behind these.
  const [command, ...args] = sandboxOf(context)?.(argv, record.cwd) ?? argv;
  return {
    sessionId: record.id,
    cwd: record.cwd,
    command,
    args,
    ...(launch.choices === undefined ? {} : { choices: launch.choices }),
    env: agentEnvironment({
      processEnv: env,
      profile,
      extra: { ...launch.env, ...secrets, ...lockVariable(record) },
      cwd: record.cwd,
    }),
    ...(mode === undefined ? {} : { askingMode: mode }),
    ...(profile.acp?.resume === 'none' ? { losesSessions: true } : {}),
    ...(profile.acp?.leavesCommands === true ? { leavesCommands: true } : {}),
    startTimeoutMs: record.limits.startTimeoutMs,
    firstSignTimeoutMs: record.limits.firstSignTimeoutMs,
    turnTimeoutMs: record.limits.turnTimeoutMs,
    cancelTimeoutMs: record.limits.cancelTimeoutMs,
    silenceWarnMs: record.limits.silenceWarnMs,
    closePatienceMs: profile.acp?.closePatienceMs ?? 8_000,
    termPatienceMs: 5_000,
    preferredOptionIds: profile.acp?.preferredOptionIds ?? [],
  };
}

/** What the agent's own hooks may need to know: which lock others hold while they work. */
const lockVariable = ({ turnLock }: HostContext['record']): Record<string, string> =>
  turnLock === undefined ? {} : { CONDUXT_LOCK: turnLock.file };
