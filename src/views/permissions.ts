import { ruleText, type PermissionRule } from '../session/permission-rule.ts';
import type { SessionRecord } from '../session/record.ts';
import type { PermissionMode } from '../session/words.ts';
import { oneLine } from '../text/sanitize.ts';

/** What an agent may do unasked, for programs. */
export interface PermissionsJson {
  readonly mode: PermissionMode;
  readonly reason: string;
  readonly rules: readonly PermissionRule[];
}

export const permissionsJson = ({
  permissions,
  permissionsReason,
  permissionRules,
}: Pick<SessionRecord, 'permissions' | 'permissionsReason' | 'permissionRules'>): PermissionsJson => ({
  mode: permissions,
  reason: permissionsReason,
  rules: permissionRules ?? [],
});

/** On one line: `deny edit .env; ask git push*`. */
export const rulesText = (rules: readonly PermissionRule[]): string => oneLine(rules.map(ruleText).join('; '), 300);
