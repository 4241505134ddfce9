import { usageError } from '../../errors.ts';
import type { Decision } from '../../placement/decide.ts';
import { readCommand } from '../../placement/read-command.ts';
import type { Readiness } from '../../placement/readiness.ts';
import { startWatcher } from '../../placement/start-watcher.ts';
import { fullName, purposeOf } from '../../placement/terminal-names.ts';
import type { Terminal } from '../../placement/terminal.ts';
import { isGenericName } from '../../session/names.ts';
import { oneLine } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import type { VerbContext } from '../context.ts';
import { machineSession, openDesk, type CommandPlace } from '../terminal-desk.ts';
import { readyExitCode, readyWords, waitUntilReady } from '../terminal-ready.ts';
import { terminalJson } from '../terminal-json.ts';
import type { ExecOptions } from './exec-options.ts';
import { obtainTerminal, type Obtained } from './obtain-terminal.ts';

export interface DurableWish {
  readonly argv: readonly string[];
  readonly options: ExecOptions;
  readonly place: CommandPlace;
  readonly decision: Decision;
}

/** Runs a command in a session that outlives this one, and waits for its first words where that was asked for. */
export async function runDurable(context: VerbContext, wish: DurableWish): Promise<number> {
  const { argv, options, place } = wish;
  const tells = sessionToTell(context, options);
  const desk = await openDesk(context, place);
  // The configuration chose that name for whatever runs on this machine: it is there to be used again.
  const usual = options.name === undefined ? machineSession(place.config) : null;
  const wanted = options.name ?? usual ?? purposeFrom(argv);
  const name = fullName(wanted, desk.naming);
  const warnings = isGenericName(wanted)
    ? [`"${wanted}" says nothing about what runs there; a name such as dev-server does.`]
    : [];
  const { terminal, how, printedBefore } = await obtainTerminal(context, desk, {
    ...{ name, wanted, cwd: context.io.cwd, command: argv },
    ...{ reuse: options.reuse ?? (usual !== null && options.replace !== true), replace: options.replace === true },
  });
  if (tells !== null) startWatcher(desk.home, terminal, { ...tells, fromByte: printedBefore }, context.io.env);
  const timeoutMs = options.timeout ?? place.config.placement.readySeconds * 1000;
  const pattern = options.check ?? null;
  const ready =
    pattern === null
      ? null
      : await waitUntilReady(context, desk, terminal, { pattern, timeoutMs, fromByte: printedBefore });
  report(context, { wish, terminal: await desk.refresh(terminal), how, ready, warnings });
  return readyExitCode(ready);
}

/** @throws `session-not-found` (exit 4) before anything is started. */
function sessionToTell(
  context: VerbContext,
  { onMatch, tell, times }: ExecOptions,
): { readonly pattern: RegExp; readonly sessionId: string; readonly times: number } | null {
  if (onMatch === undefined && tell === undefined && times === undefined) return null;
  if (onMatch === undefined || tell === undefined) {
    throw usageError(
      'conflicting-options',
      '--on-match and --tell belong together: what to wait for, and whom to tell.',
    );
  }
  return { pattern: onMatch, sessionId: context.session(tell).record.id, times: times ?? 1 };
}

/** From what weighs most in it: `sh -c "cd web && npm run dev"` is about npm. */
function purposeFrom(argv: readonly string[]): string {
  const { classified } = readCommand(argv);
  return purposeOf(classified.class === 'unknown' ? argv.join(' ') : classified.what);
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
