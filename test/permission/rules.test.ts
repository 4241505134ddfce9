import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PermissionRequest } from '../../src/backend/backend.ts';
import { commandsIn } from '../../src/guard/request.ts';
import { fitsPath, fitsText } from '../../src/permission/pattern.ts';
import { decidePermission } from '../../src/permission/policy.ts';
import { decideByRules, type RuleDecision } from '../../src/permission/rules.ts';
import { kindOfTool } from '../../src/permission/tool-kind.ts';
import type { PermissionRule } from '../../src/session/permission-rule.ts';

const facts = { primaryBranch: 'main', taskBranch: 'fix/x', worktree: '/w', session: 'x' };

function decide(
  rules: readonly PermissionRule[],
  fields: Partial<PermissionRequest>,
  tool?: string,
): RuleDecision | null {
  const request = { toolCallId: null, title: 'x', kind: null, command: null, paths: [], ...fields };
  const commands = commandsIn(request, facts);
  const own = { worktree: '/w', home: '/home/me', commands };
  return decideByRules(rules, request, tool === undefined ? own : { ...own, tool });
}
const run = (command: string): Partial<PermissionRequest> => ({ kind: 'execute', command });

describe('the user’s rules', () => {
  const cases: [string, PermissionRule[], Partial<PermissionRequest>, 'allow' | 'deny' | 'ask' | null][] = [
    ['none fits', [{ tool: 'edit', action: 'deny' }], run('ls'), null],
    ['a kind of tool', [{ tool: 'edit', action: 'deny' }], { kind: 'edit', paths: ['a'] }, 'deny'],
    ['a kind with a star', [{ tool: 'e*', action: 'ask' }], run('ls'), 'ask'],
    ['a command without a kind', [{ tool: 'execute', action: 'ask' }], { command: 'ls' }, 'ask'],
    ['a command', [{ command: 'npm *', action: 'allow' }], run('npm test'), 'allow'],
    [
      'the same command alone, without the star',
      [{ command: 'npm test', action: 'allow' }],
      run('npm test -- x'),
      null,
    ],
    ['every command of a line is allowed', [{ command: 'npm *', action: 'allow' }], run('npm ci && npm test'), 'allow'],
    ['one of them is not', [{ command: 'npm *', action: 'allow' }], run('npm test; rm x'), null],
    ['one of them in a substitution', [{ command: 'npm *', action: 'allow' }], run('npm test $(rm x)'), null],
    ['the output goes to a file', [{ command: 'npm *', action: 'allow' }], run('npm test > /etc/x'), null],
    ['the output goes nowhere', [{ command: 'npm *', action: 'allow' }], run('npm test > /dev/null 2>&1'), 'allow'],
    ['it cannot be seen', [{ command: '*', action: 'allow' }], run('curl x | sh'), null],
    [
      'a script that is allowed by its name',
      [{ command: 'bash deploy.sh', action: 'allow' }],
      run('bash deploy.sh'),
      'allow',
    ],
    ['a refused one in the middle', [{ command: 'docker *', action: 'deny' }], run('a && docker ps | b'), 'deny'],
    [
      'a refused one that only the title names',
      [{ command: 'git push*', action: 'deny' }],
      { kind: 'execute', title: '`git push`' },
      'deny',
    ],
    [
      'an allowed one that only the title names',
      [{ command: 'git *', action: 'allow' }],
      { kind: 'execute', title: 'git log' },
      null,
    ],
    ['a refused one in a wrapper', [{ command: 'docker *', action: 'deny' }], run('sudo bash -c "docker ps"'), 'deny'],
    ['a refused one by variables', [{ command: 'docker *', action: 'deny' }], run('d=docker; $d ps'), 'deny'],
    [
      'a path in the worktree, and others that are not known',
      [{ path: 'src/**', action: 'allow' }],
      { kind: 'edit', paths: ['/w/src/a/b.ts'], isCut: true },
      null,
    ],
    [
      'a path that may be one of those that are not known',
      [{ tool: 'edit', path: '.env', action: 'deny' }],
      { kind: 'edit', paths: ['/w/src/a/b.ts'], isCut: true },
      'deny',
    ],
    [
      'a path in the worktree',
      [{ path: 'src/**', action: 'allow' }],
      { kind: 'edit', paths: ['/w/src/a/b.ts'] },
      'allow',
    ],
    ['a relative one', [{ path: './src/**', action: 'allow' }], { kind: 'edit', paths: ['src/a.ts'] }, 'allow'],
    ['a directory', [{ path: 'src/', action: 'allow' }], { kind: 'edit', paths: ['src/a/b'] }, 'allow'],
    ['a name at any depth', [{ path: '.env', action: 'deny' }], { kind: 'read', paths: ['/w/sub/.env'] }, 'deny'],
    ['a path that climbs out', [{ path: 'src/**', action: 'allow' }], { kind: 'edit', paths: ['src/../../x'] }, null],
    ['one of two paths', [{ path: 'src/**', action: 'allow' }], { kind: 'edit', paths: ['src/a', 'b'] }, null],
    ['one of two paths, refused', [{ path: 'b', action: 'deny' }], { kind: 'edit', paths: ['src/a', 'b'] }, 'deny'],
    ['the home directory', [{ path: '~/.ssh/**', action: 'deny' }], { kind: 'read', paths: ['~/.ssh/id'] }, 'deny'],
    [
      'an absolute path',
      [{ path: '/etc/**', action: 'deny' }],
      { kind: 'read', paths: ['file:///etc/passwd'] },
      'deny',
    ],
    ['tool and path', [{ tool: 'edit', path: '*.md', action: 'allow' }], { kind: 'read', paths: ['a.md'] }, null],
    ['a path rule for a command', [{ path: '*.md', action: 'allow' }], run('cat a.md'), null],
    ['a tool alone', [{ tool: 'think', action: 'allow' }], { kind: 'think' }, 'allow'],
    [
      'the strictest, whatever the order',
      [
        { command: 'git *', action: 'allow' },
        { command: 'git push*', action: 'deny' },
        { command: 'git *', action: 'ask' },
      ],
      run('git push'),
      'deny',
    ],
    [
      'asking before allowing',
      [
        { command: '*', action: 'allow' },
        { tool: 'execute', command: 'git push*', action: 'ask' },
      ],
      run('git push'),
      'ask',
    ],
  ];
  for (const [what, rules, fields, expected] of cases) {
    it(`${what}: ${expected ?? 'nothing'}`, () => assert.equal(decide(rules, fields)?.action ?? null, expected));
  }

  it('say which of them it was', () =>
    assert.equal(
      decide([{ tool: 'edit', path: '.env', action: 'deny' }], { kind: 'edit', paths: ['.env'] })?.reason,
      'by the rule "deny edit .env"',
    ));

  it('know a tool by its own name', () => {
    assert.equal(decide([{ tool: 'Bash', action: 'deny' }], run('ls'), 'Bash')?.action, 'deny');
    assert.deepEqual(['Bash', 'Write', 'Read', 'Grep', 'WebFetch', 'Task'].map(kindOfTool), [
      'execute',
      'edit',
      'read',
      'search',
      'fetch',
      null,
    ]);
  });

  it('come after the guard and before every mode', () => {
    const request = { toolCallId: null, title: 'x', kind: 'execute', command: 'x', paths: [] };
    const base = { request, worktree: '/w', mode: 'deny-all' } as const;
    const pass = { type: 'allow', unseen: [] } as const;
    const allows = { action: 'allow', reason: 'r' } as const;
    assert.deepEqual(decidePermission({ ...base, guard: () => pass, rules: () => allows }), {
      type: 'allow',
      reason: 'r',
      by: 'rule',
      unseen: [],
    });
    const guard = () => ({ type: 'deny', rule: 'force-push', reason: 'no' }) as const;
    assert.equal(decidePermission({ ...base, guard, rules: () => allows }).by, 'guard');
    assert.equal(decidePermission({ ...base, guard: () => pass, rules: () => null }).by, 'mode');
  });
});

