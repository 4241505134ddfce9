import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TerminalProfile } from '../../agents/terminal/profile.ts';
import { ownProgram } from '../../tmux/programs.ts';
import type { RunDirectory } from '../../tmux/run-directory.ts';
import type { PermissionMode } from '../../session/words.ts';

export interface AgentArguments {
  readonly profile: TerminalProfile;
  readonly permissions: PermissionMode;
  readonly run: RunDirectory;
  /** The conversation to go on with, or the id that a new one gets; null: the agent chooses. */
  readonly conversation: { readonly type: 'resume' | 'new'; readonly id: string } | null;
}

/** What the agent is given besides its own arguments. Writes the settings file of its hooks into the run directory. */
export function agentArguments({ profile, permissions, run, conversation }: AgentArguments): string[] {
  const template =
    conversation === null ? null : conversation.type === 'resume' ? profile.resumeArgs : profile.newIdArgs;
  const fill = (words: readonly string[]): string[] =>
    words.map((word) => word.replace('{id}', conversation?.id ?? '').replace('{dir}', run.dir));
  return [
    // First: `codex resume <id>` is a subcommand.
    ...fill(template ?? []),
    ...profile.args,
    ...(profile.permissionArgs[permissions] ?? []),
    ...fill(profile.directoryArgs),
    ...hookArguments(profile, run),
  ];
}

const CLAUDE_EVENTS = [
  ...['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop', 'StopFailure', 'SessionEnd'],
];

function hookArguments({ hooks }: TerminalProfile, run: RunDirectory): string[] {
  const program = [...ownProgram('terminal-hook.js', '../backend/terminal/hook-program.ts'), run.hooks];
  switch (hooks) {
    case null:
      return [];
    case 'claude-settings': {
      const file = path.join(run.dir, 'claude-settings.json');
      // A shell line, by Claude's rules; its words are ours.
      const entry = [{ hooks: [{ type: 'command', command: program.map(quoted).join(' '), timeout: 20 }] }];
      const settings = { hooks: Object.fromEntries(CLAUDE_EVENTS.map((event) => [event, entry])) };
      writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
      return ['--settings', file];
    }
    case 'codex-notify':
      return ['-c', `notify=${JSON.stringify(program)}`];
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
