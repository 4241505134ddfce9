import path from 'node:path';
import { sandboxed } from '../agents/sandbox.ts';
import { agentState } from '../agents/sandbox-state.ts';
import { kindOf } from '../session/record.ts';
import { makePrivateDirectory } from '../store/durable-files.ts';
import type { HostContext } from './context.ts';

/** Wraps a command line that works in `cwd`. */
export type Wrap = (argv: readonly [string, ...string[]], cwd: string) => readonly [string, ...string[]];

/** How this session's agent, set-up and tests are confined; null: not at all. */
export function sandboxOf({ record, home, paths, env }: HostContext): Wrap | null {
  const { sandbox, repo } = record;
  if (sandbox === undefined) return null;
  const userHome = env['HOME'] ?? '/';
  const temporary = path.join(paths.run, 'sandbox-tmp');
  const atHome = (place: string): string => path.resolve(userHome, place.replace(/^~\//, ''));
  return (argv, cwd) => {
    makePrivateDirectory(temporary);
    const [program] = argv;
    return sandboxed(
      {
        program: sandbox.program,
        cwd,
        commonDir: repo?.commonDir ?? null,
        writable: [...agentState(kindOf(record.agent)), ...sandbox.writable].map(atHome),
        temporary,
        hidden: home,
        shown: {
          readable: [path.join(paths.dir, 'git-hooks')],
          writable: [paths.run, path.join(home, 'rehearsal')],
        },
        readable: [
          ...(repo === null ? [] : [repo.root]),
          ...[program, process.execPath, import.meta.dirname, ...argv.slice(1)]
            .filter((each) => path.isAbsolute(each))
            .map((each) => path.dirname(each)),
        ],
      },
      argv,
    );
  };
}

/** For set-up and tests: `inside` of their inputs, when there is a sandbox. */
export function insideSandbox(context: HostContext): { readonly inside?: Wrap } {
  const wrap = sandboxOf(context);
  return wrap === null ? {} : { inside: wrap };
}
