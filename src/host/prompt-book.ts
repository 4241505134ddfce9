import type { PromptDropped } from '../session/events.ts';
import type { PromptEntry } from '../session/fold/prompts.ts';
import type { PromptKind } from '../session/words.ts';
import { replaceFile } from '../store/durable-files.ts';
import { promptFile } from '../store/paths.ts';
import { sha256 } from '../text/sha256.ts';
import type { HostContext } from './context.ts';

/** What the journal keeps of a text. */
export const hashOf = (text: string): string => sha256(text);

export interface NewPrompt {
  readonly promptId: string;
  readonly key: string;
  readonly text: string;
  readonly kind: PromptKind;
  /** Goes before everything queued earlier. */
  readonly urgent: boolean;
}

/**
 * Makes a prompt owed: its text first, then the promise. A promise without the text would be a lost prompt. When this
 * resolves, both are on stable storage. With a key that is known, the prompt that has it is returned.
 */
export async function queuePrompt({ log, paths }: HostContext, prompt: NewPrompt): Promise<PromptEntry> {
  replaceFile(promptFile(paths, prompt.promptId), prompt.text);
  await log.append({
    type: 'prompt-queued',
    promptId: prompt.promptId,
    key: prompt.key,
    kind: prompt.kind,
    bytes: Buffer.byteLength(prompt.text),
    sha256: hashOf(prompt.text),
    ...(prompt.urgent ? { urgent: true } : {}),
  });
  const entry = log.folded.prompts.byKey.get(prompt.key);
  if (entry === undefined) throw new Error(`prompt ${prompt.promptId} was journaled but not folded`);
  return entry;
}

/** Drops what is owed, but for `except`. @returns how many that were. */
export async function dropOwed(
  { log }: HostContext,
  reason: PromptDropped['reason'],
  except: PromptEntry | null = null,
): Promise<number> {
  const owed = log.folded.prompts.owed.filter((entry) => entry !== except);
  for (const entry of owed) await log.append({ type: 'prompt-dropped', promptId: entry.id, reason });
  return owed.length;
}
