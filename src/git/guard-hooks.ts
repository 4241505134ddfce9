import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import { guardHookScript, type HookFacts } from './guard-hook-script.ts';

/** Hooks a repository may have on this side; git looks for each by its name. */
const CLIENT_HOOKS = [
  ...['applypatch-msg', 'pre-applypatch', 'post-applypatch', 'pre-commit', 'pre-merge-commit', 'prepare-commit-msg'],
  ...['commit-msg', 'post-commit', 'pre-rebase', 'post-checkout', 'post-merge', 'pre-push', 'pre-auto-gc'],
  ...['post-rewrite', 'sendemail-validate', 'reference-transaction'],
];

/** The stamp is older than anything that happens from now on, also where a clock counts whole seconds. */
const STAMP_AGE_SECONDS = 2;

/**
 * Writes a directory for `core.hooksPath`: every hook hands on to the repository's own, `pre-push` and
 * `reference-transaction` look first. Plain files, each whole in itself: a tool that installs hooks there replaces one and
 * not all. Nothing outside of the directory is touched; again, it is written anew. Some seventy short calls, which an agent's
 * start waits for: by way of Node's threads they take five times as long.
 * @param directory ours alone; made with mode 0700.
 */
export function writeGuardHooks(directory: string, facts: HookFacts): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const script = guardHookScript(facts);
  const own = facts.ownHooks === null ? [] : namesIn(facts.ownHooks);
  for (const name of new Set([...CLIENT_HOOKS, ...own])) {
    const temporary = join(directory, `.${name}.new`);
    writeFileSync(temporary, script, { mode: 0o700 });
    chmodSync(temporary, 0o700);
    renameSync(temporary, join(directory, name));
  }
  const stamp = join(directory, '.written');
  rmSync(stamp, { force: true });
  writeFileSync(stamp, '', { mode: 0o600 });
  const time = facts.nowSeconds - STAMP_AGE_SECONDS;
  utimesSync(stamp, time, time);
}

/** Rare hooks (`post-index-change`) cost something at each call, so they are only there when the repository has them. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => /^[a-z][a-z0-9-]*$/.test(name));
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
