import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as z from 'zod';
import { main } from '../../src/cli/main.ts';
import { OPERATIONS } from '../../src/cli/manifest/operations.ts';
import { verbs } from '../../src/cli/verbs.ts';
import { hasTmux } from '../tmux/scratch.ts';
import { fakeIo } from './fake-io.ts';
import { TerminalRig } from './terminal-scratch.ts';

const Manifest = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  version: z.string().regex(/^\d+\.\d+\.\d+/),
  effects: z.array(z.string()),
  capabilities: z.array(z.object({ id: z.string(), description: z.string() })),
  operations: z.array(z.object({ id: z.string(), capability: z.string(), effect: z.enum(['read', 'change']) })),
  commands: z.array(z.object({ name: z.string(), options: z.array(z.object({ flag: z.string(), type: z.string() })) })),
});

async function read(): Promise<z.infer<typeof Manifest>> {
  const io = fakeIo({ env: { CONDUXT_HOME: '/nonexistent/conduxt' } });
  assert.equal(await main(['manifest'], io), 0);
  return Manifest.parse(JSON.parse(io.out()));
}

/** Whether `value` is as a schema of ours says; a reason when it is not. */
function misfit(schema: unknown, value: unknown, at: string): string | null {
  const parsed = z.fromJSONSchema(schema as never).safeParse(value);
  return parsed.success ? null : `${at}: ${parsed.error.message}`;
}

describe('the manifest', () => {
  it('names what the program can do and what it touches', async () => {
    const found = await read();
    assert.ok(found.effects.includes('proc.exec'));
    const ids = found.capabilities.map(({ id }) => id);
    for (const id of ['route', 'session-manage', 'capture', 'reclaim', 'error-workaround']) {
      assert.ok(ids.includes(`tmux-${id}`), id);
    }
    assert.deepEqual(
      found.commands.map(({ name }) => name),
      verbs.map(({ name }) => name),
    );
    assert.ok(found.operations.every(({ capability }) => ids.includes(capability)));
  });

  it('tells looking from changing', async () => {
    const { operations } = await read();
    const reading = operations.filter(({ effect }) => effect === 'read').map(({ id }) => id);
    assert.deepEqual(reading, ['manage-session.list', 'manage-session.check', 'capture']);
  });

  it('has an input for every option of the command, and no other', async () => {
    const { commands } = await read();
    for (const { command, input, id } of OPERATIONS) {
      const verb = commands.find(({ name }) => name === command[1]);
      const flags = verb?.options.map(({ flag }) => flag.replace(/^--/, '')) ?? [];
      const inputs = Object.keys(input['properties'] as object).filter(
        (name) => !['command', 'name', 'words'].includes(name),
      );
      for (const name of inputs) assert.ok(flags.includes(name), `${id}: --${name}`);
    }
  });

  it('describes what really comes out', async (t) => {
    if (!(await hasTmux(t))) return;
    const rig = new TerminalRig(t);
    const outputOf = (id: string): unknown => OPERATIONS.find((each) => each.id === id)?.output;
    const calls: readonly (readonly [string, readonly string[]])[] = [
      ['route-command', ['exec', '--json', '--', 'true']],
      ['route-command', ['exec', '--json', '--name', 'dev', '--check', 'hi', '--', 'sh', '-c', 'echo hi; sleep 300']],
      ['manage-session.create', ['terminal', 'create', 'build', '--json']],
      ['manage-session.check', ['terminal', 'check', 'build', '--idle', '--json']],
      ['manage-session.send', ['terminal', 'send', 'build', 'true', '--no-clear', '--json']],
      ['manage-session.interrupt', ['terminal', 'interrupt', 'build', '--json']],
      ['manage-session.rename', ['terminal', 'rename', 'build', 'tests', '--json']],
      ['manage-session.list', ['terminal', 'list', '--json']],
      ['capture', ['terminal', 'capture', 'dev', '--json']],
      ['reclaim', ['reclaim', '--dry-run', '--port', '1', '--json']],
      ['manage-session.kill', ['terminal', 'kill', '--all', '--json']],
    ];
    for (const [id, args] of calls) {
      const { code, out, err } = await rig.run(...args);
      assert.equal(code, 0, err + out);
      assert.equal(misfit(outputOf(id), JSON.parse(out), args.join(' ')), null);
      assert.notEqual(misfit(outputOf(id), { schemaVersion: 1 }, ''), null, 'the schema refuses something');
    }
  });
});
