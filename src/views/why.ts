import { oneLine } from '../text/sanitize.ts';
import { formatDuration, plural } from './quantities.ts';
import type { Line } from './tone.ts';

/** One thing that was looked at: what it said last, and when. */
export interface SensorWord {
  readonly sensor:
    | 'journal'
    | 'transcript'
    | 'host'
    | 'agent'
    | 'turn'
    | 'decisions'
    | 'parked'
    | 'awaiting'
    | 'orphans'
    | 'watchdog'
    | 'login';
  readonly word: string;
  /** ISO time of that word; null when it was looked at just now, or never said anything. */
  readonly at: string | null;
}

/** `conduxt why <session>`: the answer to "what makes it look like this, and what happens next". */
export interface WhyJson {
  readonly schemaVersion: 1;
  readonly session: string;
  readonly sessionId: string;
  readonly state: string;
  readonly sensors: readonly SensorWord[];
  /** Which rule of the watchdog decides about it, and why. */
  readonly rule: string;
  readonly because: string;
  /** What the watchdog would do at its next look, in words; null: nothing. */
  readonly next: string | null;
  /** Not before this. */
  readonly nextAt: string | null;
  readonly tries: readonly { readonly at: string; readonly why: string; readonly problem: string | null }[];
}

const LABEL_WIDTH = 12;

export function whyLines(why: WhyJson, nowMs: number): readonly Line[] {
  const field = (label: string, text: string): Line => [
    { text: `  ${label.padEnd(LABEL_WIDTH)}`, tone: 'dim' },
    { text: oneLine(text, 400), tone: 'plain' },
  ];
  const next = why.next ?? 'nothing is planned';
  const at = why.nextAt === null ? '' : `, not before ${why.nextAt}`;
  return [
    [
      { text: why.session, tone: 'strong' },
      { text: `  ${why.state}`, tone: 'plain' },
    ],
    ...why.sensors.map(({ sensor, word, at: said }) => field(sensor, `${word}${age(said, nowMs)}`)),
    field('rule', `${why.rule}: ${why.because}`),
    ...(why.tries.length === 0 ? [] : [field('tries', plural(why.tries.length, 'try', 'tries'))]),
    ...why.tries.map((one) => field('', `${one.at}  ${one.why}: ${one.problem ?? 'a host was started'}`)),
    field('next', `${next}${at}`),
  ];
}

function age(at: string | null, nowMs: number): string {
  if (at === null) return '';
  const ms = nowMs - Date.parse(at);
  return ms >= 0 ? ` (${formatDuration(ms)} ago)` : ` (in ${formatDuration(-ms)})`;
}
