import { ConduxtError, ExitCode, notFound } from '../../../errors.ts';
import { sendText } from '../../../placement/send.ts';
import type { Terminal } from '../../../placement/terminal.ts';
import { SCHEMA_VERSION } from '../../../views/json-session.ts';
import { plural } from '../../../views/quantities.ts';
import type { VerbContext } from '../../context.ts';
import { promptText } from '../../prompt-text.ts';
import { waitUntilReady } from '../../terminal-ready.ts';
import { agentsPane, sendToAgent } from './through-host.ts';
import { changeable, nameOf, paneOf, targetJson, type ActionInput, type Target } from './target.ts';

/** Types a text into a terminal, after what a shell's line held was removed. */
export async function send(context: VerbContext, input: ActionInput): Promise<number> {
  const agent = await agentsPane(input);
  if (agent !== null) return sendToAgent(context, input, agent);
  const { desk, options, words } = input;
  // Nothing at all: only Enter.
  const isEmpty = words.length === 0 && options.file === undefined;
  const text = isEmpty ? '' : await promptText(context.io, { words, file: options.file });
  const first = await changeable(input);
  const target = options.idle === true ? await whenIdle(context, input, first) : first;
  const pane = paneOf(target);
  const { state, foreground } = targetJson(target);
  if (pane === null || state === 'ended' || state === 'gone') {
    throw notFound('terminal-ended', `${nameOf(target)} is over: nothing reads what is sent.`, {
      remedy: `Look at it with conduxt terminal capture ${nameOf(target)}; begin it again with terminal create --replace.`,
    });
  }
  // Another program than a shell decides itself what Ctrl-u means.
  const clear = options.clear && state === 'idle';
  const stripped = await sendText(desk.server, pane.paneId, { text, enter: options.enter, clear });
  if (context.json) {
    const facts = { terminal: targetJson(target), bytes: Buffer.byteLength(text), stripped, enter: options.enter };
    context.printer.document({ schemaVersion: SCHEMA_VERSION, ...facts });
    return ExitCode.done;
  }
  if (stripped > 0) context.printer.note(`${plural(stripped, 'control character')} left out`, 'warn');
  if (foreground !== null) context.printer.note(`${foreground} reads it; no shell does`, 'dim');
  context.printer.result(`${nameOf(target)}: sent${options.enter ? '' : ', without Enter'}`);
  return ExitCode.done;
}

async function whenIdle(context: VerbContext, { desk, options, place }: ActionInput, target: Target): Promise<Target> {
  if (target.kind !== 'terminal') return target;
  const timeoutMs = options.timeout ?? place.config.placement.readySeconds * 1000;
  const ready = await waitUntilReady(context, desk, target.terminal, { pattern: null, timeoutMs });
  const terminal: Terminal = await desk.refresh(target.terminal);
  if (ready.state === 'ready') return { kind: 'terminal', terminal };
  throw new ConduxtError(
    'terminal-busy',
    ready.state === 'left' ? ExitCode.interrupted : ExitCode.timedOut,
    `${terminal.record.name} is not idle: ${terminal.foreground ?? terminal.state}. Nothing was sent.`,
    { remedy: 'Wait longer with --timeout, or interrupt it.' },
  );
}
