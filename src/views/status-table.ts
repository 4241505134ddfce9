import { agentWords } from './agent.ts';
import { oneLine } from '../text/sanitize.ts';
import { cutTo, displayWidth, fit } from './columns.ts';
import type { SessionJson, UnreadableJson } from './json-session.ts';
import { formatUsage, plural, shortDuration } from './quantities.ts';
import { stateTone } from './state-tone.ts';
import { toned, type Line, type Span } from './tone.ts';

interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly text: (session: SessionJson) => string;
  /** Columns the table keeps for it at most; the text column takes what is left. */
  readonly maxWidth: number;
}

const NAME: Column = { title: 'NAME', align: 'left', maxWidth: 40, text: (one) => one.name };
const QUALIFIED: Column = {
  title: 'NAME',
  align: 'left',
  maxWidth: 60,
  text: (one) => (one.repo === null ? one.name : `${one.repo.slug}/${one.name}`),
};
const STATE: Column = { title: 'STATE', align: 'left', maxWidth: 12, text: (one) => one.state };
const DOING: Column = { title: 'NOW', align: 'left', maxWidth: Infinity, text: (one) => one.doing };

const COLUMNS: readonly Column[] = [
  { title: 'AGENT', align: 'left', maxWidth: 20, text: (one) => agentWords({ ...one.agent, version: null }) },
  { title: 'BACKEND', align: 'left', maxWidth: 8, text: (one) => one.backend },
  STATE,
  DOING,
  { title: 'QUEUE', align: 'right', maxWidth: 5, text: (one) => String(one.queue) },
  { title: 'TURNS', align: 'right', maxWidth: 5, text: (one) => String(one.turns) },
  { title: 'TIME', align: 'right', maxWidth: 7, text: (one) => shortDuration(one.elapsedMs) },
  {
    title: 'USED',
    align: 'right',
    maxWidth: 24,
    text: (one) => (one.usage === null ? '' : (formatUsage(one.usage) ?? '')),
  },
  { title: 'PR', align: 'left', maxWidth: 7, text: pullRequestCell },
];

const GAP = '  ';
/** The text column is never squeezed below this; a narrower terminal wraps the line. */
const MIN_TEXT_WIDTH = 16;

/** One line per session, aligned, at most `width` columns wide where that is possible. */
export function statusTable(
  sessions: readonly (SessionJson | UnreadableJson)[],
  options: { readonly width: number; readonly qualified: boolean },
): readonly Line[] {
  const readable = sessions.filter((one): one is SessionJson => one.state !== 'unreadable');
  const used = [options.qualified ? QUALIFIED : NAME, ...COLUMNS].filter(
    // Columns nobody fills only take room away from the text.
    (column) => !['USED', 'PR'].includes(column.title) || readable.some((one) => column.text(one) !== ''),
  );
  const widths = columnWidths(used, readable, options.width);
  const row = (cells: readonly string[], tones: (column: Column) => Span['tone']): Line =>
    trimmed(
      used.map((column, at): Span => ({ text: cell(column, cells[at] ?? '', widths[at] ?? 0), tone: tones(column) })),
    );
  return [
    row(
      used.map((column) => column.title),
      () => 'dim',
    ),
    ...sessions.map((one) =>
      one.state === 'unreadable'
        ? toned('bad', cutTo(oneLine(`${one.name}  unreadable: ${one.error.message}`, 400), options.width))
        : row(
            used.map((column) => oneLine(column.text(one), 400)),
            (column) => (column === STATE ? stateTone(one.state) : column.title === 'NAME' ? 'strong' : 'plain'),
          ),
    ),
    ...sessions.flatMap((one) =>
      one.state !== 'unreadable' && one.damagedRecords > 0
        ? [
            toned(
              'warn',
              `${one.name}: ${plural(one.damagedRecords, 'damaged record')} in its journal (conduxt status ${one.name})`,
            ),
          ]
        : [],
    ),
  ];
}

function columnWidths(columns: readonly Column[], sessions: readonly SessionJson[], width: number): readonly number[] {
  const natural = columns.map((column) =>
    Math.min(
      column.maxWidth,
      Math.max(displayWidth(column.title), ...sessions.map((one) => displayWidth(oneLine(column.text(one), 400)))),
    ),
  );
  const text = columns.indexOf(DOING);
  const others = natural.reduce((sum, each, at) => (at === text ? sum : sum + each), GAP.length * (columns.length - 1));
  return natural.map((each, at) => (at === text ? Math.min(each, Math.max(MIN_TEXT_WIDTH, width - others)) : each));
}

function cell(column: Column, text: string, width: number): string {
  return column.align === 'left' ? fit(text, width) : cutTo(text, width).padStart(width);
}

/** Cells with gaps between them and nothing behind the last one. */
function trimmed(cells: readonly Span[]): Line {
  const spans = cells.flatMap((span, at) => (at === 0 ? [span] : [{ text: GAP, tone: 'plain' } as const, span]));
  while (spans.length > 0 && spans.at(-1)?.text.trim() === '') spans.pop();
  const last = spans.pop();
  return last === undefined ? spans : [...spans, { ...last, text: last.text.trimEnd() }];
}

function pullRequestCell({ pullRequest, blocked }: SessionJson): string {
  if (pullRequest !== null) return pullRequest.number === null ? 'file' : `#${pullRequest.number}`;
  return blocked === null ? '' : 'blocked';
}
