import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a program of ours is started from anywhere: with this very Node, from beside this code or from its source. */
export function ownProgram(built: string, source: string): [string, string, string] {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const bundle = path.join(here, built);
  const file = existsSync(bundle) ? bundle : path.join(here, source);
  return [process.execPath, '--disable-warning=ExperimentalWarning', file];
}

export const supervisorProgram = (): [string, string, string] => ownProgram('supervisor.js', 'supervisor.ts');
