/**
 * When the next look begins: on the beat of the first one, whatever a look costs. Pauses between looks would add that up,
 * to minutes a day. A beat that was missed (a look that took longer, a machine that slept) is not made up for.
 * @param firstMs, nowMs monotonic
 */
export function nextBeat(firstMs: number, intervalMs: number, nowMs: number): number {
  const beats = Math.floor((nowMs - firstMs) / intervalMs) + 1;
  return firstMs + beats * intervalMs;
}
