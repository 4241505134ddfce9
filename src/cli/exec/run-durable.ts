import { ExitCode, refused, unreachable, usageError } from '../../errors.ts';
import type { Decision } from '../../placement/decide.ts';
import { nameTaken, type TerminalDesk } from '../../placement/desk.ts';
import { readCommand } from '../../placement/read-command.ts';
import { awaitReady, type Readiness } from '../../placement/readiness.ts';
import { sendText } from '../../placement/send.ts';
import { fullName, purposeOf } from '../../placement/terminal-names.ts';
import type { Terminal } from '../../placement/terminal.ts';
import { isGenericName } from '../../session/names.ts';
import { oneLine } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import type { VerbContext } from '../context.ts';
import { onCtrlC } from '../ctrl-c.ts';
import { machineSession, openDesk, type CommandPlace } from '../terminal-desk.ts';
import { terminalJson } from '../terminal-json.ts';
import type { ExecOptions } from './exec-options.ts';

export interface DurableWish {
  readonly argv: readonly string[];
  readonly options: ExecOptions;
  readonly place: CommandPlace;
  readonly decision: Decision;
}

/** How the session was come by. */
export type Obtained = 'created' | 'replaced' | 'reused' | 'adopted';

/** Runs a command in a session that outlives this one, and waits for its first words where that was asked for. */
export async function runDurable(context: VerbContext, wish: DurableWish): Promise<number> {
  const { argv, options, place } = wish;
  if (options.reuse === true && options.replace === true) {
    throw usageError('conflicting-options', '--reuse and --replace cannot be used together.', {
      remedy: 'Choose one of them.',
    });
  }
  const desk = await openDesk(context, place);
  const wanted = options.name ?? machineSession(place.config) ?? purposeFrom(argv);
  const name = fullName(wanted, desk.naming);
  const warnings = isGenericName(wanted)
    ? [`"${wanted}" says nothing about what runs there; a name such as dev-server does.`]
    : [];
  const { terminal, how } = await obtain(context, desk, { name, wanted, ...wish });
  const ready = options.check === undefined ? null : await waitFor(context, desk, terminal, wish);
  report(context, { wish, terminal: await desk.refresh(terminal), how, ready, warnings });
  return exitCodeFor(ready);
}

/** From what weighs most in it: `sh -c "cd web && npm run dev"` is about npm. */
function purposeFrom(argv: readonly string[]): string {
  const { classified } = readCommand(argv);
  return purposeOf(classified.class === 'unknown' ? argv.join(' ') : classified.what);
}

async function obtain(
  context: VerbContext,
  desk: TerminalDesk,
  { name, wanted, argv, options }: DurableWish & { readonly name: string; readonly wanted: string },
): Promise<{ readonly terminal: Terminal; readonly how: Obtained }> {
  const { io } = context;
  const inherited = options.reuse === true ? await desk.adopt(wanted, io.now()) : null;
  const there = inherited ?? (await desk.find(name));
  const create = (): Promise<Terminal> =>
    desk.create({ name, cwd: io.cwd, command: argv, env: io.env, nowMs: io.now() });
  if (there === null) return { terminal: await create(), how: 'created' };
  const isOver = there.state === 'ended' || there.state === 'gone';
  if (options.replace === true || isOver) {
    await requireEnded(desk, there);
    desk.forget(there);
    return { terminal: await create(), how: 'replaced' };
  }
  if (options.reuse !== true) throw nameTaken(there.record.name);
  await reuse(desk, there, argv);
  return { terminal: there, how: inherited === null ? 'reused' : 'adopted' };
}

async function requireEnded(desk: TerminalDesk, terminal: Terminal): Promise<void> {
  const left = await desk.end(terminal);
  if (left.length === 0) return;
  throw refused('not-ended', `${terminal.record.name} could not be ended: processes ${left.join(', ')} are left.`);
}

/** A shell gets the command typed; the same command that already runs there is left alone. */
async function reuse(desk: TerminalDesk, terminal: Terminal, argv: readonly string[]): Promise<void> {
  const { record, state, pane, foreground } = terminal;
  if (record.command !== null) {
    if (record.command.join('\0') === argv.join('\0')) return;
    throw refused('terminal-busy', `${record.name} runs another command: ${oneLine(record.command.join(' '), 100)}.`, {
      remedy: 'Replace it with --replace, or choose another --name.',
    });
  }
  if (state !== 'idle' || pane === null) {
    throw refused('terminal-busy', `${record.name} is busy: ${oneLine(foreground ?? 'something', 60)} has it.`, {
      remedy: 'Wait for it with conduxt terminal check, replace it with --replace, or choose another --name.',
    });
  }
  await sendText(desk.server, pane.paneId, { text: shellLine(argv), enter: true, clear: true });
}

/** The words as a shell line that means exactly them. */
export const shellLine = (argv: readonly string[]): string =>
  argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');

async function waitFor(
  { io }: VerbContext,
  desk: TerminalDesk,
  terminal: Terminal,
  { options, place }: DurableWish,
): Promise<Readiness> {
  const interrupt = onCtrlC(io);
  try {
    const timeoutMs = options.timeout ?? place.config.placement.readySeconds * 1000;
    return await awaitReady(desk, terminal, { pattern: options.check ?? null, timeoutMs, leave: interrupt.signal });
  } finally {
    interrupt.dispose();
  }
}

function exitCodeFor(ready: Readiness | null): number {
  switch (ready?.state) {
    case undefined:
    case 'ready':
      return ExitCode.done;
    case 'ended':
      return ExitCode.taskFailed;
    case 'running-or-hung':
      return ExitCode.timedOut;
    case 'left':
      return ExitCode.interrupted;
    default:
      return unreachable(ready, 'readiness');
  }
}

interface Outcome {
  readonly wish: DurableWish;
  readonly terminal: Terminal;
  readonly how: Obtained;
  readonly ready: Readiness | null;
  readonly warnings: readonly string[];
}

function report({ json, printer }: VerbContext, { wish, terminal, how, ready, warnings }: Outcome): void {
  const shown = terminalJson(terminal);
  if (json) {
    const result = {
      how,
      ready: ready?.state ?? null,
      ...(ready?.state === 'ready' ? { matched: oneLine(ready.matched, 500) } : {}),
    };
    printer.document({ schemaVersion: SCHEMA_VERSION, ...wish.decision, terminal: shown, result, warnings });
    return;
  }
  for (const warning of warnings) printer.note(warning, 'warn');
  const { name } = shown;
  printer.result(`${name}: ${how}${readyWords(ready)}`);
  printer.note(`  look   conduxt terminal capture ${name}`, 'dim');
  printer.note(`  end    conduxt terminal kill ${name}`, 'dim');
}

function readyWords(ready: Readiness | null): string {
  switch (ready?.state) {
    case undefined:
      return '';
    case 'ready':
      return `; ready: ${oneLine(ready.matched, 160)}`;
    case 'ended':
      return `; it ended before it was ready (exit code ${ready.exitCode ?? 'unknown'})`;
    case 'running-or-hung':
      return '; not ready in time: it is still running or hung';
    case 'left':
      return '; no longer waited for';
    default:
      return unreachable(ready, 'readiness');
  }
}
