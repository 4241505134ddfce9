import { configInvalid, problemsOf } from './problem.ts';
import { readConfigFile, type ConfigFile } from './schema.ts';

type Kind = 'text' | 'number' | 'amount' | 'flag' | 'text-or-false';

/** Settings that can be given as environment variables, for cron jobs and other programs. */
export const ENVIRONMENT_KEYS: Readonly<Record<string, readonly [key: string, kind: Kind]>> = {
  CONDUXT_AGENT: ['agent', 'text'],
  CONDUXT_MODEL: ['model', 'text'],
  CONDUXT_MODE: ['mode', 'text'],
  CONDUXT_EFFORT: ['effort', 'text'],
  CONDUXT_BACKEND: ['backend', 'text'],
  CONDUXT_PERMISSIONS: ['permissions', 'text'],
  CONDUXT_BASE: ['base', 'text'],
  CONDUXT_WORKTREE_ROOT: ['worktreeRoot', 'text'],
  CONDUXT_VERIFY: ['verify.command', 'text'],
  CONDUXT_VERIFY_TIMEOUT_SECONDS: ['verify.timeoutSeconds', 'number'],
  CONDUXT_VERIFY_FRESH: ['verify.fresh', 'text'],
  CONDUXT_FIX_ROUNDS: ['fixRounds', 'number'],
  CONDUXT_REMINDERS: ['reminders', 'number'],
  CONDUXT_START_SECONDS: ['timeouts.startSeconds', 'number'],
  CONDUXT_FIRST_SIGN_SECONDS: ['timeouts.firstSignSeconds', 'number'],
  CONDUXT_TURN_SECONDS: ['timeouts.turnSeconds', 'number'],
  CONDUXT_CANCEL_SECONDS: ['timeouts.cancelSeconds', 'number'],
  CONDUXT_SILENCE_WARN_SECONDS: ['timeouts.silenceWarnSeconds', 'number'],
  CONDUXT_REMINDER_PAUSE_SECONDS: ['timeouts.reminderPauseSeconds', 'number'],
  CONDUXT_PERMISSION_SECONDS: ['timeouts.permissionSeconds', 'number'],
  CONDUXT_DECISION_SECONDS: ['timeouts.decisionSeconds', 'number'],
  CONDUXT_ON_CRASH: ['onCrash', 'text'],
  CONDUXT_SLOTS_PER_USER: ['slots.perUser', 'number'],
  CONDUXT_SLOTS_PER_AGENT: ['slots.perAgent', 'number'],
  CONDUXT_LOCK: ['lock.file', 'text'],
  CONDUXT_LOCK_TURNS: ['lock.turns', 'flag'],
  CONDUXT_LOCK_WAIT_SECONDS: ['lock.waitSeconds', 'number'],
  CONDUXT_SESSION_PREFIX: ['sessionPrefix', 'text'],
  CONDUXT_HOST_IDLE_SECONDS: ['hostIdleSeconds', 'number'],
  CONDUXT_MAX_TOKENS: ['maxTokens', 'number'],
  CONDUXT_MAX_COST: ['maxCost', 'amount'],
  CONDUXT_SANDBOX: ['sandbox', 'text'],
  CONDUXT_MEMORY: ['memory', 'text-or-false'],
  CONDUXT_REMOTE: ['remote', 'text'],
  CONDUXT_DRAFT: ['draft', 'flag'],
};

/** One variable, parsed. `variable` is its source for messages. */
export interface EnvironmentSetting {
  readonly variable: string;
  readonly layer: ConfigFile;
}

/**
 * The settings of `env`, in a fixed order. An empty variable is as good as none. Strict: what is not a number where
 * one is needed is an error, never a guess.
 * @throws `config-invalid` naming the variable, what it holds and what is allowed.
 */
export function environmentSettings(env: Readonly<Record<string, string | undefined>>): EnvironmentSetting[] {
  return Object.entries(ENVIRONMENT_KEYS).flatMap(([variable, [key, kind]]) => {
    const text = env[variable];
    if (text === undefined || text === '') return [];
    const value = typed(text, kind);
    const document = key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
    const parsed = readConfigFile(document);
    if (parsed.success) return [{ variable, layer: parsed.data }];
    const allowed = parsed.error.issues[0]?.message ?? problemsOf(parsed.error, document)[0]?.what ?? '';
    const problem = {
      key,
      what: `it is ${JSON.stringify(text.slice(0, 60))}, but must be ${allowedText(kind, allowed)}`,
    };
    throw configInvalid(`the environment variable ${variable}`, [problem], `Correct or unset ${variable}.`);
  });
}

/** Text that is not of its kind stays text, so that the schema refuses it with its own words. */
function typed(text: string, kind: Kind): string | number | boolean {
  switch (kind) {
    case 'text':
      return text;
    case 'number':
      return /^\d{1,15}$/.test(text) ? Number(text) : text;
    case 'amount':
      return /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : text;
    case 'flag':
      return text === '1' || text === 'true' ? true : text === '0' || text === 'false' ? false : text;
    case 'text-or-false':
      return text === 'false' ? false : text;
  }
}

const allowedText = (kind: Kind, allowed: string): string => (kind === 'flag' ? '1, 0, true or false' : allowed);
