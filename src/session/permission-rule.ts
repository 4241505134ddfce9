export const permissionActions = ['allow', 'deny', 'ask'] as const;
export type PermissionAction = (typeof permissionActions)[number];

/** One rule of `permissions.rules`. Every field that is given has to fit; at least one of the first three is. */
export interface PermissionRule {
  /** An ACP tool kind (`edit`, `execute`, …) or the agent's own name of a tool, with `*`. */
  readonly tool?: string | undefined;
  /** A pattern: relative to the worktree, absolute, or beginning with `~/`. */
  readonly path?: string | undefined;
  /** A pattern on one command of the line, `*` for anything. */
  readonly command?: string | undefined;
  readonly action: PermissionAction;
}

/** `deny edit .env`, as people read it. */
export const ruleText = ({ action, tool, path, command }: PermissionRule): string =>
  [action, ...[tool, path, command].filter((part) => part !== undefined)].join(' ');
