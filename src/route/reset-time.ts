const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A time further away is no reset of a quota but something else that looks like a time. */
const MAX_AHEAD_MS = 31 * DAY_MS;

const UNIT_MS: Readonly<Record<string, number>> = { d: DAY_MS, h: HOUR_MS, m: MINUTE_MS, s: 1000 };

/**
 * When a used-up quota comes back, as far as an agent's words say so: milliseconds since 1970, or null.
 * Understands `2026-11-21T15:00:00Z`, `|1763740800`, `in 3 days 2 hours`, `after 1h5m30s`, `retry-after: 60`, and
 * `resets 3pm (Europe/Berlin)`, `try again at 3:05 PM` (the next one of that time of day).
 * @param timeZone of times that name none
 */
export function resetTimeIn(text: string, nowMs: number, timeZone: string): number | null {
  const at = isoTimeIn(text) ?? epochIn(text) ?? durationIn(text, nowMs) ?? clockTimeIn(text, nowMs, timeZone);
  return at !== null && at > nowMs && at - nowMs <= MAX_AHEAD_MS ? at : null;
}

function isoTimeIn(text: string): number | null {
  const [iso] = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)/.exec(text) ?? [];
  const at = iso === undefined ? NaN : Date.parse(iso);
  return Number.isFinite(at) ? at : null;
}

/** Claude Code writes `Claude AI usage limit reached|1763740800`. */
function epochIn(text: string): number | null {
  const [, seconds] = /(?:\||\bat )(\d{10})\b/.exec(text) ?? [];
  return seconds === undefined ? null : Number(seconds) * 1000;
}

function durationIn(text: string, nowMs: number): number | null {
  const [, bare] = /retry[- ]after["':\s]+(\d{1,6})\b(?!\s*[a-z])/i.exec(text) ?? [];
  if (bare !== undefined) return nowMs + Number(bare) * 1000;
  const [, amounts] =
    /\b(?:in|after|for|within)\s+(?:about\s+)?((?:\d+(?:\.\d+)?\s*(?:d(?:ays?)?|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)[\s,]*(?:and\s+)?)+)/i.exec(
      text,
    ) ?? [];
  if (amounts === undefined) return null;
  const sum = [...amounts.matchAll(/(\d+(?:\.\d+)?)\s*([dhms])/gi)].reduce(
    (ms, [, amount, unit = 's']) => ms + Number(amount) * (UNIT_MS[unit.toLowerCase()] ?? 0),
    0,
  );
  return sum > 0 ? nowMs + Math.ceil(sum) : null;
}

function clockTimeIn(text: string, nowMs: number, timeZone: string): number | null {
  const [, hourText, minuteText = '00', half, zone] =
    /\b(?:at|resets?(?: at)?|until)\s+(\d{1,2})(?::(\d\d))?\s*([ap]\.?m\.?)?(?:\s*\(([A-Za-z_]+(?:\/[A-Za-z_]+)*)\))?/i.exec(
      text,
    ) ?? [];
  if (hourText === undefined || (half === undefined && !/\d:\d\d/.test(text))) return null;
  const isAfternoon = half?.toLowerCase().startsWith('p') === true;
  const hour = half === undefined ? Number(hourText) : (Number(hourText) % 12) + (isAfternoon ? 12 : 0);
  const minute = Number(minuteText);
  if (hour > 23 || minute > 59) return null;
  const nowMinute = minuteOfDay(nowMs, zone ?? timeZone);
  if (nowMinute === null) return null;
  const aheadMinutes = (hour * 60 + minute - nowMinute + 24 * 60) % (24 * 60);
  const startOfMinute = nowMs - (nowMs % MINUTE_MS);
  return startOfMinute + (aheadMinutes === 0 ? 24 * 60 : aheadMinutes) * MINUTE_MS;
}

/** Null for a time zone that this Node does not know. */
function minuteOfDay(atMs: number, timeZone: string): number | null {
  try {
    const parts = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    const [hour = 0, minute = 0] = parts.format(atMs).split(':').map(Number);
    return hour * 60 + minute;
  } catch {
    // A zone in words of the agent's own ("PST time").
    return null;
  }
}
