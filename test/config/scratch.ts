import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { placesFor, type Places } from '../../src/config/places.ts';

/** A home of its own, removed after the test. */
export async function scratchPlaces(t: TestContext): Promise<{ readonly home: string; readonly places: Places }> {
  const home = await mkdtemp(path.join(tmpdir(), 'conduxt-config-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  return { home, places: placesFor({}, home) };
}
