import type { Usage } from '../session/events.ts';

/** `850 ms`, `4.2 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The same in few characters, for a table: `850ms`, `4s`, `3m05`, `2h10`, `3d`. */
export function shortDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${String(seconds % 60).padStart(2, '0')}`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h${String(minutes % 60).padStart(2, '0')}` : `${Math.floor(hours / 24)}d`;
}

/** `950`, `12.3k`, `4.5M`. */
export function formatCount(count: number): string {
  if (count < 1000) return String(count);
  if (count < 999_950) return `${(count / 1000).toFixed(1)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

/** `120 bytes`, `4.0 KiB`, `2.5 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const [size, unit] = bytes < 1024 * 1024 ? [bytes / 1024, 'KiB'] : [bytes / (1024 * 1024), 'MiB'];
  return size >= 10_000 ? `${(size / 1024).toFixed(1)} GiB` : `${size.toFixed(1)} ${unit}`;
}

/** Tokens and cost as the agent reported them, or null when it reported nothing: `12.3k tokens, 0.42 USD`. */
export function formatUsage(usage: Usage): string | null {
  const tokens = usage.totalTokens ?? sum(usage.inputTokens, usage.outputTokens);
  const parts = [
    ...(tokens === undefined ? [] : [`${formatCount(tokens)} tokens`]),
    ...(usage.costAmount === undefined ? [] : [formatCost(usage.costAmount, usage.costCurrency ?? '')]),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

/** `0.42 USD`; below a cent with as many digits as it needs to be told from nothing: `0.0025 USD`. */
export function formatCost(amount: number, currency: string): string {
  const digits = amount > 0 && amount < 0.01 ? Math.min(6, 1 - Math.floor(Math.log10(amount))) : 2;
  return `${amount.toFixed(digits)} ${currency}`.trim();
}

/** `context 38% of 200.0k`, or null when the agent has not said. */
export function formatContext({ contextTokens, contextSize }: Usage): string | null {
  if (contextTokens === undefined) return null;
  if (contextSize === undefined || contextSize === 0) return `context ${formatCount(contextTokens)}`;
  return `context ${Math.round((contextTokens / contextSize) * 100)}% of ${formatCount(contextSize)}`;
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
