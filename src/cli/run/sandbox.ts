import type { Config } from '../../config/config.ts';
import { requireBubblewrap } from '../../process/bubblewrap.ts';
import type { SessionRecord } from '../../session/record.ts';
import type { VerbContext } from '../context.ts';

export const sandboxWords = ['none', 'bwrap'] as const;
export type SandboxWord = (typeof sandboxWords)[number];

/**
 * The sandbox that was asked for, by flag or configuration. The program is not taken from the repository.
 * @throws `sandbox-missing`, `sandbox-unusable` (exit 5).
 */
export async function sandboxFields(
  { io }: VerbContext,
  config: Config,
  flag: SandboxWord | undefined,
  repoRoot: string | null,
): Promise<Pick<SessionRecord, 'sandbox'>> {
  if ((flag ?? config.sandbox) === 'none') return {};
  const program = await requireBubblewrap(io.env, repoRoot ?? io.cwd);
  return { sandbox: { type: 'bwrap', program, writable: config.sandboxWritable } };
}
