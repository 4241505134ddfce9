import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../../../src/process/identity.ts';
import type { ProcessIdentity } from '../../../src/session/events.ts';
import type { Caller } from './caller.ts';
import type { Place } from './place.ts';

const FULL_FOR_MS = 700;
/** Longer than a host has for its three answers: it wakes when another one has taken its place. */
const FROZEN_HOST_MS = 9_000;
const FROZEN_AGENT_MS = 1_000;

/** Often is what makes up most crashes. */
const FAULTS = [
  'kill-host',
  'kill-host',
  'kill-host',
  'kill-agent',
  'kill-agent',
  'kill-both',
  'freeze-host',
  'freeze-agent',
  'watchdog',
  'two-watchdogs',
  'full-disk',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Hurts one session, or all of them, as chance has it. @returns what was done; null when there was nothing to hurt. */
export async function hurt(place: Place, victim: Caller, random: () => number): Promise<Fault | null> {
  const fault = FAULTS[Math.floor(random() * FAULTS.length)] ?? 'kill-host';
  const { host, agent } = victim.folded().life;
  const signal = (process: ProcessIdentity | null | undefined, name: NodeJS.Signals): boolean => send(process, name);
  switch (fault) {
    case 'kill-host':
      return signal(host?.process, 'SIGKILL') ? fault : null;
    case 'kill-agent':
      return signal(agent.process, 'SIGKILL') ? fault : null;
    case 'kill-both': {
      const both = [signal(host?.process, 'SIGKILL'), signal(agent.process, 'SIGKILL')];
      return both.every(Boolean) ? fault : null;
    }
    case 'freeze-host':
      return (await freeze(host?.process, FROZEN_HOST_MS)) ? fault : null;
    case 'freeze-agent':
      return (await freeze(agent.process, FROZEN_AGENT_MS)) ? fault : null;
    case 'watchdog':
      await place.conduxt(['watchdog', '--once'], 30_000);
      return fault;
    case 'two-watchdogs':
      await Promise.all([1, 2].map(() => place.conduxt(['watchdog', '--once'], 30_000)));
      return fault;
    case 'full-disk':
      if (!place.ownDisk) return null;
      place.fillDisk();
      await delay(FULL_FOR_MS);
      place.emptyDisk();
      return fault;
  }
}

async function freeze(process: ProcessIdentity | null | undefined, forMs: number): Promise<boolean> {
  if (!send(process, 'SIGSTOP')) return false;
  await delay(forMs);
  send(process, 'SIGCONT');
  return true;
}

/** False when it is not that process any more. */
function send(identity: ProcessIdentity | null | undefined, signal: NodeJS.Signals): boolean {
  if (identity === null || identity === undefined || !isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false; // It ended between the look and the signal.
  }
}
