import { writeMemory } from '../host/write-memory.ts';
import { readEnvFile } from '../agents/env-file.ts';
import type { SessionRecord } from '../session/record.ts';
import { makeRedactor } from '../text/redact.ts';
import type { VerbContext } from './context.ts';

/**
 * Brings the memory file of each session's repository up to date. The host does it too, a moment after the fact; who
 * reads the file when a command has returned must not read a lie. A file that cannot be written holds nothing up: the
 * host's log says why.
 */
export async function settleMemory({ places, io }: VerbContext, records: readonly SessionRecord[]): Promise<void> {
  const ofRepository = new Map(records.map((record) => [record.repo?.key, record]));
  for (const record of ofRepository.values()) {
    try {
      const { envFile } = record.agent;
      const secrets = envFile === null ? {} : await readEnvFile(envFile);
      const env = Object.entries({ ...io.env, ...secrets }).filter(
        (pair): pair is [string, string] => pair[1] !== undefined,
      );
      const { home, runtimeDir } = places;
      await writeMemory({ home, runtimeDir, record, redact: makeRedactor(Object.fromEntries(env)) });
    } catch {
      // The host's word about it is enough.
    }
  }
}
