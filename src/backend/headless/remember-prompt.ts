import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { replaceJson, type RunDirectory } from '../../tmux/run-directory.ts';

/** For the hook after a compaction: where the agent finds its instructions again. */
export function rememberPrompt(run: RunDirectory, turnId: string, text: string): void {
  const promptFile = path.join(run.dir, `prompt-${turnId}.md`);
  try {
    writeFileSync(promptFile, text, { mode: 0o600 });
    replaceJson(run.turn, { promptFile });
  } catch (error) {
    // Half of it would only take up room.
    rmSync(promptFile, { force: true });
    throw error;
  }
}
