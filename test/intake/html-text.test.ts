import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { htmlToText } from '../../src/intake/html-text.ts';

test('a page becomes its readable text', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['<p>a</p><p>b</p>', 'a\n\nb'],
    ['<ul><li>one<li>two</ul>', '- one\n- two'],
    ['a<script>if (a < b) x()</script>b<style>p{}</style>c', 'a b c'],
    ['<!-- hidden --><b>bo</b>ld', 'bold'],
    ['a &lt;b&gt; &amp;lt; &#65;&#x42; &nope; &#0;', 'a <b> &lt; AB &nope; &#0;'],
    ['1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
    ['<a href="x>y">link', 'y">link'],
    ['<script>never closed', ''],
    ['<!-- never closed', ''],
  ];
  for (const [html, text] of cases) assert.equal(htmlToText(html).text, text, html);
  assert.equal(htmlToText('<TITLE>\n A &amp; B </TITLE>x').title, 'A & B');
});

test('any text is read without an exception and without a script', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[<>/a-z!& ;#"-]{0,120}$/), (html) => {
      assert.ok(!/<script\b/i.test(htmlToText(`<script>x</script>${html}`).text.slice(0, 7)));
    }),
  );
});

test('a page that is made to be slow is not', () => {
  for (const part of ['<p ', '<title', '<li ', '</td ', '<!--', '<script', '</script ', '&a', '<a', ' \n']) {
    const html = part.repeat(Math.ceil((256 * 1024) / part.length));
    const startedAt = performance.now();
    htmlToText(html);
    const ms = performance.now() - startedAt;
    assert.ok(ms < 2000, `${part}: ${Math.round(ms)} ms`);
  }
});
