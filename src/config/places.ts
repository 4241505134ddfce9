import path from 'node:path';
import { usageError } from '../errors.ts';

/** Where conduxt keeps what is not in the repository (README, "Files"). All absolute; nothing is created here. */
export interface Places {
  /** `$CONDUXT_HOME`, or `conduxt` under the XDG state directory. */
  readonly home: string;
  readonly sessionsDir: string;
  readonly reposDir: string;
  readonly slotsDir: string;
  /** Short, for sockets whose own directory has too long a path. Private to this user; check its owner before use. */
  readonly runtimeDir: string;
  readonly userConfigFile: string;
}

/** A runtime directory longer than this could not hold a socket: 104 bytes is the limit of macOS. */
const MAX_RUNTIME_BYTES = 70;

/** @throws `place-not-absolute` (exit 2): hosts run in `/`, so a relative path would mean another place there. */
export function placesFor(env: Readonly<Record<string, string | undefined>>, homedir: string): Places {
  const home = chosen(env, 'CONDUXT_HOME') ?? path.join(xdg(env, 'XDG_STATE_HOME', homedir, '.local/state'), 'conduxt');
  return {
    home,
    sessionsDir: path.join(home, 'sessions'),
    reposDir: path.join(home, 'repos'),
    slotsDir: path.join(home, 'slots'),
    runtimeDir: runtimeDir(env),
    userConfigFile:
      chosen(env, 'CONDUXT_CONFIG') ??
      path.join(xdg(env, 'XDG_CONFIG_HOME', homedir, '.config'), 'conduxt/config.json'),
  };
}

function chosen(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  const value = env[name];
  if (value === undefined || value === '') return undefined;
  if (path.isAbsolute(value)) return path.resolve(value);
  throw usageError('place-not-absolute', `${name} is "${value}", which is not an absolute path.`, {
    remedy: `Set ${name} to a path that begins with "/", or unset it.`,
    facts: { name, value },
  });
}

/** The XDG specification says to ignore a relative path. */
function xdg(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  homedir: string,
  fallback: string,
): string {
  const value = env[name];
  if (value !== undefined && path.isAbsolute(value)) return path.resolve(value);
  if (path.isAbsolute(homedir)) return path.join(homedir, fallback);
  throw usageError('place-not-absolute', `HOME is "${homedir}", so there is no place for conduxt's files.`, {
    remedy: 'Set HOME to an absolute path, or both CONDUXT_HOME and CONDUXT_CONFIG.',
    facts: { name: 'HOME', value: homedir },
  });
}

function runtimeDir(env: Readonly<Record<string, string | undefined>>): string {
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime !== undefined && path.isAbsolute(runtime) && Buffer.byteLength(runtime) <= MAX_RUNTIME_BYTES) {
    return path.join(runtime, 'conduxt');
  }
  // Not $TMPDIR: it differs between shells, cron and services of one user, who must all find the same sockets.
  return `/tmp/conduxt-${process.getuid?.() ?? 0}`;
}
