import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { extractCallback } from '../../src/callback/extract.ts';
import { callbacksOnScreen } from '../../src/callback/screen.ts';

const SCREENS = path.resolve(import.meta.dirname, '../../fixtures/screens');

describe('a callback on a recorded screen', () => {
  const files = readdirSync(SCREENS, { recursive: true, encoding: 'utf8' }).filter((file) => /final-/.test(file));
  for (const file of files.toSorted()) {
    it(`is found in ${file}`, () => {
      const found = callbacksOnScreen(readFileSync(path.join(SCREENS, file), 'utf8')).map((text): unknown =>
        JSON.parse(text),
      );
      const last = found.at(-1);
      if (file.includes('pretty')) {
        assert.partialDeepStrictEqual(last, { status: 'completed', summary: 'short pretty-printed block' });
      } else {
        const long = found.filter((one) => JSON.stringify(one).includes('LAB-7f3a'));
        assert.ok(long.length > 0);
        for (const one of long) assert.partialDeepStrictEqual(one, { status: 'completed', files: ['out.txt'] });
        const summary = /^Wrote out\.txt and ran the shell check; everything passed .* please\.$/;
        assert.ok(long.some((one) => summary.test((one as { summary: string }).summary)));
      }
    });
  }

  it('is looked for in layouts of every agent, at 80 and 200 columns', () => {
    assert.ok(files.filter((file) => file.includes('/200-')).length >= 4);
    assert.equal(new Set(files.map((file) => file.split('/')[0])).size, 5);
  });
});

/** How programs draw a block that is wider than their screen. */
const layouts: Readonly<Record<string, (json: string, width: number) => string[]>> = {
  'as it is': (json, width) => ['```callback-json', ...json.split('\n').flatMap((line) => cutAt(line, width)), '```'],
  'indented, with a bullet, wrapped at blanks': (json, width) => [
    '● Done.',
    '',
    ...json
      .split('\n')
      .flatMap((line) => wrapAt(line, width - 2))
      .map((line) => `  ${line}`),
  ],
  'in a box, cut anywhere': (json, width) => [
    `╭${'─'.repeat(width - 2)}╮`,
    ...json
      .split('\n')
      .flatMap((line) => cutAt(line, width - 4))
      .map((line) => `│ ${line.padEnd(width - 4)} │`),
    `╰${'─'.repeat(width - 2)}╯`,
  ],
  'with a sidebar': (json, width) =>
    json
      .split('\n')
      .flatMap((line) => wrapAt(line, width - 40))
      .map((line, at) => `  ${line.padEnd(width - 28)}${at % 2 === 0 ? 'Context 31 tokens' : ''}`),
};

function cutAt(line: string, width: number): string[] {
  const lines = [];
  for (let at = 0; at < line.length; at += width) lines.push(line.slice(at, at + width));
  return lines;
}
function wrapAt(line: string, width: number): string[] {
  const lines = [''];
  for (const word of line.split(/(?<=\S)(?= )/)) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && (last + word).length > width) lines.push(word.trimStart());
    else lines[lines.length - 1] = last + word;
  }
  return lines.flatMap((one) => cutAt(one, width));
}

describe('a callback on a screen', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9,.:'"\\/-]{1,18}$/);
  const callback = fc.record({
    summary: fc.array(word, { minLength: 1, maxLength: 60 }).map((words) => words.join(' ')),
    files_changed: fc.array(fc.stringMatching(/^[a-z/]{1,60}\.go$/), { maxLength: 4 }),
    nonce: fc.stringMatching(/^[\w-]{12}$/),
  });
  for (const [name, draw] of Object.entries(layouts)) {
    it(`is recovered when it is drawn ${name}`, () => {
      fc.assert(
        fc.property(callback, fc.constantFrom(80, 120, 200, 220), fc.boolean(), (facts, width, pretty) => {
          const whole = {
            task_id: 'issue-78',
            status: 'completed',
            test_results: { passed: 4, failed: 0, skipped: 1 },
            ...facts,
          };
          const screen = [
            ' What I did: { not json',
            ...draw(JSON.stringify(whole, null, pretty ? 2 : 0), width),
            '',
            '❯ ',
          ].join('\n');
          const fenced = callbacksOnScreen(screen).map((text) => `\`\`\`callback-json\n${text}\n\`\`\``);
          const result = extractCallback([fenced.join('\n')], { nonce: facts.nonce, taskId: 'issue-78' });
          assert.equal(result.type, 'valid');
          const plain = (text: string): string => text.replaceAll(/\s/g, '');
          assert.ok(result.type === 'valid' && plain(result.callback.summary) === plain(facts.summary));
        }),
        {
          numRuns: 60,
          // A cut in the middle of an escape, above a frame that is wider than the text in it.
          examples: [[{ summary: ",:.' \\a.0\\a", files_changed: [], nonce: 'aa--aa-aa-a-' }, 120, false]],
        },
      );
    });
  }

  it('is not the example in the prompt', () => {
    const echo = '{"task_id": "x", "nonce": "n", "status": "completed | failed | need_clarification", "summary": "s"}';
    const fenced = callbacksOnScreen(`> ${echo}`).map((text) => `\`\`\`callback-json\n${text}\n\`\`\``);
    assert.equal(extractCallback(fenced, { nonce: 'n', taskId: 'x' }).type, 'malformed');
  });

  it('is looked for in bounded time, whatever the screen holds', () => {
    const before = performance.now();
    callbacksOnScreen('{"status": "'.repeat(2000).replaceAll(' ', '\n'));
    callbacksOnScreen('{\n'.repeat(2000));
    assert.ok(performance.now() - before < 5_000);
  });
});
