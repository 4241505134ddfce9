import type { Config } from '../../config/config.ts';
import type { TaskTrust } from '../../intake/gather.ts';
import type { SessionRecord } from '../../session/record.ts';
import type { PermissionMode } from '../../session/words.ts';

export interface ChosenPermissions {
  readonly mode: PermissionMode;
  /** One clause. */
  readonly reason: string;
}

/**
 * What the agent may do unasked. Only a flag lets a stranger's words run under `approve-all`: a
 * configuration was written without knowing whose they would be.
 */
export function choosePermissions(
  flag: PermissionMode | undefined,
  config: Pick<Config, 'permissions'>,
  task: { readonly trust: TaskTrust; readonly trustReason: string },
): ChosenPermissions {
  if (flag !== undefined) return { mode: flag, reason: 'as you said' };
  const configured = config.permissions;
  if (task.trust === 'untrusted' && (configured === null || configured === 'approve-all')) {
    return { mode: 'ask', reason: task.trustReason };
  }
  if (configured !== null) return { mode: configured, reason: 'from the configuration' };
  return { mode: 'approve-all', reason: task.trustReason };
}

/**
 * The user's rules, as they go into the record. Rules that allow were written without knowing whose words would run under
 * them, so for a stranger's only those that refuse or ask count, unless a flag says what the agent may do.
 */
export function chooseRules(
  flag: PermissionMode | undefined,
  config: Pick<Config, 'permissionRules'>,
  { trust }: { readonly trust: TaskTrust },
): Pick<SessionRecord, 'permissionRules'> {
  const allowsToo = trust !== 'untrusted' || flag !== undefined;
  const rules = config.permissionRules.filter((rule) => allowsToo || rule.action !== 'allow');
  return rules.length === 0 ? {} : { permissionRules: rules };
}
