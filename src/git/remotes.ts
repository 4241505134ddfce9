import { withoutCredentials, type Git } from './git.ts';

export interface Remote {
  readonly name: string;
  /** Where git would fetch from, after `insteadOf` rewriting, without credentials. */
  readonly url: string;
  readonly pushUrl: string;
}

/** All remotes, `origin` first, then by name. */
export async function remotes(git: Git): Promise<Remote[]> {
  return parseRemotes((await git.run(['remote', '-v'])).stdout);
}

/** Lines of `git remote -v`: `origin<TAB>https://… (fetch)`, newer ones with a filter such as ` [blob:none]` behind. */
export function parseRemotes(text: string): Remote[] {
  const found = new Map<string, { url: string; pushUrl: string }>();
  for (const line of text.split('\n')) {
    const match = /^(\S+)\t(.*) \((fetch|push)\)(?: \[[^\]]*\])?$/.exec(line);
    const [, name, url, direction] = match ?? [];
    if (name === undefined || url === undefined) continue;
    const clean = withoutCredentials(url);
    const known = found.get(name) ?? { url: clean, pushUrl: clean };
    if (direction === 'push') known.pushUrl = clean;
    else known.url = clean;
    found.set(name, known);
  }
  return [...found]
    .map(([name, urls]) => ({ name, ...urls }))
    .toSorted((a, b) => Number(b.name === 'origin') - Number(a.name === 'origin') || (a.name < b.name ? -1 : 1));
}
