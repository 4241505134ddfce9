import { agentEnvironment } from '../../agents/environment.ts';
import { readEnvFile } from '../../agents/env-file.ts';
import type { AgentProfile } from '../../agents/profile.ts';
import type { OpenSpec } from '../../backend/backend.ts';
import { newSessionId } from '../../session/ids.ts';
import type { AgentLaunch } from '../../session/record.ts';
import type { VerbContext } from '../context.ts';

/** How an agent is started to be looked at, in an empty directory. */
export async function agentSpec(
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
