import path from 'node:path';
import { contains } from '../process/search-path.ts';

/** What one sandboxed program may write, and what of the rest it may see. All paths absolute. */
export interface SandboxPlaces {
  /** bubblewrap itself. */
  readonly program: string;
  /** Where it works; writable. */
  readonly cwd: string;
  /** Git's common directory, writable but for what git executes; null outside of a repository. */
  readonly commonDir: string | null;
  /** Further writable files and directories; those that are not there are passed over. */
  readonly writable: readonly string[];
  /** Stands in the place of `/tmp`. */
  readonly temporary: string;
  /** Conduxt's state directory: hidden, so that no other session and no control socket is in reach. */
  readonly hidden: string;
  /** Parts of `hidden` that it needs all the same. */
  readonly shown: { readonly writable: readonly string[]; readonly readable: readonly string[] };
  /** What has to stay visible even where it lies below `/tmp`: programs and the main checkout. */
  readonly readable: readonly string[];
}

/** Sockets of other programs (docker, the desktop's bus, ssh agents) live here; writing to one is not stopped by `ro`. */
const RUN = '/run';
/** Of `/run`, what looking up names and starting programs needs (systemd-resolved, NetworkManager, NixOS). */
const KEPT_OF_RUN = ['systemd/resolve', 'NetworkManager', 'resolvconf', 'connman', 'current-system', 'wrappers'];
/** The user's own caches are read-only; what lands in one would be run outside of the sandbox later. */
const CACHES = { XDG_CACHE_HOME: '/tmp/cache', npm_config_cache: '/tmp/npm-cache' } as const;
/** What git executes, or reads settings from that make it execute something. */
const GIT_EXECUTES = ['config', 'config.worktree', 'hooks', 'info'];

/**
 * The command line that runs `argv` with the whole file system read-only, but for its own places; with process ids and
 * shared memory of its own. The network stays. It ends with whoever started it. Later binds lie over earlier ones.
 */
export function sandboxed(places: SandboxPlaces, argv: readonly string[]): [string, ...string[]] {
  const { program, cwd, commonDir, temporary, hidden, shown } = places;
  const below = (directory: string, paths: readonly string[]): string[] =>
    paths.filter((each) => contains(directory, each));
  const readable = [...below('/tmp', places.readable), ...below(RUN, places.readable)];
  const options = [
    ...['--die-with-parent', '--unshare-pid', '--unshare-ipc'],
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...['--tmpfs', RUN],
    ...KEPT_OF_RUN.flatMap((name) => bind('--ro-bind-try', path.join(RUN, name))),
    ...['--bind', temporary, '/tmp'],
    ...readable.flatMap((each) => bind('--ro-bind-try', each)),
    ...places.writable.flatMap((each) => bind('--bind-try', each)),
    ...['--tmpfs', hidden],
    ...shown.readable.flatMap((each) => bind('--ro-bind-try', each)),
    ...shown.writable.flatMap((each) => bind('--bind-try', each)),
    ...(commonDir === null ? [] : bind('--bind', commonDir)),
    ...bind('--bind', cwd),
    ...(commonDir === null ? [] : GIT_EXECUTES.flatMap((name) => bind('--ro-bind-try', path.join(commonDir, name)))),
    ...['--chdir', cwd],
    ...Object.entries(CACHES).flatMap(([name, place]) => ['--setenv', name, place]),
  ];
  return [program, ...options, '--', ...argv];
}

const bind = (how: string, place: string): [string, string, string] => [how, place, place];