describe('patterns', () => {
  it('take a star for any text, and nothing else for anything but itself', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), fc.string(), (pieces, between) => {
        const plain = pieces.map((piece) => piece.replaceAll('*', ''));
        assert.ok(fitsText(plain.join('*'), plain.join(between)));
        assert.equal(fitsText(plain.join(''), `${plain.join('')}x`), false);
      }),
    );
  });

  it('keep to names in paths', () => {
    const fits: [string, string, boolean][] = [
      ['/w/*.ts', '/w/a.ts', true],
      ['/w/*.ts', '/w/a/b.ts', false],
      ['/w/**/*.ts', '/w/b.ts', true],
      ['/w/**/*.ts', '/w/a/c/b.ts', true],
      ['/w/**/b', '/w/ab', false],
      ['/w/a?', '/w/ab', true],
      ['/w/a?', '/w/a/', false],
      ['/w/src/', '/w/src/a/b', true],
      ['/w/src/', '/w/srcs/a', false],
      ['/w/**', '/w/a/b', true],
    ];
    for (const [pattern, path, expected] of fits) assert.equal(fitsPath(pattern, path), expected, `${pattern} ${path}`);
  });

  it('cost no more than their length times the text’s', () => {
    const started = performance.now();
    fitsText(`${'*a'.repeat(200)}b`, 'a'.repeat(5000));
    fitsPath(`/${'**/*a'.repeat(100)}b`, `/${'a/'.repeat(2000)}`);
    assert.ok(performance.now() - started < 3000);
  });
});
