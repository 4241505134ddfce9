import type { PermissionMode } from '../session/words.ts';
import type { AgentProfile } from './profile.ts';

/**
 * The agent's own mode in which conduxt's permissions decide, as its profile knows it; undefined: it needs none. Where
 * nothing is to be changed unasked, the one that asks before every change.
 */
export function askingMode({ acp }: AgentProfile, permissions: PermissionMode): string | undefined {
  switch (permissions) {
    case 'approve-all':
    case 'ask':
      return acp?.askingModes?.working;
    case 'approve-reads':
    case 'deny-all':
      return acp?.askingModes?.reading;
  }
}
