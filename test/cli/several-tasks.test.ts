import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { VerbContext } from '../../src/cli/context.ts';
import { Printer } from '../../src/cli/printer.ts';
import { planTasks } from '../../src/cli/run/plan-tasks.ts';
import { startOrFollow } from '../../src/cli/run/run-tasks.ts';
import { createSession } from '../../src/store/create-session.ts';
import { sessionRecord } from '../session/samples.ts';
import { fakeIo } from './fake-io.ts';
import { Workshop } from './workshop.ts';

describe('several tasks at once, one of which cannot begin', () => {
  const begin = async (shop: Workshop, options: { wait: boolean; parallel?: number }) => {
    const io = fakeIo({ cwd: shop.repo, homedir: shop.root, env: shop.env });
    const context = new VerbContext(io, new Printer(io, true));
    const plans = await planTasks(context, ['Fix one', 'Fix two', 'Fix three'], {
      agent: 'rehearsal',
      backend: 'auto',
      pr: true,
      verify: 'true',
      ...options,
    });
    const repo = plans[0]?.record.repo ?? null;
    // Another command is faster, after this one has looked.
    createSession(shop.state, shop.root, sessionRecord({ name: 'fix-two', repo }), 'x');
    const code = await startOrFollow(context, plans, options);
    return { code, lines: io.out().trim().split('\n'), names: namesIn(shop) };
  };
  const namesIn = (shop: Workshop): string[] =>
    readdirSync(path.join(shop.state, 'repos')).flatMap((key) => {
      const names = path.join(shop.state, 'repos', key, 'names');
      return existsSync(names) ? readdirSync(names) : [];
    });

  it('say so by name in the stream, and the others are seen to their ends', async (t) => {
    const shop = new Workshop(t);
    const { code, lines } = await begin(shop, { wait: true, parallel: 2 });
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const of = (type: string): unknown[] =>
      records.flatMap((each) => (each['type'] === type ? [each['session']] : [])).toSorted();
    assert.deepEqual([of('task'), of('error')], [['fix-one', 'fix-three'], ['fix-two']]);
    assert.deepEqual([of('outcome'), code], [['fix-one', 'fix-three'], 6]);
    await shop.run(['stop', 'fix-one', 'fix-three']);
  });

  it('say so in the document of --no-wait, and the others are begun', async (t) => {
    const shop = new Workshop(t);
    const { code, lines, names } = await begin(shop, { wait: false });
    const { tasks, errors } = JSON.parse(lines.join('\n')) as Record<'tasks' | 'errors', Record<string, unknown>[]>;
    const named = (list: Record<string, unknown>[]): unknown[] => list.map(({ session }) => session);
    assert.deepEqual([named(tasks), named(errors), code], [['fix-one', 'fix-three'], ['fix-two'], 6]);
    assert.deepEqual(names.toSorted(), ['fix-one', 'fix-three', 'fix-two']);
    await shop.run(['stop', 'fix-one', 'fix-three']);
  });
});
