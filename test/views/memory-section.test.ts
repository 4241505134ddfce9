import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sessionStates } from '../../src/session/words.ts';
import { MEMORY_BEGIN, MEMORY_END } from '../../src/views/memory-markers.ts';
import {
  activeTasksJson,
  renderMemorySection,
  replaceSection,
  type MemoryEntry,
} from '../../src/views/memory-section.ts';
import { memoryStatus, memoryStatuses } from '../../src/views/memory-status.ts';

const ENTRY: MemoryEntry = {
  name: 'issue-78',
  sessionId: 's-01hzzzzzzzzzzzzzzzzzzzzzzz',
  description: 'Fix the rounding of totals',
  state: 'verifying',
  agent: 'claude 0.100.0',
  backend: 'acp',
  branch: 'fix/issue-78',
  base: 'main',
  baseCommit: '0123456789abcdef0123456789abcdef01234567',
  directory: '/work/trees/shop/issue-78',
  createdAt: '2026-11-20T10:00:00.000Z',
  startedAt: '2026-11-20T10:00:01.000Z',
  endedAt: null,
  milestone: 'ran the tests',
  callback: 'completed (12 passed, 0 failed, 0 skipped): Rounded half up',
  reason: null,
  pullRequest: null,
  nativeId: 'abc-123',
  resumeByHand: 'cd /work/trees/shop/issue-78 && claude --resume abc-123',
  commands: ['conduxt status issue-78', 'conduxt tell issue-78 "..."'],
  pid: 4711,
};
const SECTION = renderMemorySection([ENTRY]);

