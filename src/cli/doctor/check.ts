/** One thing `doctor` looked at. `note`: works without it, with less. */
export interface Check {
  readonly name: string;
  readonly state: 'good' | 'note' | 'bad';
  readonly text: string;
  /** What to do about it; null when nothing is to be done. */
  readonly remedy: string | null;
}

export const good = (name: string, text: string): Check => ({ name, state: 'good', text, remedy: null });
export const note = (name: string, text: string, remedy: string | null): Check => ({
  name,
  state: 'note',
  text,
  remedy,
});
export const bad = (name: string, text: string, remedy: string): Check => ({ name, state: 'bad', text, remedy });
