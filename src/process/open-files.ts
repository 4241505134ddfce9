import { readdirSync, readlinkSync } from 'node:fs';

/** The paths of the files that a process has open. Empty for one that is gone, another user's, and where there is no /proc. */
export function openFiles(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      return [readlinkSync(`${directory}/${name}`)];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}
