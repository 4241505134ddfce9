import { refused, usageError } from '../../errors.ts';
import { nameTaken, type NewTerminal, type TerminalDesk } from '../../placement/desk.ts';
import { afterEcho } from '../../placement/after-echo.ts';
import { printedBytes } from '../../placement/start-watcher.ts';
import { sendText } from '../../placement/send.ts';
import type { Terminal } from '../../placement/terminal.ts';
import { oneLine } from '../../text/sanitize.ts';
import type { VerbContext } from '../context.ts';
import { requireStartable } from './startable.ts';

/** How a session was come by. */
export type Obtained = 'created' | 'replaced' | 'reused' | 'adopted';

export interface ObtainedTerminal {
  readonly terminal: Terminal;
  readonly how: Obtained;
  /** Bytes of its log that are older than what this command prints: 0 when it was running already, or is the first. */
  readonly printedBefore: number;
}

export interface ObtainWish {
  /** As the person said it; something inherited may bear it without our prefix. */
  readonly wanted: string;
  /** With the prefix. */
  readonly name: string;
  readonly cwd: string;
  /** Null: a shell. */
  readonly command: readonly string[] | null;
  readonly reuse: boolean;
  readonly replace: boolean;
}

/**
 * The session of a name: made, or, where there is one, used or replaced by choice. What is over is replaced by itself.
 * @throws `terminal-exists`, `terminal-busy`, `residual-input` (exit 6); as `requireStartable`.
 */
export async function obtainTerminal(
  { io }: VerbContext,
  desk: TerminalDesk,
  wish: ObtainWish,
): Promise<ObtainedTerminal> {
  if (wish.reuse && wish.replace) {
    throw usageError('conflicting-options', '--reuse and --replace cannot be used together.', {
      remedy: 'Choose one of them.',
    });
  }
  return desk.alone(wish.name, () => obtain(desk, wish, { env: io.env, nowMs: io.now() }));
}

async function obtain(
  desk: TerminalDesk,
  wish: ObtainWish,
  { env, nowMs }: Pick<NewTerminal, 'env' | 'nowMs'>,
): Promise<ObtainedTerminal> {
  const { name, cwd, command } = wish;
  const inherited = wish.reuse ? await desk.adopt(wish.wanted, nowMs) : null;
  const there = inherited ?? (await desk.find(name));
  const create = (): Promise<Terminal> => desk.create({ name, cwd, command, env, nowMs });
  // Into a shell that is there it is typed: that knows more words than there are programs.
  if (command !== null && !(there !== null && wish.reuse && !isOver(there)))
    requireStartable(command[0] ?? '', { env, cwd });
  if (there === null) return { terminal: await create(), how: 'created', printedBefore: 0 };
  if (wish.replace || isOver(there)) {
    await requireEnded(desk, there);
    desk.forget(there);
    return { terminal: await create(), how: 'replaced', printedBefore: 0 };
  }
  if (!wish.reuse) throw nameTaken(there.record.name);
  const printedBefore = command === null ? printedBytes(there) : await reuse(desk, there, command);
  return { terminal: there, how: inherited === null ? 'reused' : 'adopted', printedBefore };
}

const isOver = ({ state }: Terminal): boolean => state === 'ended' || state === 'gone';

async function requireEnded(desk: TerminalDesk, terminal: Terminal): Promise<void> {
  const left = await desk.end(terminal);
  if (left.length === 0) return;
  throw refused('not-ended', `${terminal.record.name} could not be ended: processes ${left.join(', ')} are left.`);
}

/**
 * A shell gets the command typed; the same command that already runs there is left alone.
 * @returns how much of the log is not of this command: what it shows of the typed line must not be taken for output.
 */
async function reuse(desk: TerminalDesk, terminal: Terminal, argv: readonly string[]): Promise<number> {
  const { record, state, pane, foreground } = terminal;
  if (record.command !== null) {
    if (record.command.join('\0') === argv.join('\0')) return 0;
    throw refused('terminal-busy', `${record.name} runs another command: ${oneLine(record.command.join(' '), 100)}.`, {
      remedy: 'Replace it with --replace, or choose another name.',
    });
  }
  if (state !== 'idle' || pane === null) {
    throw refused('terminal-busy', `${record.name} is busy: ${oneLine(foreground ?? 'something', 60)} has it.`, {
      remedy: 'Wait for it with conduxt terminal check, replace it with --replace, or choose another name.',
    });
  }
  const line = shellLine(argv);
  const before = printedBytes(terminal);
  await sendText(desk.server, pane.paneId, { text: line, enter: true, clear: true });
  return afterEcho(terminal, line, before);
}

/** The words as a shell line that means exactly them. */
export const shellLine = (argv: readonly string[]): string =>
  argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
