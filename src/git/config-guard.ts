import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { refused, systemCode, type ConduxtError } from '../errors.ts';
import { oneLine } from '../text/sanitize.ts';
import type { Git } from './git.ts';

/**
 * Everything in a repository's configuration that could make *our* git start a program or talk to another place.
 * An agent may write all of it. Taken before the agent runs and compared before git is used on its work: on a
 * difference, our git does not run (filters would run on `status` and `add` even with every override, measured).
 * Plain data; values are hashed, because some of them are tokens.
 */
export interface ConfigSnapshot {
  /** Real paths: a worktree whose `.git` file was changed belongs to another repository. */
  readonly gitDir: string;
  readonly commonDir: string;
  /** `scope key` to the hash of all its values, in order. */
  readonly settings: Readonly<Record<string, string>>;
  /** Hooks and attribute files, relative to the common directory, to the hash of their content. */
  readonly files: Readonly<Record<string, string>>;
}

/** Reads only; starts no program but git, and none of these git commands starts one. */
export async function snapshotConfig(git: Git): Promise<ConfigSnapshot> {
  const { stdout } = await git.run(['rev-parse', '--git-dir', '--git-common-dir']);
  const [gitDir = '', commonDir = ''] = stdout.split('\n').map((line) => resolve(git.cwd, line));
  const listing = await git.run(['config', '--list', '-z', '--show-scope', '--includes']);
  return {
    gitDir: await realpath(gitDir),
    commonDir: await realpath(commonDir),
    settings: executingSettings(listing.stdout),
    files: await executingFiles(await realpath(commonDir)),
  };
}

/** One sentence per change, for people; empty when nothing that executes has changed. */
export function compareConfig(before: ConfigSnapshot, after: ConfigSnapshot): string[] {
  const moved =
    before.gitDir === after.gitDir && before.commonDir === after.commonDir
      ? []
      : [`the worktree now belongs to another repository: ${oneLine(after.gitDir, 200)}`];
  return [
    ...moved,
    ...differences(before.settings, after.settings).map((text) => `git setting ${text}`),
    ...differences(before.files, after.files).map((text) => `file ${text}`),
  ];
}

/** The refusal to run git on a repository whose executing configuration changed (exit 6). */
export const configChanged = (changes: readonly string[]): ConduxtError =>
  refused('git-config-changed', `Git's configuration was changed while the agent worked: ${changes.join('; ')}.`, {
    remedy: 'Look at the change (git config --list --show-origin), undo it or approve it, then go on.',
    facts: { changes },
  });

function differences(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return names.flatMap((name) => {
    const shown = oneLine(name, 120);
    if (!Object.hasOwn(before, name)) return [`${shown} was added`];
    if (!Object.hasOwn(after, name)) return [`${shown} was removed`];
    return before[name] === after[name] ? [] : [`${shown} was changed`];
  });
}

/** Keys that start a program, aim git at another place, or bring in more configuration. */
const EXECUTING = [
  /^core\.(sshcommand|hookspath|fsmonitor|editor|pager|askpass|attributesfile|gitproxy|worktree|alternaterefscommand)$/,
  /^(filter|alias|include|includeif|credential|remote|url|gpg|pager|lfs|trailer|protocol|extensions)\./,
  /^diff\.(external|.*\.(textconv|command|trustexitcode))$/,
  /^merge\..*\.driver$/,
  /^(diff|merge|gui)tool\./,
  /^http\.(.*\.)?(proxy|sslverify|sslcainfo|sslcapath|extraheader|cookiefile|curloptresolve)$/,
  /^submodule\..*\.(update|url)$/,
  /^(sequence\.editor|interactive\.difffilter|uploadpack\.packobjectshook|init\.templatedir|ssh\.variant)$/,
  /^(sendemail|browser|man|tar|instaweb|web|gui|difftool|mergetool)\./,
];
/** gh notes here which remote it means; it changes nothing for git. */
const HARMLESS = /^remote\..*\.gh-resolved$/;

/** Whether a key, as git lists it (lowercase but for the middle part), can make git start or reach something. */
export const isExecutingKey = (key: string): boolean => {
  const lower = key.toLowerCase();
  return !HARMLESS.test(lower) && EXECUTING.some((pattern) => pattern.test(lower));
};

/** `scope\0key\nvalue\0…`; a key without `=` has no line end. Our own `-c` settings have the scope `command`. */
export function executingSettings(text: string): Record<string, string> {
  const values = new Map<string, string[]>();
  const fields = text.split('\0');
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const scope = fields[at] ?? '';
    const setting = fields[at + 1] ?? '';
    const end = setting.indexOf('\n');
    const key = end < 0 ? setting : setting.slice(0, end);
    if (scope === 'command' || !isExecutingKey(key)) continue;
    const name = `${key} (${scope})`;
    values.set(name, [...(values.get(name) ?? []), end < 0 ? '' : setting.slice(end + 1)]);
  }
  return Object.fromEntries([...values].map(([name, list]) => [name, hash(list.join('\0'))]));
}

async function executingFiles(commonDir: string): Promise<Record<string, string>> {
  const hooks = (await namesIn(join(commonDir, 'hooks'))).filter((name) => !name.endsWith('.sample'));
  const candidates = [
    ...hooks.map((name) => `hooks/${name}`),
    'info/attributes',
    'info/grafts',
    'objects/info/alternates',
  ];
  const found: Record<string, string> = {};
  for (const path of candidates) {
    const content = await contentHash(join(commonDir, path));
    if (content !== null) found[path] = content;
  }
  return found;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** Hooks are small scripts; of a larger program its size and time have to do. */
const MAX_HASHED_BYTES = 4 * 1024 * 1024;

async function contentHash(path: string): Promise<string | null> {
  try {
    const info = await stat(path);
    if (!info.isFile()) return `not a file, mode ${info.mode.toString(8)}`;
    const content = info.size > MAX_HASHED_BYTES ? `${info.size} ${info.mtimeMs}` : await readFile(path);
    return `${hash(content)} ${info.mode.toString(8)}`;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
    return `unreadable: ${systemCode(error) ?? 'unknown'}`;
  }
}

const hash = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex').slice(0, 32);
