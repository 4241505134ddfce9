import { refused } from '../../errors.ts';
import type { PermissionMode } from '../../session/words.ts';
import type { HeadlessProfile, PermissionSettings } from './profile.ts';

/**
 * What holds the agent to that mode.
 * @param title the agent, as people call it
 * @throws `mode-not-headless` (exit 6): nothing would hold it to the mode, or somebody would have to be asked.
 */
export function permissionSettings(title: string, mode: PermissionMode, profile: HeadlessProfile): PermissionSettings {
  const settings = profile.permissions[mode];
  if (settings !== undefined) return settings;
  const possible = Object.keys(profile.permissions);
  const why = mode === 'ask' ? 'there is no way for it to ask' : 'nothing would hold it to that';
  throw refused('mode-not-headless', `${title} cannot run headless under the permission mode ${mode}: ${why}.`, {
    remedy: `Use --permissions ${possible.join(' or ')}, or another backend: --backend acp, --backend tmux.`,
    facts: { mode, possible },
  });
}