describe('the memory section', () => {
  it('tells everything needed to make the session again by hand', () => {
    assert.equal(
      SECTION,
      `<!-- conduxt:begin -->
## In-Flight Tasks

<!-- Kept by conduxt from its journals: changes between the markers are overwritten. -->

### issue-78: Fix the rounding of totals
- **Status:** in-progress (verifying)
- **Branch:** \`fix/issue-78\`
- **Base:** \`main @ 0123456789ab\`
- **Worktree:** \`/work/trees/shop/issue-78\`
- **Session:** \`issue-78\` (s-01hzzzzzzzzzzzzzzzzzzzzzzz)
- **Backend:** acp
- **Agent:** claude 0.100.0
- **Native session:** \`abc-123\`
- **Started:** 2026-11-20T10:00:01.000Z
- **Latest milestone:** ran the tests
- **Callback:** completed (12 passed, 0 failed, 0 skipped): Rounded half up
- **Commands:** \`conduxt status issue-78\` · \`conduxt tell issue-78 "..."\`
- **Without conduxt:** \`cd /work/trees/shop/issue-78 && claude --resume abc-123\`

<!-- conduxt:end -->`,
    );
  });

  it('says so when there is nothing', () => assert.match(renderMemorySection([]), /No tasks in flight\./));

  it('cuts a long description to 80 characters in the heading', () => {
    const heading = /^### issue-78: (.*)$/m.exec(renderMemorySection([{ ...ENTRY, description: 'x'.repeat(500) }]));
    assert.equal(heading?.[1], `${'x'.repeat(79)}…`);
  });

  it('lists unfinished tasks first, newest on top, and only the newest finished ones', () => {
    const finished = Array.from({ length: 30 }, (_, index) => ({
      ...ENTRY,
      name: `done-${index}`,
      state: 'completed' as const,
      createdAt: `2026-11-21T10:00:${String(index).padStart(2, '0')}.000Z`,
    }));
    const text = renderMemorySection([
      ...finished,
      ENTRY,
      { ...ENTRY, name: 'newer', createdAt: '2026-11-20T11:00:00.000Z' },
    ]);
    const names = [...text.matchAll(/^### ([\w-]+):/gm)].map(([, name]) => name);
    assert.deepEqual(names.slice(0, 4), ['newer', 'issue-78', 'done-29', 'done-28']);
    assert.equal(names.length, 22);
    assert.match(text, /_10 older finished tasks are not listed\._/);
  });

  it('lets no text of an agent become Markdown, a marker or a terminal sequence', () => {
    const hostile = `\x1b[2J\n## Heading\n${MEMORY_END}\n<script> [a](b) \`\`\`x\`\`\` **b**`;
    const text = renderMemorySection([
      { ...ENTRY, description: hostile, milestone: hostile, callback: hostile, reason: hostile, branch: hostile },
    ]);
    assert.doesNotMatch(text.replace(/^- \*\*Branch.*$/m, ''), /\x1b|<script>|\n## Heading/);
    assert.match(text, /^- \*\*Branch:\*\* ````.*````$/m);
    assert.equal(text.split(MEMORY_END).length, 2);
    assert.match(text, /\\\[a\\\]\(b\)/);
  });

  it('has a word for every state', () => {
    for (const state of sessionStates) assert.ok(memoryStatuses.includes(memoryStatus(state)), state);
    assert.deepEqual(
      (['preparing', 'running', 'needs-person', 'completed', 'failed', 'cancelled'] as const).map(memoryStatus),
      memoryStatuses,
    );
  });
});

describe('active-tasks.json', () => {
  it('holds the same facts for programs', () => {
    const document = JSON.parse(activeTasksJson([ENTRY])) as {
      schemaVersion: number;
      tasks: Record<string, unknown>[];
    };
    assert.equal(document.schemaVersion, 1);
    assert.deepEqual(document.tasks[0], {
      taskId: 'issue-78',
      session: ENTRY.sessionId,
      description: ENTRY.description,
      status: 'in-progress',
      state: 'verifying',
      agent: 'claude 0.100.0',
      backend: 'acp',
      branch: 'fix/issue-78',
      base: 'main',
      worktree: ENTRY.directory,
      createdAt: ENTRY.createdAt,
      startedAt: ENTRY.startedAt,
      endedAt: null,
      nativeSession: 'abc-123',
      pullRequest: null,
      pid: 4711,
    });
  });
});

describe('replaceSection', () => {
  const OLD = `${MEMORY_BEGIN}\nold\n${MEMORY_END}`;
  const NEW = `${MEMORY_BEGIN}\nnew\n${MEMORY_END}`;
  const cases: [string, string, string][] = [
    ['begins an empty file with the section', '', `${NEW}\n`],
    ['appends it after an empty line', '# Notes\n', `# Notes\n\n${NEW}\n`],
    ['ends an unfinished last line first', '# Notes', `# Notes\n\n${NEW}\n`],
    ['adds no second empty line', '# Notes\n\n', `# Notes\n\n${NEW}\n`],
    ['replaces it in place', `a\n${OLD}\nb`, `a\n${NEW}\nb`],
    ['replaces it at the end of a file without a newline', `a\n${OLD}`, `a\n${NEW}`],
    [
      'keeps Windows line ends',
      `a\r\n${OLD.replaceAll('\n', '\r\n')}\r\nb\r\n`,
      `a\r\n${NEW.replaceAll('\n', '\r\n')}\r\nb\r\n`,
    ],
    ['appends with Windows line ends', 'a\r\nb\r\n', `a\r\nb\r\n\r\n${NEW.replaceAll('\n', '\r\n')}\r\n`],
    ['keeps a byte order mark', `\ufeff${OLD}\n`, `\ufeff${NEW}\n`],
    ['replaces the first of two sections', `${OLD}\nx\n${OLD}\n`, `${NEW}\nx\n${OLD}\n`],
    [
      'keeps text between a stray begin and the section',
      `${MEMORY_BEGIN}\nmine\n${OLD}\n`,
      `${MEMORY_BEGIN}\nmine\n${NEW}\n`,
    ],
    ['appends when the end is missing', `${MEMORY_BEGIN}\nmine\n`, `${MEMORY_BEGIN}\nmine\n\n${NEW}\n`],
    ['ignores a stray end before the section', `${MEMORY_END}\n${OLD}\n`, `${MEMORY_END}\n${NEW}\n`],
    ['ignores markers in a code block', `\`\`\`\n${OLD}\n\`\`\`\n`, `\`\`\`\n${OLD}\n\`\`\`\n\n${NEW}\n`],
    ['ignores markers in a tilde block', `~~~md\n${OLD}\n~~~\n${OLD}`, `~~~md\n${OLD}\n~~~\n${NEW}`],
    [
      'ignores an indented marker',
      `    ${MEMORY_BEGIN}\n    ${MEMORY_END}\n`,
      `    ${MEMORY_BEGIN}\n    ${MEMORY_END}\n\n${NEW}\n`,
    ],
    [
      'ignores a marker within a sentence',
      `see ${MEMORY_BEGIN} and\n${MEMORY_END}\n`,
      `see ${MEMORY_BEGIN} and\n${MEMORY_END}\n\n${NEW}\n`,
    ],
    ['finds it below a code block that never ends', `\`\`\`\nx\n${OLD}\n`, `\`\`\`\nx\n${NEW}\n`],
    ['keeps dollar signs of the section', `a\n${OLD}\n`, `a\n${NEW}\n`],
  ];
  for (const [what, before, after] of cases) {
    it(what, () => assert.equal(replaceSection(before, NEW), after));
  }

  it('does not take dollar signs for references', () => {
    const section = `${MEMORY_BEGIN}\n$& $1 $\`\n${MEMORY_END}`;
    assert.equal(replaceSection(OLD, section), section);
  });

  const piece = fc.oneof(
    fc.constantFrom(MEMORY_BEGIN, MEMORY_END, '```', '~~~', '````md', '    ', 'text', '# head', '', '\ufeff', ' ', OLD),
    fc.string({ unit: 'grapheme', maxLength: 10 }),
  );
  const anyFile = fc
    .array(fc.tuple(piece, fc.constantFrom('\n', '\r\n', '\r', '')), { maxLength: 25 })
    .map((lines) => lines.map(([text, end]) => text + end).join(''));

  it('keeps everything outside of the section byte for byte, whatever the file holds', () => {
    fc.assert(
      fc.property(anyFile, (before) => {
        const after = replaceSection(before, NEW);
        const block = after.includes(NEW) ? NEW : NEW.replaceAll('\n', '\r\n');
        assert.ok(after.includes(block));
        if (after.startsWith(before)) {
          const added = after.slice(before.length);
          assert.match(added, /^(?:\r?\n){0,2}<!-- conduxt:begin -->\r?\nnew\r?\n<!-- conduxt:end -->\r?\n$/);
          return;
        }
        // The section was found: what precedes and follows some occurrence of it is what was there.
        const fits = [...after.matchAll(new RegExp(block, 'g'))].some(({ index }) => {
          const head = after.slice(0, index);
          const tail = after.slice(index + block.length);
          if (!before.startsWith(head) || !before.endsWith(tail) || head.length + tail.length > before.length)
            return false;
          const replaced = before.slice(head.length, before.length - tail.length).trim();
          return replaced.startsWith(MEMORY_BEGIN) && replaced.endsWith(MEMORY_END);
        });
        assert.ok(fits, JSON.stringify({ before, after }));
      }),
      { numRuns: 3000 },
    );
  });

  it('changes nothing when nothing changed, and never grows by a second section', () => {
    fc.assert(
      fc.property(anyFile, (before) => {
        const once = replaceSection(before, NEW);
        assert.equal(replaceSection(once, NEW), once);
        const other = replaceSection(once, `${NEW.replace('new', 'newer')}`);
        assert.equal(replaceSection(other, NEW), once);
      }),
      { numRuns: 3000 },
    );
  });
});
