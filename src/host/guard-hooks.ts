import { existsSync } from 'node:fs';
import path from 'node:path';
import { settingsIn, withGitSettings } from '../agents/git-settings.ts';
import { messageOf } from '../errors.ts';
import { createGit } from '../git/git.ts';
import { gitEnvironment } from '../git/git-environment.ts';
import { writeGuardHooks } from '../git/guard-hooks.ts';
import { ownBranch } from '../guard/rules/context.ts';
import { guardFacts } from '../guard/session-facts.ts';
import type { GitConfigSnapshot } from '../session/git-config.ts';
import type { HostContext } from './context.ts';

/**
 * An agent's commits are on the disk when its git is back: by default git syncs none, and a power loss takes them, on xfs
 * with the branch. Several objects share one sync (`batch`). A git before 2.36 knows neither and reads on.
 */
const DURABLE = [
  ['core.fsync', 'committed,reference'],
  ['core.fsyncMethod', 'batch'],
] as const;

/**
 * The agent's environment with hooks of ours for its git: whatever it runs, in whichever shell, a push to the primary
 * branch is refused by git itself. An agent without them is better than none: what goes wrong here is only noted.
 */
export async function guardedEnvironment(
  context: HostContext,
  env: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const { record, paths, clock, note } = context;
  if (record.repo === null || !existsSync(record.cwd)) return env;
  const directory = path.join(paths.dir, 'git-hooks');
  const facts = guardFacts(record, undefined);
  try {
    writeGuardHooks(directory, {
      protectedBranches: [facts.primaryBranch, ...(facts.alsoProtected ?? [])],
      protectsLocally: facts.taskBranch !== null,
      commonDir: record.repo.commonDir,
      ownHooks: await ownHooks(context),
      settingsBefore: settingsIn(env),
      instead: ownBranch(facts),
      nowSeconds: Math.floor(clock.now() / 1000),
    });
    return withGitSettings(env, [['core.hooksPath', directory], ...DURABLE]);
  } catch (error) {
    note(`the agent's git runs without the guard's hooks: ${messageOf(error)}`);
    return env;
  }
}

/** Where the repository's hooks are by its own configuration, which our calls of git override. */
async function ownHooks({ record, env, log }: HostContext): Promise<string | null> {
  if (record.repo === null) return null;
  const { gitConfig, life, turns } = log.folded;
  // Before the first turn the configuration was looked at a moment ago, and mostly says nothing of hooks.
  const isFresh = turns.count === 0 && life.decisions.size === 0;
  if (isFresh && gitConfig.accepted !== null && namesNoHooks(gitConfig.accepted))
    return path.join(record.repo.commonDir, 'hooks');
  const git = createGit({ cwd: record.cwd, env: gitEnvironment(env) });
  const { stdout } = await git.run(['config', '--type=path', '--show-scope', '--null', '--get-all', 'core.hooksPath'], {
    okCodes: [0, 1],
  });
  const fields = stdout.split('\0');
  let configured: string | null = null;
  for (let at = 0; at + 1 < fields.length; at += 2) if (fields[at] !== 'command') configured = fields[at + 1] ?? null;
  return configured === null || configured === ''
    ? path.join(record.repo.commonDir, 'hooks')
    : path.resolve(record.cwd, configured);
}

const namesNoHooks = ({ problem, settings }: GitConfigSnapshot): boolean =>
  problem === null && !Object.keys(settings).some((name) => name.toLowerCase().startsWith('core.hookspath '));
