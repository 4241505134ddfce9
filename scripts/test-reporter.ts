/**
 * Reporter of node:test inside the process of one test file: one JSON object per line and ended test.
 * `test-file.ts` starts that process and reads the lines (`TestRecord`).
 */
import { inspect } from 'node:util';
import type { TestEvent } from 'node:test/reporters';

export interface TestRecord {
  /** `figure`: something a test measured, which is no test of its own. */
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'figure';
  /** Suite names first. */
  readonly name: string;
  readonly ms: number;
  /** The error of a failed test, the reason of a skipped one, the figure. */
  readonly detail: string;
}

/** node:test takes a reporter as default export. */
export default async function* reporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const parents: string[] = [];
  for await (const event of events) {
    if (event.type === 'test:start') parents[event.data.nesting] = event.data.name;
    const record = recordOf(event, parents);
    if (record !== null) yield `${JSON.stringify(record)}\n`;
  }
}

/** What node:test says itself at the end of a file. */
const OWN_SUMS = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

function recordOf(event: TestEvent, parents: readonly string[]): TestRecord | null {
  if (event.type === 'test:diagnostic') {
    const { message, nesting } = event.data;
    if (OWN_SUMS.test(message)) return null;
    return { name: parents.slice(0, nesting + 1).join(' > '), ms: 0, outcome: 'figure', detail: message };
  }
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return null;
  const { name, nesting, details, skip, todo } = event.data;
  const common = { name: [...parents.slice(0, nesting), name].join(' > '), ms: details.duration_ms };
  if (skip !== undefined && skip !== false) {
    return {
      ...common,
      outcome: 'skipped',
      detail: typeof skip === 'string' && skip !== '' ? skip : 'no reason given',
    };
  }
  if (todo !== undefined && todo !== false) return { ...common, outcome: 'skipped', detail: 'to do' };
  if (event.type === 'test:pass') return details.type === 'suite' ? null : { ...common, outcome: 'passed', detail: '' };
  const { error } = event.data.details;
  // What contains a failed test fails with it; the inner one is the one to show.
  if ('failureType' in error && error.failureType === 'subtestsFailed') return null;
  return { ...common, outcome: 'failed', detail: describeError(error) };
}

/** node:test wraps what a test threw in an error of its own; what was thrown is what people want to see. */
function describeError(error: Error): string {
  const thrown = error.cause ?? error;
  return typeof thrown === 'string' ? thrown : inspect(thrown, { depth: 5 });
}
