import { ConduxtError, ExitCode, usageError } from '../../errors.ts';
import { decide, type Decision } from '../../placement/decide.ts';
import { readCommand } from '../../placement/read-command.ts';
import { runDirect } from '../../placement/run-direct.ts';
import { oneLine } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import type { VerbContext } from '../context.ts';
import { reportError } from '../report-error.ts';
import { commandPlace, type CommandPlace } from '../terminal-desk.ts';
import type { ExecOptions } from './exec-options.ts';
import { runDurable } from './run-durable.ts';
import { cannotStart } from './startable.ts';

/** `conduxt exec`: decide where the command runs, say so, and run it there. */
export async function execCommand(
  context: VerbContext,
  argv: readonly string[],
  options: ExecOptions,
): Promise<number> {
  try {
    const place = await commandPlace(context);
    const decision = routeOf(argv, options, place);
    sayRoute(context, decision);
    if (decision.route === 'direct' && options.name !== undefined) {
      context.printer.note('--name is for a session, and this has none: --route durable gives it one', 'dim');
    }
    return decision.route === 'direct'
      ? await direct(context, argv, decision)
      : await runDurable(context, { argv, options, place, decision });
  } catch (error) {
    // Every smaller number may be the command's own.
    if (error instanceof ConduxtError) return reportError(asOwn(error), context.printer);
    throw error;
  }
}

function asOwn(error: ConduxtError): ConduxtError {
  const { code, message, remedy, facts } = error;
  if (error.exitCode === ExitCode.commandNotFound || error.exitCode === ExitCode.notExecutable) return error;
  return new ConduxtError(code, ExitCode.execFailed, message, { facts, ...(remedy === undefined ? {} : { remedy }) });
}

function routeOf(argv: readonly string[], options: ExecOptions, { config }: CommandPlace): Decision {
  const { directBelowSeconds, durableAboveSeconds } = config.placement;
  if (directBelowSeconds > durableAboveSeconds) {
    throw usageError('config-invalid', 'placement.directBelowSeconds is more than placement.durableAboveSeconds.', {
      remedy: 'Correct one of them in the configuration.',
    });
  }
  const decision = decide(
    {
      asked: options.route ?? null,
      estimate: options.estimate ?? null,
      interactive: options.interactive === true,
      parallel: options.parallel === true,
      outlives: options.outlive === true,
      awaited: options.check !== undefined || options.onMatch !== undefined,
      ...readCommand(argv),
    },
    config.placement,
  );
  const waits = options.check !== undefined || options.onMatch !== undefined;
  const needsSession = waits || options.reuse === true || options.replace === true;
  if (decision.route === 'direct' && options.route === 'direct' && needsSession) {
    throw usageError(
      'conflicting-options',
      '--check, --on-match, --reuse and --replace are about a session; --route direct has none.',
    );
  }
  return decision;
}

function sayRoute({ printer, json }: VerbContext, { route, reason, suggestedTimeoutSeconds }: Decision): void {
  if (json) return;
  const advice = suggestedTimeoutSeconds === null ? '' : ` (give the call ${suggestedTimeoutSeconds} s)`;
  printer.note(`route: ${route}: ${oneLine(reason, 200)}${advice}`, 'dim');
}

async function direct(context: VerbContext, argv: readonly string[], decision: Decision): Promise<number> {
  const { io, json, printer } = context;
  const result = await runDirect(argv, { cwd: io.cwd, env: io.env, collect: json });
  if (result.startError !== null) throw cannotStart(argv[0] ?? '', result.startError);
  if (json) {
    const { startError: _, ...shown } = result;
    printer.document({ schemaVersion: SCHEMA_VERSION, ...decision, terminal: null, result: shown });
  }
  return result.exitCode ?? ExitCode.execFailed;
}
