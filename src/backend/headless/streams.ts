import type { StreamName } from '../../agents/headless/profile.ts';
import { readClaude } from './streams/claude.ts';
import { readCodex } from './streams/codex.ts';
import { readGemini } from './streams/gemini.ts';
import { readOpencode } from './streams/opencode.ts';
import { readPi } from './streams/pi.ts';
import type { StreamReader } from './told.ts';

/** How to read each vocabulary of events. Plain text has none. */
export const STREAMS: Readonly<Record<Exclude<StreamName, 'text'>, StreamReader>> = {
  claude: readClaude,
  codex: readCodex,
  gemini: readGemini,
  opencode: readOpencode,
  pi: readPi,
};
