import type { GuardFacts, Verdict } from './facts.ts';
import { judgeArgv, judgeShell, seenCommands } from './judge.ts';
import type { SeenCommands } from './seen.ts';
import { denial } from './rules/context.ts';
import { removes } from './rules/remove.ts';

/** What an agent asks to do, on either backend. */
export interface ToolRequest {
  /** ACP's tool kinds; null when not given. */
  readonly kind: string | null;
  readonly title: string;
  readonly command: string | null;
  /** Other ways to read `command`, where it was drawn on a screen: what one of them would do may be what happens. */
  readonly otherReadings?: readonly string[];
  /** When the agent gives an argument vector, it counts instead of `command`. */
  readonly argv?: readonly string[];
  /** The directory the command is run in, when the agent says so. */
  readonly cwd?: string;
  readonly paths: readonly string[];
  /** Command and paths are a part of what is asked for. */
  readonly isCut?: true;
}

/** What the guard says to a request for permission. */
export function judgeRequest(request: ToolRequest, facts: GuardFacts): Verdict {
  const here = request.cwd === undefined ? facts : { ...facts, cwd: request.cwd };
  if (request.isCut === true) return judgePart(request);
  if (request.argv !== undefined) return judgeArgv(request.argv, here);
  if (request.command !== null) {
    const verdicts = readingsOf(request.command, request).map((reading) => judgeShell(reading, here));
    return verdicts.find(({ type }) => type === 'deny') ?? verdicts[0] ?? { type: 'allow', unseen: [] };
  }
  if (request.kind === 'execute') {
    // A title is written for people and proves nothing. Where it is all there is, it may still be reason to refuse.
    const titled = judgeShell(request.title.replaceAll('`', ''), here);
    return titled.type === 'deny' ? titled : { type: 'allow', unseen: ['a command that the request does not name'] };
  }
  if (request.kind === 'delete') return judgeDeletion(request.paths, here);
  return { type: 'allow', unseen: [] };
}

/** Of what may be a command or a deletion, the harmless part says nothing about the rest. */
function judgePart({ command, argv, kind }: ToolRequest): Verdict {
  const mayDoHarm = command !== null || argv !== undefined || kind === null || kind === 'execute' || kind === 'delete';
  if (!mayDoHarm) return { type: 'allow', unseen: ['all that it would touch: it names too much'] };
  return {
    type: 'deny',
    ...denial('unreadable', 'the guard cannot see all of what it would do', 'Do it in several steps.'),
  };
}

/** The commands a request names, one by one, for the user's own rules; null when it names none. */
export function commandsIn(request: ToolRequest, facts: GuardFacts): SeenCommands | null {
  const here = request.cwd === undefined ? facts : { ...facts, cwd: request.cwd };
  if (request.argv !== undefined) return seenCommands(request.argv, here);
  if (request.command === null) return null;
  const seen = readingsOf(request.command, request).map((reading) => seenCommands(reading, here));
  return { lines: seen.flatMap(({ lines }) => lines), isComplete: seen.every(({ isComplete }) => isComplete) };
}

const readingsOf = (command: string, { otherReadings = [] }: ToolRequest): readonly string[] => [
  command,
  ...otherReadings,
];

/** A tool that deletes is asked for one file or directory at a time, and nobody knows which of both. */
function judgeDeletion(paths: readonly string[], facts: GuardFacts): Verdict {
  const isUrl = paths.some((named) => /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(named) && !named.startsWith('file:///'));
  const plain = paths.map((named) => decoded(named.replace(/^file:\/\/(?=\/)/, '')));
  const found = isUrl
    ? denial('remove-outside', 'deleting what is not a file here', 'Delete only inside your worktree.')
    : removes(plain, placed(facts), 'deleting');
  return found === null ? { type: 'allow', unseen: [] } : { type: 'deny', ...found };
}

const placed = (facts: GuardFacts): Parameters<typeof removes>[1] => ({
  facts,
  places: [facts.cwd ?? facts.worktree],
  variable: () => null,
  judgeText: () => {},
  unseen: () => {},
});

function decoded(path: string): string {
  try {
    return path.startsWith('/') ? decodeURIComponent(path) : path;
  } catch {
    // A percent sign of its own.
    return path;
  }
}
