import { existsSync } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConduxtError, refused, systemCode } from '../errors.ts';
import type { GitConfigSnapshot } from '../session/git-config.ts';
import { oneLine } from '../text/sanitize.ts';
import { sha256 } from '../text/sha256.ts';
import type { Git } from './git.ts';

/**
 * What an agent may write and our git would execute, or be led astray by (`GitConfigSnapshot`). Taken before the agent
 * runs and compared before git is used on its work: on a difference, our git does not run (filters would run on
 * `status` and `add` even with every override, measured). Reads only; starts no program but git, and none of these git
 * commands starts one. A repository that git itself cannot read is told by its `problem`, not by an error.
 */
export async function snapshotConfig(git: Git): Promise<GitConfigSnapshot> {
  try {
    return await readSnapshot(git);
  } catch (error) {
    if (!(error instanceof ConduxtError) || error.code !== 'git-failed') throw error;
    return { gitDir: '', commonDir: '', settings: {}, files: {}, problem: oneLine(error.message, 300) };
  }
}

async function readSnapshot(git: Git): Promise<GitConfigSnapshot> {
  // A turn's end waits for this: both at once.
  const listed = git.run(['config', '--list', '-z', '--show-scope', '--includes']);
  listed.catch(() => {});
  const { stdout } = await git.run(['rev-parse', '--git-dir', '--git-common-dir']);
  const [gitDir = '', commonDir = ''] = await Promise.all(
    stdout
      .split('\n', 2)
      .map((line) => resolve(git.cwd, line))
      .map((path) => realpath(path)),
  );
  const listing = await listed;
  const elsewhere = await elsewhereSettings(git, gitDir, commonDir);
  return {
    gitDir,
    commonDir,
    settings: { ...executingSettings(listing.stdout), ...elsewhere.settings },
    files: { ...(await executingFiles(commonDir)), ...elsewhere.files },
    problem: null,
  };
}

/** As many submodules as are looked into; our git enters none of them, a person's may. */
const MAX_SUBMODULES = 50;

/** What does not count in this worktree and yet for others of the repository: the main checkout, submodules. */
async function elsewhereSettings(
  git: Git,
  gitDir: string,
  commonDir: string,
): Promise<Pick<GitConfigSnapshot, 'settings' | 'files'>> {
  const settings: Record<string, string> = {};
  const files: Record<string, string> = {};
  const read = async (file: string, scope: string): Promise<void> => {
    const listing = await git.run(['config', '--file', file, '--list', '-z', '--includes']);
    // The form of `--show-scope`, which `--file` does not take.
    const scoped = listing.stdout.replaceAll(/(?<=^|\0)(?=[^\0])/g, () => `${scope}\0`);
    Object.assign(settings, executingSettings(scoped));
  };
  const mainConfig = join(commonDir, 'config.worktree');
  if (gitDir !== commonDir && existsSync(mainConfig)) await read(mainConfig, 'main checkout');
  for (const name of (await submodulesIn(commonDir)).slice(0, MAX_SUBMODULES)) {
    await read(join(commonDir, name, 'config'), name);
    for (const [path, content] of Object.entries(await executingFiles(join(commonDir, name))))
      files[`${name}/${path}`] = content;
  }
  return { settings, files };
}

/** Git directories below `modules/`; a submodule's name may have slashes in it. */
async function submodulesIn(commonDir: string, folder = 'modules', depth = 0): Promise<string[]> {
  const found: string[] = [];
  for (const name of await namesIn(join(commonDir, folder))) {
    const path = `${folder}/${name}`;
    if (existsSync(join(commonDir, path, 'config'))) found.push(path);
    else if (depth < 4) found.push(...(await submodulesIn(commonDir, path, depth + 1)));
  }
  return found;
}

/** One sentence per change, for people; empty when nothing that executes has changed. */
export function compareConfig(before: GitConfigSnapshot, after: GitConfigSnapshot): string[] {
  // A git that cannot read the repository executes nothing of it; whoever runs it gets its own error.
  if (after.problem !== null) return [];
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

/** Whether this is the refusal of `configChanged`. */
export const isConfigChanged = (error: unknown): boolean =>
  error instanceof ConduxtError && error.code === 'git-config-changed';

/** Only what all worktrees of a repository have in common: for comparing what two sessions have seen. */
export function sharedConfig(snapshot: GitConfigSnapshot): GitConfigSnapshot {
  const shared = Object.entries(snapshot.settings).filter(([name]) => !/ \((?:worktree|main checkout)\)$/.test(name));
  return { ...snapshot, gitDir: '', settings: Object.fromEntries(shared) };
}

/**
 * The same git, which looks before every call whether it may still run: tests are the agent's own code, and what runs
 * in its background goes on planting. Costs two short calls of git for each.
 * @param check throws `git-config-changed` when it may not.
 */
export function guardGit(git: Git, check: () => Promise<void>): Git {
  const run: Git['run'] = async (args, options) => {
    await check();
    return git.run(args, options);
  };
  return {
    cwd: git.cwd,
    env: git.env,
    run,
    line: async (args, options) => (await run(args, options)).stdout.split('\n', 1)[0] ?? '',
    withEnv: (extra) => guardGit(git.withEnv(extra), check),
  };
}

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

const hash = (content: string | Buffer): string => sha256(content).slice(0, 32);
