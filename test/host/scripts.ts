import type { Script } from '../../src/rehearsal/fault-agent/script.ts';

/** Stays in the turn of the prompt `first` until that is cancelled, and answers every other prompt. */
export const HANGS_FIRST: Script = {
  prompts: [
    { match: 'first', steps: [{ type: 'text', text: 'x' }, { type: 'hang' }] },
    { match: '.', steps: [{ type: 'text', text: 'ok' }] },
  ],
};
