/** How long discarded work is kept. */
export const KEPT_DAYS = 30;
