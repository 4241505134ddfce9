import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeRedactor } from '../../src/text/redact.ts';
import { makeMayGoOn } from '../../src/text/secret-beginnings.ts';
import { copyRedacted } from '../../src/verify/redacted-copy.ts';

const SECRET = 'correct-horse+battery/staple=';
const env = { SHOP_API_KEY: SECRET };
const secrets = { redact: makeRedactor(env), mayGoOn: makeMayGoOn(env) };

async function copied(chunks: readonly Buffer[]): Promise<Buffer> {
  const written: Uint8Array[] = [];
  const log = {
    write: async (chunk: Uint8Array) => void written.push(Buffer.from(chunk)),
    end: () => Promise.reject(new Error('not here')),
  };
  await copyRedacted(Readable.from(chunks), log, secrets);
  return Buffer.concat(written);
}

describe('the copy of a program’s output', () => {
  it('has no secret, wherever the pieces of it end', async () => {
    const whole = Buffer.from(`a ${SECRET} b ${SECRET}`);
    for (let at = 6; at < whole.length; at += 1) {
      const text = (await copied([whole.subarray(0, at), whole.subarray(at)])).toString();
      // Fewer than four characters give nothing away, and may have gone on.
      assert.match(text, /^a \[redacted:SHOP_API_KEY\] b c?o?r?\[redacted:SHOP_API_KEY\]$/, `cut at ${at}`);
    }
  });

  it('has none either where it stands far behind in one great piece', async () => {
    for (const before of [4_080, 4_095, 8_180, 16_370, 65_530]) {
      const text = (await copied([Buffer.from(`${'x '.repeat(before / 2)}${SECRET} and on`)])).toString();
      assert.ok(!text.includes('battery') && text.endsWith('[redacted:SHOP_API_KEY] and on'), `behind ${before}`);
    }
  });

  it('is otherwise what came, byte by byte, also when it is no text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 6 }), async (pieces) => {
        const chunks = pieces.map((piece) => Buffer.from(piece));
        assert.deepEqual(await copied(chunks), Buffer.concat(chunks));
      }),
      { numRuns: 50 },
    );
  });

  it('tells of a log that cannot be written', async () => {
    const log = { write: () => Promise.reject(Object.assign(new Error('full'), { code: 'log-not-written' })) };
    const broken = { ...log, end: () => Promise.reject(new Error('not here')) };
    await assert.rejects(copyRedacted(Readable.from([Buffer.from('x')]), broken, secrets), { code: 'log-not-written' });
  });
});
