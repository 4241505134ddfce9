import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChunkRedactor, type Released } from '../../src/text/chunk-redactor.ts';
import { makeRedactor } from '../../src/text/redact.ts';
import { makeMayGoOn } from '../../src/text/secret-beginnings.ts';

const SECRET = 'pa55-w0rd/of+the=shop';
const env = { SHOP_TOKEN: SECRET };
const redact = makeRedactor(env);

/** The texts as they would be written: what was released, redacted line by line. */
function written(pieces: readonly { of: string; text: string }[]): string[] {
  const chunks = new ChunkRedactor<string>(redact, makeMayGoOn(env));
  const released: Released<string>[] = pieces.flatMap((piece) => [...chunks.push({ item: piece.text, piece })]);
  released.push(...chunks.flush());
  assert.equal(released.length, pieces.length, 'nothing is left out, and nothing waits for ever');
  return released.map(({ item, text }) => redact(text ?? item));
}

const inPieces = (text: string, cuts: readonly number[]): string[] => {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (text.length + 1)), text.length])].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => text.slice(places[index], end));
};

describe('a secret that comes in pieces', () => {
  const forms: readonly [string, string][] = [
    ['as it is', SECRET],
    ['URL-encoded', encodeURIComponent(SECRET)],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['as a token of a known shape', `ghp_${'aB3'.repeat(12)}`],
    ['as a key of a known shape', `sk-ant-api03-${'aB3-'.repeat(20)}`],
  ];
  for (const [how, secret] of forms) {
    it(`is found wherever it is cut in two: ${how}`, () => {
      for (let cut = 1; cut < secret.length; cut += 1) {
        const out = written([
          { of: 'm', text: `key: ${secret.slice(0, cut)}` },
          { of: 'm', text: `${secret.slice(cut)} is it` },
        ]).join('');
        // Up to three characters stay: they have gone on before anybody could know.
        assert.ok(!out.includes(secret.slice(0, -3)) && !out.includes(secret.slice(3)), `cut at ${cut}: ${out}`);
        assert.match(out, /^key: .*is it$/);
      }
    });
  }

  it('is found where it begins in the last letters of a piece that held another', () => {
    for (const cut of [1, 2, 3]) {
      const [first, rest] = written([
        { of: 'm', text: `${SECRET} and ${SECRET.slice(0, cut)}` },
        { of: 'm', text: `${SECRET.slice(cut)} is it` },
      ]);
      assert.equal(first, `[redacted:SHOP_TOKEN] and ${SECRET.slice(0, cut)}`);
      assert.match(rest ?? '', /^\[redacted:SHOP_TOKEN\] is it$/);
    }
  });

  it('is found letter by letter, and the words around it stay', () => {
    const text = `The key is ${SECRET}, and ghp_${'aB3'.repeat(12)} is another.`;
    const out = written([...text].map((letter) => ({ of: 'm', text: letter }))).join('');
    assert.equal(out, 'The key is pa5[redacted:SHOP_TOKEN], and g[redacted:github-token] is another.');
  });
});

describe('a text in pieces', () => {
  it('holds no secret and loses no word, however it is cut', () => {
    const around = fc.string({
      unit: fc.constantFrom('a', ' ', 'p', 'pa55', 'gh', '-', '/', 'é', '\n'),
      maxLength: 30,
    });
    fc.assert(
      fc.property(around, around, fc.array(fc.nat(), { maxLength: 12 }), (before, after, cuts) => {
        const text = `${before} ${SECRET} ${after}`;
        const out = written(inPieces(text, cuts).map((piece) => ({ of: 'm', text: piece }))).join('');
        // What was cut early leaves up to three characters; all the words are there.
        const rest = out.replace(/(?:p|pa|pa5)?\[redacted:SHOP_TOKEN\]/, '[redacted:SHOP_TOKEN]');
        assert.ok([out, rest].includes(redact(text)), JSON.stringify({ text, out }));
      }),
      { numRuns: 500 },
    );
  });

  it('goes on at once when nothing in it looks like a secret, and piece by piece as it came', () => {
    const chunks = new ChunkRedactor<string>(redact, makeMayGoOn(env));
    for (const text of ['I look ', 'at the task', ' in src/cart.js.'])
      assert.deepEqual(chunks.push({ item: text, piece: { of: 'm', text } }), [{ item: text, text: null }]);
  });

  it('keeps the order: what is no text lets go of what waits', () => {
    const chunks = new ChunkRedactor<string>(redact, makeMayGoOn(env));
    assert.deepEqual(chunks.push({ item: 'a', piece: { of: 'm', text: 'pa55-w' } }), []);
    const released = chunks.push({ item: 'tool', piece: null });
    assert.deepEqual(
      released.map(({ item }) => item),
      ['a', 'tool'],
    );
  });

  it('costs little on hostile text', () => {
    const mayGoOn = makeMayGoOn(env);
    for (const unit of [
      'sk-',
      'ghp_',
      '://a:',
      'bearer ',
      '-----BEGIN ',
      'pa55',
      'AKIA',
      '-----BEGIN RSA PRIVATE KEY',
    ]) {
      const text = unit.repeat(20_000);
      const begin = performance.now();
      for (let round = 0; round < 20; round += 1) mayGoOn(text);
      assert.ok(performance.now() - begin < 2_000, unit);
    }
  });

  it('does not wait for ever, nor for much', () => {
    const chunks = new ChunkRedactor<number>(redact, makeMayGoOn(env));
    let released = 0;
    for (let index = 0; index < 2000; index += 1)
      released += chunks.push({ item: index, piece: { of: 'm', text: index === 0 ? 'ghp_' : 'aaaa' } }).length;
    assert.ok(released > 1000, `${released}`);
  });
});
