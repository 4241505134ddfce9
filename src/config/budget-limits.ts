/** More than any session; a slip of the finger is refused. */
export const MAX_TOKENS = 1_000_000_000_000;
export const MAX_COST = 1_000_000;
