import { readFile, stat } from 'node:fs/promises';
import { ConduxtError, ioError, messageOf, notFound, refused, systemCode } from '../errors.ts';
import { DEFAULTS, keysOf, withLayer, type Config } from './config.ts';
import { environmentSettings } from './environment-layer.ts';
import { splitGuarded, type GuardedKeys } from './guarded-keys.ts';
import { findJsonFault } from './json-position.ts';
import type { Places } from './places.ts';
import { configInvalid, problemsOf } from './problem.ts';
import { readConfigFile, type ConfigFile } from './schema.ts';
import { isTrusted } from './trust.ts';

export interface LoadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly places: Places;
  /** `conduxt.json` as it stands in the base commit; null when there is none. */
  readonly repoConfigText: string | null;
  /** What messages call it: `conduxt.json (main)`. */
  readonly repoConfigLabel: string;
  /** The folder name under `repos/`; null outside of a repository. */
  readonly repoKey: string | null;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Which file or variable set which key; keys with their default are not in it. */
  readonly sources: Readonly<Record<string, string>>;
  /** Keys of the repository that are ignored until someone says `conduxt trust`. */
  readonly untrusted: readonly string[];
  /** What `conduxt trust` shows and records: the guarded keys of the repository's file, trusted or not. */
  readonly guarded: Pick<GuardedKeys, 'keys' | 'hash' | 'values'>;
}

const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * Reads every layer: defaults, the user's file, the repository's file, the environment. Flags are the caller's.
 * @throws `config-invalid` (exit 2), `config-missing` (exit 4), `config-unreadable` (exit 74), `config-unsafe` (exit 6).
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { env, places, repoConfigText, repoConfigLabel } = options;
  const userText = await readUserConfig(places.userConfigFile, (env['CONDUXT_CONFIG'] ?? '') !== '');
  const user = userText === null ? {} : parseConfig(userText, places.userConfigFile);
  const guarded = splitGuarded(
    repoConfigText === null ? {} : parseConfig(repoConfigText, repoConfigLabel),
    user.permissions,
  );
  const trusted = await repositoryIsTrusted(options, guarded);
  const own = trusted && repoConfigText !== null ? parseConfig(repoConfigText, repoConfigLabel) : guarded.harmless;
  const repo = withoutLooserBudget(own, user);

  const layers: readonly { readonly label: string; readonly layer: ConfigFile }[] = [
    { label: places.userConfigFile, layer: user },
    { label: repoConfigLabel, layer: repo },
    ...environmentSettings(env).map(({ variable, layer }) => ({ label: variable, layer })),
  ];
  return {
    config: layers.reduce((config, { layer }) => withLayer(config, layer), DEFAULTS),
    sources: Object.fromEntries(layers.flatMap(({ label, layer }) => keysOf(layer).map((key) => [key, label]))),
    untrusted: trusted ? [] : guarded.keys,
    guarded: { keys: guarded.keys, hash: guarded.hash, values: guarded.values },
  };
}

/** A repository may ask for less than its user allows, never for more. */
function withoutLooserBudget(repo: ConfigFile, user: ConfigFile): ConfigFile {
  const { maxTokens, maxCost, ...rest } = repo;
  return {
    ...rest,
    ...(maxTokens === undefined || maxTokens > (user.maxTokens ?? Infinity) ? {} : { maxTokens }),
    ...(maxCost === undefined || maxCost > (user.maxCost ?? Infinity) ? {} : { maxCost }),
  };
}

async function repositoryIsTrusted({ places, repoKey }: LoadOptions, { hash }: GuardedKeys): Promise<boolean> {
  if (hash === null) return true;
  return repoKey !== null && isTrusted(places, repoKey, hash);
}

/** Parses one configuration document. @throws `config-invalid`, naming `label`, the key and what is allowed. */
export function parseConfig(text: string, label: string): ConfigFile {
  // Windows editors begin a file with a byte order mark.
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  const document = parseJson(json, label);
  const parsed = readConfigFile(document);
  if (parsed.success) return parsed.data;
  throw configInvalid(label, problemsOf(parsed.error, document));
}

function parseJson(text: string, label: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The place is found by ourselves: the engine's message has none for some faults.
    const { line, column, what } = findJsonFault(text);
    throw configInvalid(label, [{ key: '', what: `not valid JSON at line ${line}, column ${column}: ${what}` }]);
  }
}

/** Null when there is none, which is an error only for a file that was asked for. */
async function readUserConfig(file: string, isNamed: boolean): Promise<string | null> {
  try {
    const facts = await stat(file);
    if (facts.size > MAX_CONFIG_BYTES) {
      throw configInvalid(file, [{ key: '', what: `it has ${facts.size} bytes; ${MAX_CONFIG_BYTES} are allowed` }]);
    }
    // Its settings run commands as this user.
    if ((facts.mode & 0o002) !== 0) {
      throw refused('config-unsafe', `${file} can be changed by every user of this machine, so it is not read.`, {
        remedy: `Run: chmod o-w ${file}`,
      });
    }
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof ConduxtError) throw error;
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      if (!isNamed) return null;
      throw notFound('config-missing', `CONDUXT_CONFIG names ${file}, which does not exist.`, {
        remedy: 'Create the file, or unset CONDUXT_CONFIG.',
      });
    }
    throw ioError('config-unreadable', `${file} could not be read: ${messageOf(error)}.`, {
      remedy: 'Check its owner and permissions.',
      cause: error,
    });
  }
}
