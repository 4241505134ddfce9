import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { permissionRequestOf } from '../../src/backend/acp/permission-request.ts';
import { judgeRequest } from '../../src/guard/request.ts';
import { decidePermission } from '../../src/permission/policy.ts';
import { kindOfTool } from '../../src/permission/tool-kind.ts';
import { answerPreToolUse, type HookFacts } from '../../src/permission/pre-tool-use.ts';

const recorded = readFileSync(path.resolve(import.meta.dirname, '../../fixtures/hooks/pre-tool-use.ndjson'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Record<string, unknown>);

const WORKTREE = '/home/lab/work';
const facts: HookFacts = {
  guard: { primaryBranch: 'main', taskBranch: 'fix/x', worktree: WORKTREE, session: 'x', home: '/home/lab' },
  rules: [],
  mode: null,
};
const bash = (command: unknown, over: Record<string, unknown> = {}): Record<string, unknown> => ({
  hook_event_name: 'PreToolUse',
  cwd: WORKTREE,
  tool_name: 'Bash',
  tool_input: { command, description: 'x' },
  ...over,
});
const said = (payload: unknown, over: Partial<HookFacts> = {}): string =>
  answerPreToolUse(payload, { ...facts, ...over }).hookSpecificOutput?.permissionDecision ?? 'nothing';

describe('the answer to a hook before a tool', () => {
  it('leaves to the agent what is neither refused nor ruled: recorded payloads of claude and codex', () => {
    assert.ok(recorded.length >= 3);
    for (const payload of recorded) assert.deepEqual(answerPreToolUse(payload, facts), {});
  });

  it('refuses with the reason, in the words the agent reads', () => {
    assert.deepEqual(answerPreToolUse(bash('cd src && git push -f origin main'), facts), {
      hookSpecificOutput: {
        hookEventName: 'PreToolUse',
        permissionDecision: 'deny',
        permissionDecisionReason:
          'The guard of conduxt refused this: a force push to the primary branch (main). Stay on your branch fix/x; conduxt pushes it and opens the pull request.',
      },
    });
    for (const payload of recorded.filter((one) => one['tool_name'] === 'Bash')) {
      assert.equal(said({ ...payload, tool_input: { command: 'gh pr merge 1' } }), 'deny');
    }
  });

  it('takes the directory the command runs in from the payload', () => {
    assert.equal(said(bash('rm -rf build')), 'nothing');
    assert.equal(said(bash('rm -rf build', { cwd: '/home/lab/other' })), 'deny');
  });

  it('follows the user’s rules, by the agent’s own names of tools, and then the mode when there is one', () => {
    const rules = [
      { tool: 'Write', path: '.env', action: 'deny' },
      { command: 'npm *', action: 'allow' },
      { command: 'git push*', action: 'ask' },
    ] as const;
    const write = { tool_name: 'Write', cwd: WORKTREE, tool_input: { file_path: `${WORKTREE}/.env`, content: '' } };
    assert.equal(said(write, { rules }), 'deny');
    assert.equal(said(bash('npm test'), { rules }), 'allow');
    assert.equal(said(bash('git push'), { rules }), 'ask');
    assert.equal(said(bash('ls'), { rules }), 'nothing');
    assert.equal(said(bash('ls'), { rules, mode: 'approve-all' }), 'allow');
    assert.equal(said(bash('ls'), { rules, mode: 'approve-reads' }), 'deny');
    assert.equal(said({ ...write, tool_name: 'Read' }, { mode: 'approve-reads' }), 'allow');
  });

  it('allows no read that leads out of the worktree, under whichever name', () => {
    const outside: [string, object][] = [
      ['Read', { file_path: '/home/lab/.ssh/id_rsa' }],
      ['Read', { file_path: 'a', target_file: '/home/lab/.ssh/id_rsa' }],
      ['Read', { file_path: 'a', paths: [...Array.from({ length: 500 }, () => 'b'), '/etc/passwd'] }],
      ['Glob', { pattern: '/home/lab/.ssh/*' }],
      ['Glob', { pattern: '../../../.ssh/*' }],
      ['Glob', { pattern: '{..,a}/{..,b}/.ssh/*' }],
      ['Glob', { pattern: '*', path: '/home/lab/.ssh' }],
      ['Grep', { pattern: 'PRIVATE', glob: '/home/lab/.ssh/*' }],
      ['Grep', { pattern: 'PRIVATE', path: '/home/lab/.ssh' }],
      ['LS', { path: WORKTREE, ignore: ['../../x'] }],
    ];
    for (const [tool, input] of outside) {
      const named = `${tool} ${JSON.stringify(input).slice(0, 100)}`;
      assert.equal(
        said({ tool_name: tool, cwd: WORKTREE, tool_input: input }, { mode: 'approve-reads' }),
        'deny',
        named,
      );
    }
    const inside: [string, object][] = [
      ['Read', { file_path: `${WORKTREE}/a`, offset: 1 }],
      ['Glob', { pattern: 'src/**/*.{ts,tsx}' }],
      ['Grep', { pattern: '/etc/passwd|https?://|\\.\\./', path: 'src', glob: '*.ts' }],
    ];
    for (const [tool, input] of inside)
      assert.equal(
        said({ tool_name: tool, cwd: WORKTREE, tool_input: input }, { mode: 'approve-reads' }),
        'allow',
        tool,
      );
  });

  it('says what a permission request over ACP is told, whatever the input', () => {
    const names = [
      'path',
      'file_path',
      'absolute_path',
      'target',
      'glob',
      'include',
      'paths',
      'changes',
      'command',
      'o',
    ];
    const places = [
      'a',
      'src/b',
      '../x',
      '/etc/passwd',
      `${WORKTREE}/c`,
      '~/.ssh',
      'a/../../..',
      '{/a,b}',
      'https://x/y',
    ];
    const value = fc.oneof(fc.constantFrom(...places), fc.array(fc.constantFrom(...places)), fc.constant(7));
    const nested = fc.oneof(value, fc.dictionary(fc.constantFrom(...names), value));
    fc.assert(
      fc.property(
        fc.constantFrom('Read', 'Glob', 'Grep', 'LS', 'Bash', 'Write', 'WebFetch'),
        fc.dictionary(fc.constantFrom(...names), nested),
        fc.constantFrom('approve-reads', 'approve-all', 'deny-all'),
        (tool, input, mode) => {
          const toolCall = { toolCallId: 't', title: tool, kind: kindOfTool(tool), rawInput: input };
          const overAcp = decidePermission({
            ...{ mode, worktree: WORKTREE, request: permissionRequestOf({ toolCall }) },
            guard: (asked) => judgeRequest(asked, facts.guard),
          }).type;
          const answer = said({ tool_name: tool, cwd: WORKTREE, tool_input: input }, { mode });
          // A shell command that is none is refused here: over ACP some agents give it in the title only.
          if (tool === 'Bash' && answer === 'deny') return;
          assert.equal(answer, overAcp === 'reject' ? 'deny' : overAcp);
        },
      ),
    );
  });

  it('is not misled by what a file is written with', () => {
    const rules = [{ tool: 'Write', path: 'src/**', action: 'allow' }] as const;
    const input = { file_path: `${WORKTREE}/src/a.ts`, content: "// see\nimport a from '../../a.ts';" };
    assert.equal(said({ tool_name: 'Write', cwd: WORKTREE, tool_input: input }, { rules }), 'allow');
    assert.equal(
      said({ tool_name: 'Write', cwd: WORKTREE, tool_input: { ...input, to: '/etc/x' } }, { rules }),
      'nothing',
    );
  });

  it('refuses a shell command it cannot read, and never throws', () => {
    assert.equal(said(bash(undefined)), 'deny');
    assert.equal(said(bash(7)), 'deny');
    assert.equal(said(bash(['git', 'push', '-f', 'origin', 'main'])), 'deny');
    assert.equal(said('nonsense'), 'nothing');
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (whole, input) => {
        answerPreToolUse(whole, facts);
        answerPreToolUse({ tool_name: 'Bash', tool_input: input }, facts);
      }),
    );
  });
});
