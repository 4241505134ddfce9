import { ExitCode, refused, usageError } from '../../../errors.ts';
import type { Stranger } from '../../../placement/strangers.ts';
import { newPromptId } from '../../../session/ids.ts';
import { cleanInput } from '../../../tmux/clean-input.ts';
import { SCHEMA_VERSION } from '../../../views/json-session.ts';
import type { VerbContext } from '../../context.ts';
import { promptText } from '../../prompt-text.ts';
import { cancelIn, describeCancel } from '../cancel.ts';
import { describeTell, tellThere } from '../tell.ts';
import { strangerJson, targetOf, type ActionInput } from './target.ts';

/** The terminal of one session's agent. */
export type AgentsPane = Stranger & { readonly kind: 'agent'; readonly sessionId: string };

/** Null: what is named is not the terminal of an agent, or it is on a server that somebody else looks after. */
export async function agentsPane(input: ActionInput): Promise<AgentsPane | null> {
  if (input.options.socket !== undefined) return null;
  const target = await targetOf(input);
  if (target.kind !== 'stranger') return null;
  const { kind, sessionId } = target.stranger;
  return kind === 'agent' && sessionId !== null ? { ...target.stranger, kind, sessionId } : null;
}

/**
 * What a person sends to an agent's terminal is a prompt of its session: its host types it when the turn before is over, and
 * sees that it arrives. Typed behind the host's back it could land in a question, or in the middle of another prompt.
 */
export async function sendToAgent(context: VerbContext, input: ActionInput, agent: AgentsPane): Promise<number> {
  const { options, words } = input;
  if (!options.enter || !options.clear) {
    throw refused('agents-terminal', `${agent.pane.sessionName} is the terminal of an agent: its host types there.`, {
      remedy: 'Leave out --no-enter and --no-clear, or type yourself with conduxt attach --write.',
    });
  }
  if (options.timeout !== undefined) {
    throw usageError('conflicting-options', 'A text for an agent is queued: there is no --timeout.', {
      remedy: 'Leave it out; conduxt wait returns when the session has nothing left to do.',
    });
  }
  const text = await promptText(context.io, { words, file: options.file });
  const said = { text, key: `tell/${newPromptId()}`, mode: 'queue' } as const;
  const { record, reply } = await tellThere(context, agent.sessionId, said);
  if (context.json) {
    const { stripped } = cleanInput(text);
    const facts = { terminal: strangerJson(agent), bytes: Buffer.byteLength(text), stripped, enter: true };
    context.printer.document({ schemaVersion: SCHEMA_VERSION, ...facts, told: { session: record.name, ...reply } });
  } else context.printer.result(`${record.name}: ${describeTell(reply)}`);
  return ExitCode.done;
}

/** Escape is what `conduxt cancel` begins with, Ctrl-C what `conduxt cancel --force` does. Neither ends the session. */
export async function interruptAgent(context: VerbContext, input: ActionInput, agent: AgentsPane): Promise<number> {
  const force = input.options.escape !== true;
  const session = context.session(agent.sessionId);
  const reply = await cancelIn(context, session, 'turn', force);
  const { name } = session.record;
  if (context.json) {
    const facts = { terminal: strangerJson(agent), key: force ? 'C-c' : 'Escape' };
    context.printer.document({ schemaVersion: SCHEMA_VERSION, ...facts, cancelled: { session: name, ...reply } });
  } else context.printer.result(`${name}: ${describeCancel(reply)}.`);
  return ExitCode.done;
}
