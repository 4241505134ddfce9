import { textAt } from '../../acp/json.ts';

/** Where tools hold what a person wants to see of a call. */
const KEYS = ['command', 'file_path', 'filePath', 'path', 'pattern', 'url', 'query'];

/** For people: the tool and what it was called with. */
export function toolTitle(name: string, input: unknown): string {
  for (const key of KEYS) {
    const value = textAt(input, key);
    if (value !== null) return `${name}: ${value}`;
  }
  return name;
}
