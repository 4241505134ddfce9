import type { AgentProfile } from '../../agents/profile.ts';
import type { TerminalProfile } from '../../agents/terminal/profile.ts';
import { terminalFor } from '../../agents/terminal/profiles.ts';
import { kindOf } from '../../session/record.ts';
import { installedTmux, isRecent } from '../../tmux/version.ts';
import type { VerbContext } from '../context.ts';
import { findTerminalIn, type AgentPlace } from '../run/launch-agent.ts';
import { good, note, type Check } from './check.ts';

/**
 * Whether it could be driven in a terminal, and what is known of it there. Nothing is started: many of these programs
 * ask before they begin.
 */
export async function checkTerminal(context: VerbContext, place: AgentPlace, profile: AgentProfile): Promise<Check[]> {
  const found = await findTerminalIn(context, place, profile);
  if (found.state === 'missing') {
    return profile.terminal ? [note('terminal', `${profile.title}: ${found.reason}`, found.install)] : [];
  }
  const { command, args } = found.launch;
  const tmux = await installedTmux(context.io.env);
  const words = [command, ...args].join(' ');
  if (tmux === null || !isRecent(tmux)) {
    return [note('terminal', `${profile.title} in tmux: ${words}, but there is no tmux 3.3 or newer`, 'Install tmux.')];
  }
  return [
    good(
      'terminal',
      `${profile.title} in tmux ${tmux.text}, not started here: ${abilities(terminalFor(kindOf(profile)))} (${words})`,
    ),
  ];
}

const abilities = ({ resumeArgs, nativeId, hooks, interrupt }: TerminalProfile): string =>
  [
    resumeArgs === null ? 'a new conversation each time' : 'resumes its conversations',
    ...(nativeId === 'same' ? ['goes on with one from ACP'] : []),
    hooks === null ? 'read from its screen and its callback file' : 'told by its hooks',
    ...(interrupt.length === 0 ? ['cannot be interrupted'] : []),
  ].join('; ');
