import { oneLine } from '../text/sanitize.ts';
import type { AgentNews } from '../session/agent-news.ts';
import type { ProgressLine } from './progress.ts';

/** Text that arrives in pieces, or a whole line. */
export type ProgressPiece =
  | { readonly type: 'message'; readonly text: string; readonly messageId: string | null }
  | { readonly type: 'thought'; readonly text: string }
  | { readonly type: 'line'; readonly line: ProgressLine };

interface ToolSeen {
  readonly title: string;
  readonly status: string | null;
}

/** What was shown of this agent: an update names only what changed. Changed in place. */
export interface NewsMemory {
  readonly tools: Map<string, ToolSeen>;
  planShown: boolean;
}

export const newNewsMemory = (): NewsMemory => ({ tools: new Map(), planShown: false });

/** A turn with thousands of tool calls must not grow without bound; the oldest are forgotten. */
const MAX_TOOLS = 500;

/** What to show of one update; null when there is nothing new in it for a person. */
export function pieceOf(memory: NewsMemory, news: AgentNews): ProgressPiece | null {
  switch (news.type) {
    case 'message':
      return news.text === '' ? null : { type: 'message', text: news.text, messageId: news.messageId };
    case 'thought':
      return news.text === '' ? null : { type: 'thought', text: news.text };
    case 'tool':
      return toolPiece(memory.tools, news);
    case 'plan':
      return news.entries.length === 0 ? null : { type: 'line', line: planLine(memory, news.entries) };
    case 'usage':
    case 'other':
      return null;
  }
}

function toolPiece(tools: NewsMemory['tools'], news: Extract<AgentNews, { type: 'tool' }>): ProgressPiece | null {
  const known = tools.get(news.toolCallId);
  const title = oneLine(news.title ?? known?.title ?? news.kind ?? 'tool call', 120);
  const status = news.status ?? known?.status ?? null;
  if (known?.title === title && known.status === status) return null;
  tools.delete(news.toolCallId);
  tools.set(news.toolCallId, { title, status });
  if (tools.size > MAX_TOOLS) tools.delete(tools.keys().next().value ?? '');
  const tone = status === 'failed' ? 'bad' : status === 'completed' ? 'plain' : 'dim';
  return { type: 'line', line: { label: 'tool', text: `${title} [${stateWord(status)}]`, tone } };
}

function stateWord(status: string | null): string {
  switch (status) {
    case 'completed':
      return 'done';
    case 'in_progress':
      return 'running';
    case 'pending':
    case null:
      return 'pending';
    default:
      return oneLine(status, 20);
  }
}

/** The whole plan once, then only how far it has come. */
function planLine(
  memory: NewsMemory,
  entries: readonly { readonly content: string; readonly status: string }[],
): ProgressLine {
  const mark = (status: string): string => (status === 'completed' ? 'x' : status === 'in_progress' ? '>' : ' ');
  const done = entries.filter((entry) => entry.status === 'completed').length;
  const now = entries.find((entry) => entry.status === 'in_progress');
  const first = !memory.planShown;
  memory.planShown = true;
  return {
    label: 'plan',
    text: `${done} of ${entries.length} done${first || now === undefined ? '' : `; now: ${oneLine(now.content, 120)}`}`,
    tone: 'dim',
    ...(first
      ? { below: entries.slice(0, 20).map((entry) => `[${mark(entry.status)}] ${oneLine(entry.content, 120)}`) }
      : {}),
  };
}
