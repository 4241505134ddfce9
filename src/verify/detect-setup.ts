import type { VerifyCommand } from '../session/record.ts';
import type { BaseTree } from './base-tree.ts';
import { findLockfile, packageManagerOf, readPackageJson } from './package-manager.ts';
import { pythonTools } from './python-tools.ts';

/**
 * The commands that make a fresh worktree runnable, from the lockfiles of one commit; empty when nothing has to be
 * installed. None of them changes a tracked file: a lockfile is obeyed, never written.
 * Go and Cargo fetch what they need by themselves.
 */
export async function detectSetup(tree: BaseTree): Promise<readonly VerifyCommand[]> {
  const commands: (readonly string[])[] = [
    ...(await javascript(tree)),
    ...(await pythonTools(tree)).setup,
    ...((await tree.has('Gemfile.lock')) ? [['bundle', 'install', '--quiet']] : []),
    ...((await tree.has('composer.lock')) ? [['composer', 'install', '--no-interaction', '--no-progress']] : []),
    ...((await tree.has('mix.lock')) ? [['mix', 'deps.get', '--check-locked']] : []),
    ...((await isDotnet(tree)) ? [['dotnet', 'restore']] : []),
  ];
  return commands.map((argv) => ({ type: 'argv', argv }));
}

async function javascript(tree: BaseTree): Promise<(readonly string[])[]> {
  const manifest = await readPackageJson(tree);
  if (manifest === null) return [];
  const manager = await packageManagerOf(tree, manifest);
  const locked = (await findLockfile(tree))?.manager === manager;
  if (!locked && !manifest.hasDependencies) return [];
  switch (manager) {
    case 'npm':
      return [['npm', ...(locked ? ['ci'] : ['install', '--no-package-lock']), '--no-audit', '--no-fund']];
    case 'pnpm':
      return [['pnpm', 'install', locked ? '--frozen-lockfile' : '--no-lockfile']];
    case 'bun':
      return [['bun', 'install', ...(locked ? ['--frozen-lockfile'] : ['--no-save'])]];
    case 'yarn': {
      const berry = (await tree.has('.yarnrc.yml')) || /^yarn@([2-9]|\d\d)/.test(manifest.packageManager ?? '');
      if (berry) return [['yarn', 'install', ...(locked ? ['--immutable'] : [])]];
      return [['yarn', 'install', '--non-interactive', locked ? '--frozen-lockfile' : '--no-lockfile']];
    }
  }
}

async function isDotnet(tree: BaseTree): Promise<boolean> {
  return (await tree.list('')).some((name) => /\.(sln|slnx|csproj|fsproj|vbproj)$/.test(name));
}
