import path from 'node:path';
import type { NotifyTarget, SessionHooks, SessionLimits, SessionRecord } from '../session/record.ts';
import type { OnCrash } from '../session/words.ts';
import type { Config } from './config.ts';

/** `--max-tokens`, `--max-cost`, as commander hands them over. */
export interface BudgetFlags {
  readonly maxTokens?: number | undefined;
  readonly maxCost?: number | undefined;
}

/** What a session record takes from the configuration. */
export function sessionLimits(
  config: Config,
  agent: string,
  taskTimeoutMs: number | null,
  flags: BudgetFlags = {},
): SessionLimits {
  const { timeouts, slots } = config;
  const maxTokens = flags.maxTokens ?? config.maxTokens;
  const maxCost = flags.maxCost ?? config.maxCost;
  return {
    startTimeoutMs: timeouts.startSeconds * 1000,
    firstSignTimeoutMs: timeouts.firstSignSeconds * 1000,
    turnTimeoutMs: timeouts.turnSeconds * 1000,
    cancelTimeoutMs: timeouts.cancelSeconds * 1000,
    silenceWarnMs: timeouts.silenceWarnSeconds * 1000,
    reminderPauseMs: timeouts.reminderPauseSeconds * 1000,
    permissionTimeoutMs: timeouts.permissionSeconds * 1000,
    decisionTimeoutMs: timeouts.decisionSeconds * 1000,
    hostIdleMs: config.hostIdleSeconds * 1000,
    taskTimeoutMs,
    ...(maxTokens === null ? {} : { maxTokens }),
    ...(maxCost === null ? {} : { maxCost }),
    slotsPerUser: slots.perUser,
    slotsPerAgent: slots.agents[agent] ?? slots.perAgent,
  };
}

/** Marker paths are resolved: `~/` from the home directory, others from the repository. */
export function notifyTargets(config: Config, repoRoot: string, homedir: string): NotifyTarget[] {
  return config.notify.map((entry): NotifyTarget => {
    if (entry === 'desktop' || entry === 'openclaw') return { type: entry };
    if ('command' in entry) return { type: 'command', argv: entry.command };
    return { type: 'marker', path: resolvePath(entry.marker, repoRoot, homedir) };
  });
}

/** Of the session's record; absent: what its kind does by itself. */
export function onCrashField(flag: OnCrash | undefined, config: Config): { readonly onCrash?: OnCrash } {
  const onCrash = flag ?? config.onCrash;
  return onCrash === null ? {} : { onCrash };
}

/** What runs outside the agent. `repoRoot` null: a session without a repository keeps no memory. */
export function sessionHooks(config: Config, repoRoot: string | null, homedir: string): SessionHooks {
  const inRepository = typeof config.memory === 'string' && repoRoot !== null;
  return {
    notify: notifyTargets(config, repoRoot ?? homedir, homedir),
    memoryFile: inRepository ? path.join(repoRoot, String(config.memory)) : null,
    ...(config.memory === false ? { memoryOff: true } : {}),
  };
}

/** The file of the lock that agents share. @param home the state directory. */
export const lockFile = ({ lock }: Config, home: string, homedir: string): string =>
  lock.file === null ? path.join(home, 'agent.lock') : resolvePath(lock.file, home, homedir);

/** What a session of `agent` holds around its turns: nothing, unless it is asked for. */
export function turnLockFields(
  config: Config,
  agent: string,
  { home, homedir }: { readonly home: string; readonly homedir: string },
): Pick<SessionRecord, 'turnLock'> {
  const { turns, waitSeconds } = config.lock;
  const isWanted = typeof turns === 'boolean' ? turns : turns.includes(agent);
  return isWanted ? { turnLock: { file: lockFile(config, home, homedir), waitMs: waitSeconds * 1000 } } : {};
}

/** Absolute. Null when the default place beside the main checkout is to be used. */
export const worktreeRoot = (config: Config, repoRoot: string, homedir: string): string | null =>
  config.worktreeRoot === null ? null : resolvePath(config.worktreeRoot, repoRoot, homedir);

const resolvePath = (text: string, from: string, homedir: string): string =>
  text.startsWith('~/') ? path.join(homedir, text.slice(2)) : path.resolve(from, text);
