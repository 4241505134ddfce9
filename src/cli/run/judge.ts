import { usageError } from '../../errors.ts';
import type { Config } from '../../config/config.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { BaseTree } from '../../git/tree.ts';
import type { SetupPlan, VerifyCommand, VerifyPlan } from '../../session/record.ts';
import { detectVerification } from '../../verify/detect.ts';
import { detectSetup } from '../../verify/detect-setup.ts';

const shellLine = (line: string): VerifyCommand => ({ type: 'shell', line });

/** The command that will judge the work: the flag, then the configuration, then what the base commit shows. */
export async function verifyPlan(
  flags: { readonly verify?: string | false | undefined },
  { config }: LoadedConfig,
  tree: BaseTree,
): Promise<VerifyPlan> {
  const { fresh, timeoutSeconds } = config.verify;
  const timeoutMs = timeoutSeconds * 1000;
  if (flags.verify === false) return { type: 'skipped' };
  if (flags.verify !== undefined) {
    if (flags.verify.trim() === '') {
      // An empty shell line succeeds: it would call everything verified.
      throw usageError('invalid-option', 'The command of --verify is empty.', {
        remedy: 'Give the command that runs the tests, or say --no-verify to deliver without.',
      });
    }
    return { type: 'command', command: shellLine(flags.verify), from: 'flag', runner: null, timeoutMs, fresh };
  }
  if (config.verify.command !== null) {
    return {
      type: 'command',
      command: shellLine(config.verify.command),
      from: 'config',
      runner: null,
      timeoutMs,
      fresh,
    };
  }
  const found = await detectVerification(tree);
  if (found === null) return { type: 'missing' };
  return {
    type: 'command',
    command: { type: 'argv', argv: found.argv },
    from: 'detected',
    runner: found.runner,
    timeoutMs,
    fresh,
  };
}

/** Where the package managers put what they install. */
const INSTALLED: Readonly<Record<string, string>> = {
  npm: 'node_modules',
  pnpm: 'node_modules',
  yarn: 'node_modules',
  bun: 'node_modules',
  bundle: 'vendor',
  composer: 'vendor',
  mix: 'deps',
};

function writesInto(command: VerifyCommand, linked: readonly string[]): boolean {
  const directory = command.type === 'argv' ? INSTALLED[command.argv[0] ?? ''] : undefined;
  return linked.some((path) => path.replace(/\/+$/, '') === directory || /^\.?venv\/*$/.test(path));
}

/** How a fresh worktree is made runnable: the configuration, else the lockfiles of the base commit. */
export async function setupPlan({ worktree }: Config, tree: BaseTree): Promise<SetupPlan> {
  const rest = { copy: worktree.copy, link: worktree.link, timeoutMs: worktree.timeoutSeconds * 1000 };
  if (worktree.setup !== null) return { ...rest, commands: worktree.setup.map(shellLine), from: 'config' };
  // A linked directory is the main checkout's: `npm ci` would empty it there.
  const commands = (await detectSetup(tree)).filter((command) => !writesInto(command, worktree.link));
  return { ...rest, commands, from: commands.length === 0 ? 'none' : 'detected' };
}
