import { ExitCode, usageError } from '../../../errors.ts';
import { firstMatch, type Readiness } from '../../../placement/readiness.ts';
import { oneLine } from '../../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../../views/json-session.ts';
import type { VerbContext } from '../../context.ts';
import { readyExitCode, readyWords, waitUntilReady } from '../../terminal-ready.ts';
import { awaitScreen } from './await-screen.ts';
import { targetJson, targetOf, type ActionInput, type Target } from './target.ts';

/** Whether it lives, what has it, and, where that was asked for, whether it is ready. */
export async function check(context: VerbContext, input: ActionInput): Promise<number> {
  const target = await targetOf(input);
  const ready = await readiness(context, input, target);
  const shown = targetJson(await again(input, target));
  const lives = shown.state === 'running' || shown.state === 'idle';
  if (context.json) {
    const matched = ready?.state === 'ready' ? oneLine(ready.matched, 500) : null;
    context.printer.document({ schemaVersion: SCHEMA_VERSION, terminal: shown, ready: ready?.state ?? null, matched });
  } else {
    const what = shown.state === 'ended' ? ` (${shown.signal ?? `exit code ${shown.exitCode ?? 'unknown'}`})` : '';
    const who = shown.foreground === null ? '' : ` (${shown.foreground})`;
    context.printer.result(`${shown.name}: ${shown.state}${what}${who}${readyWords(ready)}`);
  }
  if (ready !== null) return readyExitCode(ready);
  return lives ? ExitCode.done : ExitCode.taskFailed;
}

async function readiness(context: VerbContext, input: ActionInput, target: Target): Promise<Readiness | null> {
  const { desk, options, place } = input;
  const pattern = options.for ?? null;
  if (pattern === null && options.idle !== true) return null;
  if (pattern !== null && options.idle === true) {
    throw usageError('conflicting-options', '--for and --idle cannot be used together.', { remedy: 'Choose one.' });
  }
  const timeoutMs = options.timeout ?? place.config.placement.readySeconds * 1000;
  if (target.kind === 'terminal') return waitUntilReady(context, desk, target.terminal, { pattern, timeoutMs });
  const found = async (): Promise<string | null> => {
    if (pattern === null) return targetJson(await again(input, target)).state === 'idle' ? 'idle' : null;
    return firstMatch((await desk.server.capture(target.stranger.pane.paneId)) ?? '', pattern);
  };
  return awaitScreen(context, found, timeoutMs);
}

async function again(input: ActionInput, target: Target): Promise<Target> {
  return target.kind === 'terminal'
    ? { kind: 'terminal', terminal: await input.desk.refresh(target.terminal) }
    : targetOf(input);
}
