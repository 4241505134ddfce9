import * as z from 'zod';
import type { Callback } from '../session/callback.ts';

const count = z.number().int().nonnegative();

const schema = z.object({
  task_id: z.string().min(1).max(200),
  nonce: z.string().min(1).max(200),
  status: z.enum(['completed', 'failed', 'need_clarification']),
  branch: z
    .string()
    .max(300)
    .nullish()
    .transform((value) => value ?? undefined),
  files_changed: z
    .array(z.string().max(1000))
    .max(10_000)
    .nullish()
    .transform((value) => value ?? undefined),
  test_results: z
    .object({ passed: count, failed: count, skipped: count.default(0) })
    .nullish()
    .transform((value) => value ?? undefined),
  duration_minutes: z
    .number()
    .nonnegative()
    .nullish()
    .transform((value) => value ?? undefined),
  summary: z.string().max(20_000),
});

export type ParsedCallback =
  { readonly type: 'callback'; readonly callback: Callback } | { readonly type: 'problem'; readonly problem: string };

/** Text of one block to a callback, or a sentence that tells the agent what to mend. Unknown fields are ignored. */
export function parseCallback(text: string): ParsedCallback {
  let value: unknown;
  try {
    value = JSON.parse(text.trim());
  } catch (error) {
    return {
      type: 'problem',
      problem: `the block was not valid JSON (${error instanceof Error ? error.message : 'unreadable'})`,
    };
  }
  const result = schema.safeParse(value);
  if (result.success) return { type: 'callback', callback: result.data };
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'the block' : `"${issue.path.join('.')}"`;
  return { type: 'problem', problem: `${where} was wrong: ${issue?.message ?? 'invalid'}` };
}
