import type { BaseTree } from './base-tree.ts';

/** What detection reads of a `package.json`; anything of another type counts as absent. */
export interface PackageJson {
  readonly scripts: Readonly<Record<string, string>>;
  readonly packageManager: string | null;
  readonly hasDependencies: boolean;
}

export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

const LOCKFILES: readonly (readonly [string, PackageManager])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
];

/** The `package.json` at the root; null when there is none or it is not a JSON object. */
export async function readPackageJson(tree: BaseTree): Promise<PackageJson | null> {
  const json = parseObject(await tree.read('package.json'));
  if (json === null) return null;
  const scripts = Object.entries(isObject(json['scripts']) ? json['scripts'] : {});
  const named = (key: string): boolean => isObject(json[key]) && Object.keys(json[key]).length > 0;
  return {
    scripts: Object.fromEntries(scripts.filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
    packageManager: typeof json['packageManager'] === 'string' ? json['packageManager'] : null,
    hasDependencies: ['dependencies', 'devDependencies', 'optionalDependencies', 'workspaces'].some(named),
  };
}

/** The lockfile that is there, if any, and whose it is. */
export async function findLockfile(tree: BaseTree): Promise<{ file: string; manager: PackageManager } | null> {
  for (const [file, manager] of LOCKFILES) if (await tree.has(file)) return { file, manager };
  return null;
}

/** The `packageManager` field is a statement; a lockfile is only evidence. */
export async function packageManagerOf(tree: BaseTree, manifest: PackageJson): Promise<PackageManager> {
  const [, stated] = /^(npm|pnpm|yarn|bun)@/.exec(manifest.packageManager ?? '') ?? [];
  if (stated === 'npm' || stated === 'pnpm' || stated === 'yarn' || stated === 'bun') return stated;
  return (await findLockfile(tree))?.manager ?? 'npm';
}

/** A JSON object, or null for anything else. */
export function parseObject(text: string | null): Readonly<Record<string, unknown>> | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null; // Not JSON: the same as not there.
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
