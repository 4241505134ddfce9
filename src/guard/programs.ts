import type { Rule } from './rules/context.ts';
import { judgeFetch, judgeGh, judgeGlab, judgeTea } from './rules/merge.ts';
import { judgeFind, judgeRimraf, judgeRm, judgeRsync } from './rules/remove.ts';

/** By the program's name. */
export const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    rm: judgeRm,
    grm: judgeRm,
    rimraf: judgeRimraf,
    'rm-rf': judgeRimraf,
    trash: judgeRimraf,
    find: judgeFind,
    gfind: judgeFind,
    gh: judgeGh,
    glab: judgeGlab,
    tea: judgeTea,
    rsync: judgeRsync,
    curl: judgeFetch,
    wget: judgeFetch,
    http: judgeFetch,
    https: judgeFetch,
    xh: judgeFetch,
    xhs: judgeFetch,
    curlie: judgeFetch,
  }),
);

/** Tried when the program's name is not known. */
export const SUSPECTS = ['git', 'rm', 'gh', 'find', 'curl', 'sh'];

/** Code handed to these on their command line is not read. */
export const INTERPRETERS: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    python: /^-\w*c/,
    python3: /^-\w*c/,
    node: /^(?:-e|-p|--eval|--print|-pe)/,
    deno: /^eval$/,
    bun: /^-e/,
    perl: /^-\w*[eE]/,
    ruby: /^-\w*e/,
    php: /^-r/,
    lua: /^-e/,
    osascript: /^-e/,
    awk: /system\s*\(|\|\s*"/,
  }),
);

/** Run what stands among their arguments, in ways too many to list: every beginning of a command is looked at. */
export const CARRIERS: ReadonlySet<string> = new Set([
  ...['tmux', 'screen', 'npm', 'pnpm', 'yarn', 'bun', 'corepack', 'mise', 'asdf', 'direnv', 'dotenv', 'op', 'doppler'],
  ...['poetry', 'pipenv', 'uv', 'nix', 'nix-shell', 'guix', 'fakeroot', 'proot', 'firejail', 'bwrap', 'cpulimit'],
  ...['dbus-run-session', 'systemd-inhibit', 'caffeinate', 'rlwrap', 'entr', 'nodemon', 'concurrently', 'expect'],
]);

/** Their command runs on another machine, or in another file system. */
export const ELSEWHERE: ReadonlySet<string> = new Set([
  'ssh',
  'docker',
  'podman',
  'kubectl',
  'nsenter',
  'machinectl',
  'lxc',
]);

/** Read commands for later from their standard input. */
export const LATER: ReadonlySet<string> = new Set(['at', 'batch', 'crontab']);
