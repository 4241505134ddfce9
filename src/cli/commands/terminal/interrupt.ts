import { ExitCode, notFound } from '../../../errors.ts';
import { SCHEMA_VERSION } from '../../../views/json-session.ts';
import type { VerbContext } from '../../context.ts';
import { waitUntilReady } from '../../terminal-ready.ts';
import { agentsPane, interruptAgent } from './through-host.ts';
import { changeable, nameOf, paneOf, targetJson, type ActionInput, type Target } from './target.ts';

/** A program that gives way does so soon; one that does not is shown as still running. */
const GIVE_WAY_MS = 2_000;

/** Presses Ctrl-C, or Escape, and says what has the terminal then. */
export async function interrupt(context: VerbContext, input: ActionInput): Promise<number> {
  const agent = await agentsPane(input);
  if (agent !== null) return interruptAgent(context, input, agent);
  const { desk, options } = input;
  const target = await changeable(input);
  const pane = paneOf(target);
  if (pane === null || pane.dead) throw notFound('terminal-ended', `${nameOf(target)} is over.`);
  const key = options.escape === true ? 'Escape' : 'C-c';
  await desk.server.leaveMode(pane.paneId);
  await desk.server.press(pane.paneId, [key]);
  const after = await settled(context, input, target, key);
  const shown = targetJson(after);
  if (context.json) context.printer.document({ schemaVersion: SCHEMA_VERSION, terminal: shown, key });
  else context.printer.result(`${shown.name}: ${key} pressed; ${shown.foreground ?? shown.state}`);
  return ExitCode.done;
}

async function settled(context: VerbContext, { desk }: ActionInput, target: Target, key: string): Promise<Target> {
  if (target.kind !== 'terminal') return target;
  if (key === 'C-c') await waitUntilReady(context, desk, target.terminal, { pattern: null, timeoutMs: GIVE_WAY_MS });
  return { kind: 'terminal', terminal: await desk.refresh(target.terminal) };
}
