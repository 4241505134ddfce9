import type { Config } from '../config/config.ts';

/** The periods of the patrol (README, "Configuration": `watchdog.*`). */
export interface WatchSettings {
  /** Between two looks, and the first pause before another try; doubled after each. */
  readonly intervalMs: number;
  /** Silence of a running turn after which people are told. */
  readonly stallMs: number;
  /** Whether the agent of a stalled turn is also ended, so that the work is taken up anew. */
  readonly restartStalled: boolean;
  /** Recovery that has failed for this long is given up. */
  readonly giveUpMs: number;
  /** Between two starts of hosts in one pass. */
  readonly spacingMs: number;
  /** For one greeting of a host; three are tried. */
  readonly helloMs: number;
}

export const watchSettings = ({ watchdog }: Pick<Config, 'watchdog'>): WatchSettings => ({
  intervalMs: watchdog.intervalSeconds * 1000,
  stallMs: watchdog.stallSeconds * 1000,
  restartStalled: watchdog.restartStalled,
  giveUpMs: watchdog.giveUpSeconds * 1000,
  spacingMs: watchdog.spacingSeconds * 1000,
  helloMs: watchdog.helloSeconds * 1000,
});
