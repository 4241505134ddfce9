import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock, type Clock } from '../../src/clock.ts';
import type { HostContext } from '../../src/host/context.ts';
import { SessionLog } from '../../src/host/session-log.ts';
import { Turnstile } from '../../src/host/turnstile.ts';
import { createSession } from '../../src/store/create-session.ts';
import { plainRecord, sessionRecord } from '../session/samples.ts';

/** What a host's rooms share, over a real journal of a plain session; gone with the test. */
export async function realContext(t: TestContext, clock: Clock = systemClock): Promise<HostContext> {
  const home = mkdtempSync(path.join(tmpdir(), 'conduxt-desk-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const record = { ...plainRecord(), limits: { ...sessionRecord().limits, decisionTimeoutMs: 1000 } };
  const made = createSession(home, path.join(home, 'run'), record, null);
  if (made.type !== 'created') throw new Error(made.type);
  const { paths } = made;
  const context = {
    home,
    runtimeDir: path.join(home, 'run'),
    slotsDir: path.join(home, 'slots'),
    record,
    paths,
    log: await SessionLog.open(paths, clock),
    clock,
    turnstile: new Turnstile(),
    env: {},
    redact: (text: string) => text,
    mayGoOn: () => false,
    note: () => {},
  };
  t.after(() => context.log.close());
  return context;
}

/** The same session in its next host. */
export async function nextHost(t: TestContext, before: HostContext): Promise<HostContext> {
  await before.log.close();
  const log = await SessionLog.open(before.paths, before.clock);
  t.after(() => log.close());
  return { ...before, log };
}
