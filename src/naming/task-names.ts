import { nameProblem } from '../session/names.ts';
import { significantWords } from './significant-words.ts';

const MAX_NAME_CHARS = 40;
/** Room for `-99` behind a name that is taken. */
const MAX_BASE_CHARS = 36;
const MAX_WORDS = 4;

/**
 * A task's semantic name: `issue-78` for an issue, else the words that carry the meaning (`add-pagination`). Always
 * valid under `session/names.ts`; the same words always give the same name.
 */
export function nameForTask(task: { readonly issueNumber?: number; readonly words: string }): string {
  if (task.issueNumber !== undefined) return `issue-${task.issueNumber}`;
  const name = joinWithin(significantWords(task.words).slice(0, MAX_WORDS), MAX_BASE_CHARS);
  // Digits alone would look like an issue number, nothing at all (words in another script) like no name.
  return nameProblem(name) === undefined && name.length > 1 ? name : `task-${shortHash(task.words)}`;
}

/** The name itself, or with the first free number behind it: `issue-78-2`. */
export function uniqueName(base: string, taken: ReadonlySet<string>): string {
  if (!taken.has(base)) return base;
  for (let number = 2; ; number += 1) {
    const suffix = `-${number}`;
    const name = `${base.slice(0, MAX_NAME_CHARS - suffix.length).replace(/-+$/, '')}${suffix}`;
    if (!taken.has(name)) return name;
  }
}

/** As many whole words as fit; a first word that does not fit is cut. */
function joinWithin(words: readonly string[], maxChars: number): string {
  let name = (words[0] ?? '').slice(0, maxChars);
  for (const word of words.slice(1)) {
    if (name.length + 1 + word.length > maxChars) break;
    name += `-${word}`;
  }
  return name;
}

/** FNV-1a over the UTF-16 units, as six letters and digits: only to tell names apart. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash.toString(36).padStart(6, '0').slice(-6);
}
