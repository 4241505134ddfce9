import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { AgentLaunch } from '../session/record.ts';
import { nodeFor } from './find-node.ts';
import { packageOf, programOfPackage, startsWithNode, type PackageFacts } from './npm-package.ts';
import type { AgentProfile } from './profile.ts';
import { contains, forbiddenDirectories, searchPath } from '../process/search-path.ts';

/** Whether someone has logged in to the agent, as far as files and variables tell. */
export type LoginState = 'yes' | 'no' | 'unknown';

export type FoundAgent =
  | {
      readonly state: 'found';
      readonly launch: AgentLaunch;
      readonly login: LoginState;
      /** Sentences for the user: an outdated package, say. */
      readonly warnings: readonly string[];
    }
  | {
      readonly state: 'missing';
      /** One clause: what is not there. */
      readonly reason: string;
      /** How to get it. */
      readonly install: string;
    };

export interface FindOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the agent will work, and the repository: no program is taken from inside of them. */
  readonly cwd: string;
  readonly repoRoot: string | null;
  /** `agents.<name>` of the configuration. A named program is used as named, from wherever it is. */
  readonly settings?: AgentSettings | undefined;
  /** Which of the settings names the program: said in messages. */
  readonly settingsKey?: 'acp' | 'terminal' | 'headless';
  /** More `node_modules` directories in which to look for the agent's packages. */
  readonly packageDirs?: readonly string[];
}

export interface AgentSettings {
  /** For the agent however it is driven; those of the way it is driven come on top. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly acp?:
    | {
        readonly command: string;
        readonly args?: readonly string[] | undefined;
        readonly env?: Readonly<Record<string, string>> | undefined;
      }
    | undefined;
  readonly terminal?: AgentSettings['acp'];
  readonly headless?: AgentSettings['acp'];
  readonly envFile?: string | undefined;
}

/**
 * Finds how to start an agent over ACP. Reads files only: nothing is downloaded, and no agent is run. The result is
 * absolute, so that a later change of PATH starts nothing else.
 */
export async function findAgent(profile: AgentProfile, options: FindOptions): Promise<FoundAgent> {
  const missing = (reason: string, install = profile.install): FoundAgent => ({ state: 'missing', reason, install });
  const forbidden = await untrustedDirectories(options);
  const directories = searchPath(options.env['PATH'], forbidden);

  const { program, args, reason } = await locate(profile, options, directories, forbidden);
  if (program === null) return missing(reason);
  if (profile.companion !== undefined && options.settings?.acp === undefined) {
    const { bin, install } = profile.companion;
    if ((await onPath(bin, directories, forbidden)) === null)
      return missing(`its program ${bin} is not on PATH`, install);
  }

  const start = await startOf(program, directories);
  if (start.state === 'no-node') {
    return missing(`it needs Node ${start.range}, and no such Node was found`, `Install Node ${start.range}.`);
  }
  const home = options.env['HOME'] ?? '/';
  return {
    state: 'found',
    launch: {
      name: profile.name,
      ...(profile.like === undefined ? {} : { like: profile.like }),
      command: start.command,
      args: [...start.args, ...args],
      env: { ...profile.env, ...options.settings?.env, ...options.settings?.acp?.env },
      envFile: options.settings?.envFile === undefined ? null : expandHome(options.settings.envFile, home),
      version: start.package?.version ?? null,
    },
    login: await loginState(profile, options),
    warnings: warningsFor(profile, start.package),
  };
}

interface Located {
  /** As found: perhaps a link. Null: not there, for `reason`. */
  readonly program: string | null;
  readonly args: readonly string[];
  readonly reason: string;
}

async function locate(
  profile: AgentProfile,
  { env, settings, packageDirs, settingsKey = 'acp' }: FindOptions,
  directories: readonly string[],
  forbidden: readonly string[],
): Promise<Located> {
  if (settings?.acp !== undefined) {
    const { command, args = [] } = settings.acp;
    const named = expandHome(command, env['HOME'] ?? '/');
    const program = path.isAbsolute(named)
      ? (await isProgram(named))
        ? named
        : null
      : await onPath(named, directories, forbidden);
    return {
      program,
      args,
      reason: `${command}, named in agents.${profile.name}.${settingsKey}.command, is not an executable file`,
    };
  }
  if (profile.acp === null) {
    return { program: null, args: [], reason: 'it speaks no ACP and can only be driven in a terminal' };
  }
  for (const { bin, args } of profile.acp.programs) {
    const program = await onPath(bin, directories, forbidden);
    if (program !== null) return { program, args, reason: '' };
  }
  // npm's global directory lies beside the directory of programs, which may not be linked to from there.
  const modules = [
    ...(packageDirs ?? []),
    ...directories.map((directory) => path.join(directory, '../lib/node_modules')),
  ];
  for (const { bin, args } of profile.acp.programs) {
    for (const name of profile.acp.packages) {
      for (const directory of modules) {
        const program = await programOfPackage(path.join(directory, name), bin);
        if (program !== null && !(await isForbidden(program, forbidden))) return { program, args, reason: '' };
      }
    }
  }
  const names = profile.acp.programs.map(({ bin }) => bin).join(' or ');
  return {
    program: null,
    args: [],
    reason: names === '' ? 'no program is configured for it' : `${names} is not on PATH`,
  };
}

async function onPath(
  bin: string,
  directories: readonly string[],
  forbidden: readonly string[],
): Promise<string | null> {
  for (const directory of directories) {
    const candidate = path.join(directory, bin);
    if ((await isProgram(candidate)) && !(await isForbidden(candidate, forbidden))) return candidate;
  }
  return null;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    // Not there, not ours to run: the next place may have it.
    return false;
  }
}

