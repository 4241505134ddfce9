import { existsSync, lstatSync, readdirSync, type Dirent, type Stats } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { systemCode } from '../errors.ts';

/** What runners, compilers, editors and agents keep for themselves; tests pass or fail without it all the same. */
const CACHES =
  /^(__pycache__|\.(pytest|mypy|ruff|hypothesis|cache|parcel-cache|turbo|nyc_output|nox|tox|gradle|phpunit|eslintcache|stylelintcache|sass-cache)[\w.-]*|\.(idea|vscode|claude|codex|gemini|opencode|aider[\w.-]*)|htmlcov|coverage|\.coverage[\w.-]*|\.DS_Store|Thumbs\.db)$|\.(pyc|pyo|log|pid|swp|tmp|tsbuildinfo)$|~$/;

/** Below `node_modules`, tools keep their caches in directories of this kind; `.bin` and `.pnpm` are the modules. */
const MODULE_CACHES = /^\.(?!bin$|pnpm$)/;

/** Build directories that their tool compares with the sources, if its manifest stands beside them. */
const BUILDS: Readonly<Record<string, RegExp>> = {
  target: /^(Cargo\.toml|pom\.xml|build\.sbt)$/,
  build: /^(build\.gradle(\.kts)?|CMakeLists\.txt)$/,
  bin: /\.(cs|fs|vb)proj$/,
  obj: /\.(cs|fs|vb)proj$/,
  _build: /^mix\.exs$/,
  '.build': /^Package\.swift$/,
};

/** More entries than this are not looked through: what is too much to see may hold anything. */
const MAX_ENTRIES = 200_000;
const ENTRIES_PER_BREATH = 2000;

/**
 * Files below `root` that changed after `sinceMs` (epoch), by the time that nobody can set (ctime), without caches.
 * @param paths files and directories, relative to `root`; links are not followed
 * @returns at most `limit`; with more entries than can be looked through, the name of where it stopped
 */
export async function changedSince(
  root: string,
  paths: readonly string[],
  sinceMs: number,
  limit: number,
): Promise<readonly string[]> {
  const found: string[] = [];
  const left = paths.map((path) => path.replace(/\/+$/, '')).filter((path) => !isCache(root, path));
  for (let seen = 1; left.length > 0 && found.length < limit; seen += 1) {
    const path = left.pop() ?? '';
    if (seen > MAX_ENTRIES) return [...found, path];
    if (seen % ENTRIES_PER_BREATH === 0) await breathe();
    const info = statOf(join(root, path));
    if (info === null) continue;
    if (info.isDirectory()) {
      for (const entry of entriesOf(join(root, path))) {
        const inner = `${path}/${entry.name}`;
        if (entry.name !== '.git' && !isCache(root, inner)) left.push(inner);
      }
    } else if (info.ctimeMs > sinceMs) found.push(path);
  }
  return found;
}

function isCache(root: string, path: string): boolean {
  const names = path.split('/');
  const name = names.at(-1) ?? '';
  if (CACHES.test(name)) return true;
  if (names.at(-2) === 'node_modules' && MODULE_CACHES.test(name)) return true;
  const manifest = Object.hasOwn(BUILDS, name) ? BUILDS[name] : undefined;
  if (manifest === undefined) return false;
  return entriesOf(join(root, ...names.slice(0, -1))).some((entry) => manifest.test(entry.name));
}

function statOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    // Gone meanwhile: nothing that could have helped.
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
    throw error;
  }
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (!existsSync(directory) || systemCode(error) === 'EACCES') return [];
    throw error;
  }
}
