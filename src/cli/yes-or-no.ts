import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Io } from './io.ts';

/** Asks on the terminal; anything but yes is no. Only where a person can answer: both ends must be a terminal. */
export async function askYesNo(io: Io, question: string): Promise<boolean> {
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      io.stderr.write(chunk.toString());
      done();
    },
  });
  const prompt = createInterface({ input: io.stdin, output, terminal: false });
  try {
    return /^(y|yes)$/i.test((await prompt.question(`${question} [y/N] `)).trim());
  } finally {
    prompt.close();
  }
}

export const canAsk = (io: Io): boolean => io.stdin.isTTY === true && io.stderr.isTTY;
