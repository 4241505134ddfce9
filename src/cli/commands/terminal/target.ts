import { notFound, refused } from '../../../errors.ts';
import type { TerminalDesk } from '../../../placement/desk.ts';
import { foregroundOf, groupOf } from '../../../placement/foreground.ts';
import { strangersOn, type Stranger } from '../../../placement/strangers.ts';
import { isShell, type Terminal } from '../../../placement/terminal.ts';
import { isoTime } from '../../../clock.ts';
import { terminalJson, type TerminalJson } from '../../terminal-json.ts';
import type { CommandPlace } from '../../terminal-desk.ts';
import type { TerminalOptions } from './actions.ts';

export interface ActionInput {
  readonly desk: TerminalDesk;
  readonly place: CommandPlace;
  readonly name: string;
  readonly words: readonly string[];
  readonly options: TerminalOptions;
}

/** What a name stands for: one of ours, or something else on the server. */
export type Target =
  | { readonly kind: 'terminal'; readonly terminal: Terminal }
  | { readonly kind: 'stranger'; readonly stranger: Stranger };

/** @throws `terminal-not-found` (exit 4). */
export async function targetOf({ desk, name, options }: ActionInput): Promise<Target> {
  const terminals = options.socket === undefined ? await desk.all() : [];
  const terminal = options.socket === undefined ? await desk.find(name) : null;
  if (terminal !== null) return { kind: 'terminal', terminal };
  const strangers = await strangersOn(desk.server, terminals);
  const stranger = strangers.find(({ pane }) => pane.sessionName === name || pane.paneId === name);
  if (stranger !== undefined) return { kind: 'stranger', stranger };
  throw notFound('terminal-not-found', `There is no terminal "${name.slice(0, 80)}".`, {
    remedy: 'See conduxt terminal list.',
    facts: { name },
  });
}

/** What may be changed: ours, and on another server what was named there. @throws `not-yours` (exit 6). */
export async function changeable(input: ActionInput): Promise<Target> {
  const target = await targetOf(input);
  if (target.kind === 'terminal' || input.options.socket !== undefined) return target;
  const { kind, pane, sessionId } = target.stranger;
  throw kind === 'agent'
    ? refused('agents-terminal', `${pane.sessionName} is the terminal of an agent.`, {
        remedy: `End it with conduxt stop ${sessionId ?? ''}; send and interrupt reach its agent through its host.`,
      })
    : refused('not-yours', `${pane.sessionName} was not made by conduxt.`, {
        remedy: `Take it over with conduxt terminal create ${pane.sessionName} --reuse.`,
      });
}

export interface TargetJson extends Omit<TerminalJson, 'kind' | 'id' | 'createdAt' | 'directory'> {
  readonly kind: 'terminal' | Stranger['kind'];
  /** Of the session of an agent; null for what conduxt does not know. */
  readonly id: string | null;
  readonly createdAt: string | null;
  readonly directory: string | null;
}

export const targetJson = (target: Target): TargetJson =>
  target.kind === 'terminal' ? terminalJson(target.terminal) : strangerJson(target.stranger);

export function strangerJson({ pane, kind, sessionId }: Stranger): TargetJson {
  const foreground = strangerForeground({ pane, kind, sessionId });
  return {
    name: pane.sessionName,
    id: sessionId,
    kind,
    state: pane.dead ? 'ended' : foreground === null ? 'idle' : 'running',
    foreground,
    lastActivityAt: pane.activity > 0 ? isoTime(pane.activity * 1000) : null,
    createdAt: null,
    directory: null,
    command: null,
    owner: null,
    exitCode: null,
    signal: null,
  };
}

/** Null: a shell waits. */
export function strangerForeground({ pane, kind }: Stranger): string | null {
  if (pane.dead) return null;
  const now = foregroundOf(pane.pid);
  const isLeader = now === null || now.group === groupOf(pane.pid);
  const program = isLeader ? pane.command : (now.program ?? pane.command);
  return kind === 'other' && isLeader && isShell(program) ? null : program;
}

export const paneOf = (target: Target): Stranger['pane'] | null =>
  target.kind === 'terminal' ? target.terminal.pane : target.stranger.pane;

export const nameOf = (target: Target): string =>
  target.kind === 'terminal' ? target.terminal.record.name : target.stranger.pane.sessionName;
