import type { PermissionRequest } from '../backend.ts';
import { isObject, listAt, objectAt, textAt, type JsonObject } from './json.ts';
import { beginningOf } from '../../text/cut.ts';

/** Names under which agents put the path they are about to touch into a tool's raw input. */
const pathKeys = ['path', 'file_path', 'filePath', 'filepath', 'notebook_path', 'abs_path', 'old_path', 'new_path'];

/**
 * What a permission is asked for. Command and paths are read from structured fields only: a title is written for people
 * and may say anything.
 * @param earlier what updates said about the same tool call; some agents ask with its id alone.
 */
export function permissionRequestOf(params: unknown, earlier: JsonObject = {}): PermissionRequest {
  const asked = objectAt(params, 'toolCall');
  const toolCall: JsonObject = {
    ...earlier,
    ...Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null)),
  };
  const input = objectAt(toolCall, 'rawInput');
  return {
    toolCallId: textAt(toolCall, 'toolCallId'),
    title: textAt(toolCall, 'title') ?? textAt(toolCall, 'name') ?? 'something it did not name',
    kind: textAt(toolCall, 'kind'),
    command: commandOf(input),
    ...argvOf(input),
    ...cwdOf(input),
    paths: pathsOf(toolCall, input),
  };
}

/** No program is given a longer word on Linux (`MAX_ARG_STRLEN`): what is cut off here could not be run by a shell. */
const MAX_COMMAND_CHARS = 128 * 1024;
const MAX_TITLE_CHARS = 1024;
const MAX_PATHS = 200;
const MAX_PATH_CHARS = 4096;

/** The little of a tool call that a permission is judged by: its input may hold whole files, for hundreds of calls. */
export function essenceOf(toolCall: JsonObject): JsonObject {
  const { title, kind, command, argv, cwd, paths } = permissionRequestOf({ toolCall });
  return {
    title: beginningOf(title, MAX_TITLE_CHARS),
    ...(kind === null ? {} : { kind }),
    rawInput: {
      ...(command === null ? {} : { command: argv ?? command.slice(0, MAX_COMMAND_CHARS) }),
      ...(cwd === undefined ? {} : { cwd }),
      paths,
    },
  };
}

function commandOf(input: JsonObject): string | null {
  const command = input['command'] ?? input['cmd'];
  if (typeof command === 'string') return command;
  if (Array.isArray(command)) return command.map(String).join(' ');
  return null;
}

/** codex gives an argument vector when it runs without a shell. */
function argvOf(input: JsonObject): { readonly argv?: readonly string[] } {
  const command = input['command'] ?? input['cmd'];
  return Array.isArray(command) ? { argv: command.map(String) } : {};
}

function cwdOf(input: JsonObject): { readonly cwd?: string } {
  const cwd = textAt(input, 'cwd') ?? textAt(input, 'workdir') ?? textAt(input, 'directory');
  return cwd?.startsWith('/') === true ? { cwd } : {};
}

function pathsOf(toolCall: JsonObject, input: JsonObject): readonly string[] {
  const found = [
    ...listAt(toolCall, 'locations').map((location) => textAt(location, 'path')),
    ...listAt(toolCall, 'content').map((part) => (textAt(part, 'type') === 'diff' ? textAt(part, 'path') : null)),
    ...pathKeys.map((key) => textAt(input, key)),
    ...listAt(input, 'paths').map((path) => (typeof path === 'string' ? path : null)),
    // A patch: its files are the keys.
    ...(isObject(input['changes']) ? Object.keys(input['changes']) : []),
    ...placesIn(input, 0),
  ];
  return [...new Set(found.filter((path) => path !== null && path !== ''))]
    .filter((path) => path !== null)
    .slice(0, MAX_PATHS);
}

/** Absolute, in a home, upwards, or on the network. */
const PLACE = /^(?:\/|~|\.\.(?:\/|$)|[A-Za-z][A-Za-z0-9+.-]*:\/\/)|\/\.\.(?:\/|$)/;

/** Whatever in the input leads out of the worktree, under whichever key: agents have many names for a path. */
function placesIn(value: unknown, depth: number): string[] {
  if (typeof value === 'string') return value.length <= MAX_PATH_CHARS && PLACE.test(value) ? [value] : [];
  if (depth >= 4 || value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'command' || key === 'cmd' ? [] : placesIn(inner, depth + 1),
  );
}