/** Directories as they are and as they really are: a PATH entry may be a link into the worktree. */
async function untrustedDirectories({ cwd, repoRoot, env }: FindOptions): Promise<string[]> {
  const named = repoRoot === null ? [cwd] : [cwd, repoRoot];
  const real = await Promise.all(named.map((directory) => realpath(directory).catch(() => directory)));
  return forbiddenDirectories([...new Set([...named, ...real])], env['HOME']);
}

async function isForbidden(program: string, forbidden: readonly string[]): Promise<boolean> {
  const real = await realpath(program);
  return forbidden.some((directory) => contains(directory, real));
}

type Start =
  | {
      readonly state: 'start';
      readonly command: string;
      readonly args: readonly string[];
      readonly package: PackageFacts | null;
    }
  | { readonly state: 'no-node'; readonly range: string };

/**
 * A script for Node is started by a Node that satisfies its package, not by whichever `node` is first on PATH.
 * Anything else is started under the name it was found by: one binary may play several programs by its name.
 */
async function startOf(program: string, directories: readonly string[]): Promise<Start> {
  const script = await realpath(program);
  const facts = await packageOf(script);
  if (!(await startsWithNode(script))) {
    const command = path.join(await realpath(path.dirname(program)), path.basename(program));
    return { state: 'start', command, args: [], package: facts };
  }
  const range = facts?.nodeRange ?? '*';
  const node = await nodeFor(range, [path.dirname(program), ...directories]);
  return node === null
    ? { state: 'no-node', range }
    : { state: 'start', command: node, args: [script], package: facts };
}

async function loginState(profile: AgentProfile, { env, settings }: FindOptions): Promise<LoginState> {
  if (settings?.envFile !== undefined) return 'yes';
  const given = { ...env, ...settings?.env, ...settings?.acp?.env };
  if (profile.loginVariables?.some((name) => (given[name] ?? '') !== '') === true) return 'yes';
  if (profile.loginFiles.length === 0) return 'unknown';
  for (const file of profile.loginFiles) {
    const exists = await access(path.join(env['HOME'] ?? '/', file)).then(
      () => true,
      () => false,
    );
    if (exists) return 'yes';
  }
  return 'no';
}

function warningsFor(profile: AgentProfile, found: PackageFacts | null): string[] {
  if (found === null || profile.acp?.oldPackages?.includes(found.name) !== true) return [];
  return [`${found.name} is an old name of this adapter and no longer kept up. Better: ${profile.install}`];
}

const expandHome = (file: string, home: string): string =>
  file.startsWith('~/') ? path.join(home, file.slice(2)) : file;
