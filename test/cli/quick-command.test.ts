import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Command } from 'commander';
import fc from 'fast-check';
import { collect, parseCount } from '../../src/cli/options.ts';
import { QuickCommand } from '../../src/cli/quick-command.ts';
import type { VerbContext } from '../../src/cli/context.ts';
import type { VerbCommand } from '../../src/cli/verb-command.ts';
import { verbs } from '../../src/cli/verbs.ts';

type Declare = (command: VerbCommand, context: VerbContext) => void;

/** A context whose actions only remember what they were called with. */
function remembering(): { context: VerbContext; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const act =
    () =>
    async (...args: unknown[]): Promise<void> => {
      calls.push(args);
    };
  return { context: { act } as unknown as VerbContext, calls };
}

/** What the verb's action is called with; null when the parser does not run it. */
async function quickly(declare: Declare, argv: readonly string[]): Promise<unknown[] | null> {
  const { context, calls } = remembering();
  const command = new QuickCommand();
  declare(command, context);
  await command.parse(argv)?.run();
  return calls[0] ?? null;
}

async function byCommander(declare: Declare, argv: readonly string[]): Promise<unknown[] | null> {
  const { context, calls } = remembering();
  const program = new Command('conduxt').exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  const command = program.command('verb').exitOverride();
  command.configureOutput({ writeErr: () => {}, writeOut: () => {} });
  declare(command, context);
  try {
    await program.parseAsync(['verb', ...argv], { from: 'user' });
  } catch {
    return null;
  }
  return calls[0]?.slice(0, -1) ?? null;
}

const everything: Declare = (command, context) => {
  command
    .argument('<one>', '')
    .argument('[more...]', '')
    .option('-a, --all', '')
    .option('--no-wait', '')
    .option('--dry-run', '')
    .option('--file <path>', '')
    .option('-n, --count <n>', '', parseCount(1, 9))
    .option('--tag <tag>', '', collect)
    .action(context.act(() => 0));
};

describe('a command line that is read quickly', () => {
  for (const [argv, options] of [
    [['x'], { wait: true }],
    [['x', 'y', '-'], { wait: true }],
    [['--file', 'f', 'x', '-a', '--no-wait'], { wait: false, all: true, file: 'f' }],
    [['--file=f', 'x', '-n', '3', '--dry-run'], { wait: true, file: 'f', count: 3, dryRun: true }],
    [['x', '--tag', 'a', '--tag', 'b'], { wait: true, tag: ['a', 'b'] }],
  ] as const) {
    it(`understands ${argv.join(' ')}`, async () => {
      assert.deepEqual((await quickly(everything, argv))?.at(-1), options);
    });
  }

  for (const argv of [
    [],
    ['--help'],
    ['x', '--unknown'],
    ['x', '--file'],
    ['x', '--count', '99'],
    ['x', '-an'],
    ['x', '--', '-y'],
  ]) {
    it(`leaves "${argv.join(' ')}" to commander`, async () => assert.equal(await quickly(everything, argv), null));
  }

  it('means to every verb what commander takes it for', async () => {
    const words = fc.constantFrom('x', 'issue-78', '-', '', '3', '30d', '--', '-h', '--nope', '-a', '--json', '1:5');
    const declared = await Promise.all(
      verbs.map(async (verb) => {
        const loaded = await verb.load();
        const define: Declare = (command, context) => loaded.define(command, context);
        const command = new Command('probe');
        define(command, remembering().context);
        const flags = command.options.flatMap((option) => [option.long ?? '', option.short ?? '']).filter(Boolean);
        return { define, flags };
      }),
    );
    const cases = fc.constantFrom({ define: everything, flags: ['--file', '--tag=x', '-n', '--count=3'] }, ...declared);
    await fc.assert(
      fc.asyncProperty(
        cases.chain(({ define, flags }) =>
          fc.record({
            define: fc.constant(define),
            argv: fc.array(fc.oneof(words, fc.constantFrom('x', ...flags)), { maxLength: 5 }),
          }),
        ),
        async ({ define, argv }) => {
          const quick = await quickly(define, argv);
          if (quick !== null) assert.deepEqual(quick, await byCommander(define, argv));
        },
      ),
      { numRuns: 600 },
    );
  });
});
