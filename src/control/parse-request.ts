import { usageError } from '../errors.ts';
import { phases, tellModes } from '../session/words.ts';
import type { ControlRequest, PatrolRequest } from './protocol.ts';

const ID = /^[\w./:@-]{1,200}$/;

/** One line of the control socket to a request; anything else is a `bad-request`. */
export function parseRequest(line: string): ControlRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw bad('it was not JSON');
  }
  if (typeof value !== 'object' || value === null || !('op' in value)) throw bad('it names no operation');
  const fields: Record<string, unknown> = { ...value };
  switch (fields['op']) {
    case 'hello':
    case 'stop':
    case 'open':
    case 'resume':
    case 'watch':
      return { op: fields['op'] };
    case 'cancel':
      return {
        op: 'cancel',
        scope: oneOf(fields, 'scope', ['turn', 'queued', 'task']),
        ...(fields['force'] === true ? { force: true } : {}),
      };
    case 'step':
      return { op: 'step', step: oneOf(fields, 'step', ['verify', 'pull-request']) };
    case 'answer':
      return { op: 'answer', decisionId: id(fields, 'decisionId'), answer: text(fields, 'answer') };
    case 'phase':
      return { op: 'phase', phase: oneOf(fields, 'phase', phases), words: words(fields) };
    case 'patrol':
      return patrol(fields);
    case 'tell':
      return {
        op: 'tell',
        promptId: id(fields, 'promptId'),
        key: key(fields),
        text: text(fields, 'text'),
        mode: oneOf(fields, 'mode', tellModes),
      };
    default:
      throw bad(`unknown operation ${JSON.stringify(fields['op'])}`);
  }
}

function patrol(fields: Record<string, unknown>): PatrolRequest {
  const act = oneOf(fields, 'act', ['milestone', 'wake', 'renew-agent', 'expire']);
  const because = text(fields, 'text');
  return act === 'expire'
    ? { op: 'patrol', act, decisionId: id(fields, 'decisionId'), text: because }
    : { op: 'patrol', act, text: because };
}

function text(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw bad(`"${name}" is missing`);
  return value;
}

/** May be empty. */
const words = ({ words: value }: Record<string, unknown>): string => (typeof value === 'string' ? value : '');

function id(fields: Record<string, unknown>, name: string): string {
  const value = text(fields, name);
  if (!ID.test(value)) throw bad(`"${name}" is not an id`);
  return value;
}

/** A person may choose it, so any line of printable text will do. */
function key(fields: Record<string, unknown>): string {
  const value = text(fields, 'key');
  if (value.length > 200 || /\p{Cc}/u.test(value)) throw bad('"key" must be one line of at most 200 characters');
  return value;
}

function oneOf<T extends string>(fields: Record<string, unknown>, name: string, words: readonly T[]): T {
  const value = fields[name];
  const word = words.find((one) => one === value);
  if (word === undefined) throw bad(`"${name}" must be one of ${words.join(', ')}`);
  return word;
}

const bad = (why: string): Error =>
  usageError('bad-request', `The host did not understand the request: ${why}.`, {
    remedy: 'The command line and the host may be of different versions: conduxt stop, then run the command again.',
  });
