/** What starts a look: everything absolute, because neither cron nor systemd has a shell profile or a working directory. */
export interface PatrolCommand {
  readonly node: string;
  readonly program: string;
  /** Settings of the installer's environment that the patrol needs: where things are. */
  readonly env: Readonly<Record<string, string>>;
}

export type ScheduleKind = 'systemd' | 'crontab';

/** One thing that is written: the place in words or as a path, and exactly what stands there. */
export interface Entry {
  readonly place: string;
  readonly text: string;
}

/** Something that starts a look every so often, long after the installer is gone. */
export interface Schedule {
  readonly kind: ScheduleKind;
  /** What is there of ours; null: nothing. */
  installed(): Promise<readonly Entry[] | null>;
  /** Why what is there does not work although its files are right; null: it does. */
  problem(): Promise<string | null>;
  /** How often it looks, from what is there; null: that cannot be read from it. */
  intervalMs(entries: readonly Entry[]): number | null;
  /** Where to look when it does not. */
  readonly logs: string;
  /** What `install` would write. @throws where a path cannot be written there. */
  wanted(command: PatrolCommand, intervalMs: number): readonly Entry[];
  install(entries: readonly Entry[]): Promise<void>;
  /** Nothing happens where nothing is. */
  remove(): Promise<void>;
}
