import { messageOf, notFound, usageError, type ConduxtError } from '../errors.ts';
import { htmlToText } from './html-text.ts';

export interface FetchedPage {
  /** Where it was found in the end, after redirects. */
  readonly url: string;
  /** '' when it has none. */
  readonly title: string;
  readonly text: string;
  /** True when it went on beyond what was read. */
  readonly cut: boolean;
}

export type FetchUrl = (url: string) => Promise<FetchedPage>;

const MAX_PAGE_BYTES = 256 * 1024;
const TIMEOUT_MS = 20_000;
const READABLE =
  /^(?:text\/|application\/(?:json|xml|xhtml\+xml|yaml|x-yaml|markdown|javascript)\b|[^;]*\+(?:json|xml)\b)/i;

/**
 * Fetches a page as text: 20 seconds, http and https only, at most 256 KiB of it.
 * @throws `url-unsupported` (exit 2) for other schemes, addresses with a password and binary content; `url-unreachable` (exit 4).
 */
export async function fetchPage(url: string): Promise<FetchedPage> {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) throw unsupported(url, 'only http and https are fetched');
  if (parsed.username !== '' || parsed.password !== '') throw unsupported(parsed.origin, 'it carries a password');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(parsed, {
      signal,
      headers: { accept: 'text/html, text/plain, text/markdown, */*;q=0.1' },
    });
    const type = response.headers.get('content-type') ?? 'text/plain';
    if (!response.ok || !READABLE.test(type)) {
      await response.body?.cancel();
      throw response.ok
        ? unsupported(url, `it is ${type.slice(0, 60)}, not text`)
        : unreachableUrl(url, `HTTP ${response.status}`);
    }
    const { bytes, cut } = await readUpTo(response.body, MAX_PAGE_BYTES);
    const text = decode(bytes, type);
    const page = /html/i.test(type) ? htmlToText(text) : { title: '', text };
    return { url: response.url, ...page, cut };
  } catch (error) {
    if (error instanceof Error && error.name === 'ConduxtError') throw error;
    throw unreachableUrl(url, signal.aborted ? `no answer in ${TIMEOUT_MS / 1000} s` : reasonOf(error));
  }
}

/** Node says "fetch failed" and keeps the reason in `cause`. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);

async function readUpTo(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<{ bytes: Buffer; cut: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the stream.
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), cut: true };
  }
  return { bytes: Buffer.concat(chunks), cut: false };
}

function decode(bytes: Buffer, contentType: string): string {
  const label = /charset="?([\w-]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    // A charset nobody knows.
    return bytes.toString('utf8');
  }
}

const unsupported = (url: string, why: string): ConduxtError =>
  usageError('url-unsupported', `${url.slice(0, 300)} cannot be used as a task: ${why}.`, {
    remedy: 'Save the text to a file and pass it with --file.',
    facts: { url },
  });

const unreachableUrl = (url: string, why: string): ConduxtError =>
  notFound('url-unreachable', `${url.slice(0, 300)} could not be fetched: ${why}.`, {
    remedy: 'Check the address and the network, or save the text to a file and pass it with --file.',
    facts: { url },
  });
