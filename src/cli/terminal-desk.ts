import os from 'node:os';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import { TerminalDesk } from '../placement/desk.ts';
import { projectSlug } from '../placement/terminal-names.ts';
import { TmuxServer } from '../tmux/server.ts';
import { requireTmux } from '../tmux/version.ts';
import type { VerbContext } from './context.ts';
import { sessionPlace } from './session-plan.ts';

/** Where a plain command was typed, and what is configured there. */
export interface CommandPlace {
  readonly config: Config;
  /** Of the repository, or of the directory. */
  readonly project: string;
}

export async function commandPlace(context: VerbContext): Promise<CommandPlace> {
  const { loaded, ref, cwd } = await sessionPlace(context, 'optional');
  return { config: loaded.config, project: projectSlug(ref?.slug ?? path.basename(cwd)) };
}

/**
 * @param socket of another server than ours, or null.
 * @throws `tmux-missing`, `tmux-too-old` (exit 5).
 */
export async function openDesk(
  context: VerbContext,
  { config, project }: CommandPlace,
  socket: string | null = null,
): Promise<TerminalDesk> {
  const { env } = context.io;
  await requireTmux(env, 'Without it, commands run with conduxt exec --route direct.');
  const server = new TmuxServer(context.places.home, env, socket);
  return new TerminalDesk(context.places.home, server, { prefix: config.sessionPrefix, project });
}

/** The session that the configuration names for this machine. */
export const machineSession = (config: Config, hostname = os.hostname()): string | null =>
  (config.machines[hostname] ?? config.machines[hostname.split('.')[0] ?? ''])?.session ?? null;
