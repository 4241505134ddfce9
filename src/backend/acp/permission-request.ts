import type { PermissionRequest } from '../backend.ts';
import { isObject, listAt, objectAt, textAt, type JsonObject } from './json.ts';

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
    paths: pathsOf(toolCall, input),
  };
}

function commandOf(input: JsonObject): string | null {
  const command = input['command'] ?? input['cmd'];
  if (typeof command === 'string') return command;
  // codex gives an argument vector when it runs without a shell.
  if (Array.isArray(command)) return command.map(String).join(' ');
  return null;
}

function pathsOf(toolCall: JsonObject, input: JsonObject): readonly string[] {
  const found = [
    ...listAt(toolCall, 'locations').map((location) => textAt(location, 'path')),
    ...listAt(toolCall, 'content').map((part) => (textAt(part, 'type') === 'diff' ? textAt(part, 'path') : null)),
    ...pathKeys.map((key) => textAt(input, key)),
    ...listAt(input, 'paths').map((path) => (typeof path === 'string' ? path : null)),
    // A patch: its files are the keys.
    ...(isObject(input['changes']) ? Object.keys(input['changes']) : []),
  ];
  return [...new Set(found.filter((path) => path !== null && path !== ''))].filter((path) => path !== null);
}
