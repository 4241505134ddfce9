import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProgressPrinter, type ProgressStyle } from '../../src/cli/follow/progress-printer.ts';
import type { ProgressPiece } from '../../src/views/progress-update.ts';
import { fakeIo } from './fake-io.ts';

const message = (text: string, messageId: string | null = null): ProgressPiece => ({
  type: 'message',
  text,
  messageId,
});
const tool: ProgressPiece = { type: 'line', line: { label: 'tool', text: 'Read a.ts [done]', tone: 'plain' } };

function printed(pieces: readonly ProgressPiece[], over: Partial<ProgressStyle> & { tty?: boolean } = {}): string {
  const io = fakeIo({ stdoutIsTTY: over.tty ?? false });
  const printer = new ProgressPrinter(io, io.stdout, { name: over.name ?? null, times: over.times ?? false });
  for (const piece of pieces) printer.piece('2026-01-01T10:20:30.000Z', piece);
  printer.finish();

  return io.out().replace(/\u001b\[\d+m/g, '');
}

describe('printing progress', () => {
  it('puts the pieces of a message together, line by line', () => {
    const text = printed([message('\n\nHel'), message('lo\nwor'), message('ld\n\n\nend\n\n'), tool]);
    assert.equal(text, 'says      Hello\n          world\n\n          end\ntool      Read a.ts [done]\n');
  });

  it('shows text as it comes on a terminal', () => {
    const io = fakeIo({ stdoutIsTTY: true, env: { NO_COLOR: '1' } });
    const printer = new ProgressPrinter(io, io.stdout, { name: null, times: false });
    printer.piece(null, message('Hel'));
    assert.equal(io.out(), 'says      Hel');
    printer.piece(null, message('lo'));
    printer.piece(null, tool);
    assert.equal(io.out(), 'says      Hello\ntool      Read a.ts [done]\n');
  });

  it('never mixes the lines of two agents: pieces wait for their line end', () => {
    const io = fakeIo({ stdoutIsTTY: true, env: { NO_COLOR: '1' } });
    const [a, b] = ['a', 'b'].map((name) => new ProgressPrinter(io, io.stdout, { name, times: false }));
    a?.piece(null, message('one '));
    b?.piece(null, message('two\n'));
    a?.piece(null, message('three\n'));
    assert.equal(io.out(), '[b] says      two\n[a] says      one three\n');
  });

  for (const tty of [true, false]) {
    it(`keeps the callback from people ${tty ? 'on a terminal' : 'in a pipe'}, however it is cut into pieces`, () => {
      const whole = 'Done.\n\n```callback-json\n{"status": "completed"}\n```\n';
      const cut = [...whole].map((character) => message(character));
      assert.equal(printed(cut, { tty }), 'says      Done.\n');
      assert.equal(printed([message(whole)], { tty }), 'says      Done.\n');
    });
  }

  it('keeps a callback back that stands right behind a sentence', () => {
    const whole = 'Done.```callback-json\n{}\n```\nand `code`, too';
    for (const tty of [true, false]) {
      const cut = [...whole].map((character) => message(character));
      assert.equal(printed(cut, { tty }), 'says      Done.\n          and `code`, too\n');
    }
  });

  it('shows other fenced blocks', () => {
    assert.equal(
      printed([message('```js\nlet a;\n```')], { tty: true }),
      'says      ```js\n          let a;\n          ```\n',
    );
  });

  it('shortens what the agent thinks to one line', () => {
    const text = printed([
      { type: 'thought', text: 'First\nI look ' },
      { type: 'thought', text: 'x'.repeat(500) },
      tool,
    ]);
    assert.match(text, /^thinks {4}First I look x+…\ntool {6}Read a\.ts \[done\]\n$/);
    assert.ok((text.split('\n')[0] ?? '').length <= 170);
  });

  it('can tell the time of day and whose line it is', () => {
    assert.equal(
      printed([tool], { times: true, name: 'issue-78' }),
      '10:20:30 [issue-78] tool      Read a.ts [done]\n',
    );
  });

  it('makes control characters of an agent visible', () => {
    assert.equal(printed([message('a\u001b[31mb\u0007\n')]), 'says      a\\u{1b}[31mb\\u{7}\n');
  });
});
