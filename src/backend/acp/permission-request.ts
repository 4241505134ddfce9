import type { PermissionRequest } from '../backend.ts';
import { commandIn, pathsIn } from '../../permission/paths-in.ts';
import { beginningOf } from '../../text/cut.ts';
import { isObject, listAt, objectAt, textAt, type JsonObject } from './json.ts';

/**
 * What a permission is asked for. Command and paths are read from structured fields only: a title is written for people
 * and may say anything.
 * @param earlier what updates said about the same tool call; some agents ask with its id alone.
 */
export function permissionRequestOf(params: unknown, earlier: JsonObject = {}): PermissionRequest {
  const asked = objectAt(params, 'toolCall');
  const toolCall = toldOf(earlier, asked);
  const input = objectAt(toolCall, 'rawInput');
  const kind = textAt(toolCall, 'kind');
  return {
    toolCallId: textAt(toolCall, 'toolCallId'),
    title: textAt(toolCall, 'title') ?? textAt(toolCall, 'name') ?? 'something it did not name',
    kind,
    ...commandIn(input),
    ...cwdOf(input),
    paths: [...new Set([...placesOf(toolCall), ...pathsIn(input, { kind })])],
    ...(isCut(input) || placesAreCut(toolCall) ? { isCut: true } : {}),
  };
}

/** A tool call after an update: null says nothing. */
export const toldOf = (earlier: JsonObject, update: JsonObject): JsonObject => ({
  ...earlier,
  ...Object.fromEntries(Object.entries(update).filter(([, value]) => value !== null)),
});

/** No program is given a longer word on Linux (`MAX_ARG_STRLEN`). */
const MAX_COMMAND_CHARS = 128 * 1024;
const MAX_TITLE_CHARS = 1024;
/** Of the paths together; as many as a thousand files have. */
const MAX_PATHS_CHARS = 128 * 1024;
/** Stands in what is kept of a tool call beside that of which a part was left out. No field of ACP's. */
const CUT = 'conduxt.cut';

/** What is kept of a tool call that had to be forgotten. */
export const FORGOTTEN: JsonObject = { locations: [{ [CUT]: true }] };

/**
 * The little of a tool call that a permission is judged by: its input may hold whole files, for hundreds of calls. Where
 * that is not little either, it says that something was left out (`isCut` of the request).
 */
export function essenceOf(toolCall: JsonObject): JsonObject {
  const { title, kind, command, argv, cwd } = permissionRequestOf({ toolCall });
  const input = objectAt(toolCall, 'rawInput');
  // Of a command that is not named, the title is all that is known.
  const isLong =
    command === null ? kind === 'execute' && title.length > MAX_TITLE_CHARS : command.length > MAX_COMMAND_CHARS;
  const places = kept(placesOf(toolCall));
  const named = kept(pathsIn(input, { kind }));
  const cut = { [CUT]: true };
  return {
    title: beginningOf(title, MAX_TITLE_CHARS),
    ...(kind === null ? {} : { kind }),
    // Apart from those of the input, because an update may replace either.
    locations: [...places.paths.map((path) => ({ path })), ...(places.isCut || placesAreCut(toolCall) ? [cut] : [])],
    rawInput: {
      ...(command === null ? {} : { command: isLong ? command.slice(0, MAX_COMMAND_CHARS) : (argv ?? command) }),
      ...(cwd === undefined ? {} : { cwd }),
      paths: named.paths,
      ...(isLong || named.isCut || isCut(input) ? cut : {}),
    },
  };
}

const isCut = (part: unknown): boolean => isObject(part) && part[CUT] === true;
const placesAreCut = (toolCall: JsonObject): boolean => listAt(toolCall, 'locations').some(isCut);

function kept(paths: readonly string[]): { readonly paths: readonly string[]; readonly isCut: boolean } {
  let chars = 0;
  const end = paths.findIndex((path) => (chars += path.length) > MAX_PATHS_CHARS);
  return end < 0 ? { paths, isCut: false } : { paths: paths.slice(0, end), isCut: true };
}

function cwdOf(input: JsonObject): { readonly cwd?: string } {
  const cwd = textAt(input, 'cwd') ?? textAt(input, 'workdir') ?? textAt(input, 'directory');
  return cwd?.startsWith('/') === true ? { cwd } : {};
}

/** The paths that a tool call names beside its input. */
const placesOf = (toolCall: JsonObject): readonly string[] =>
  [
    ...listAt(toolCall, 'locations').map((location) => textAt(location, 'path')),
    ...listAt(toolCall, 'content').map((part) => (textAt(part, 'type') === 'diff' ? textAt(part, 'path') : null)),
  ]
    .filter((path) => path !== null)
    .filter((path) => path !== '');
