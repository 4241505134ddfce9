import type { HeadlessProfile, PermissionSettings } from '../../agents/headless/profile.ts';
import type { RunDirectory } from '../../tmux/run-directory.ts';
import { hookArguments } from '../terminal/agent-arguments.ts';

export interface HeadlessStart {
  readonly profile: HeadlessProfile;
  /** The arguments that the agent was configured with. */
  readonly own: readonly string[];
  readonly cwd: string;
  readonly permissions: PermissionSettings;
  readonly run: RunDirectory;
  /** Of the agent's program; null: not known. */
  readonly version: string | null;
  /** The conversation to go on with; null: a new one. */
  readonly resume: string | null;
}

/**
 * What the agent is started with. The prompt is not among it: it goes to stdin. As `hookArguments`, it writes into the
 * run directory.
 */
export function headlessArguments(start: HeadlessStart): readonly string[] {
  const { profile, own, cwd, permissions, run, version, resume } = start;
  const hooked = hookArguments(profile.hooks, own, { cwd, run, version });
  return [
    ...hooked.own,
    ...profile.args,
    ...(permissions.args ?? []),
    ...hooked.added,
    ...(resume === null ? [] : (profile.resumeArgs ?? []).map((word) => word.replace('{id}', () => resume))),
    ...profile.lastArgs,
  ];
}
